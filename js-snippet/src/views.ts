import * as engagement from "./engagement";
import { address, describePage, type Envelope, type Page, type Properties } from "./envelope";
import { listen } from "./safely";

const SETTLE_MS = 50; // a single-page site sets its title, and redirects, just after the address changes
const LEAVING_MS = 10000; // a navigation that takes longer has failed
const LEAST_REPORT_MS = 100;

export interface Outlet {
  /** Sends a call on its way; `hold`: with this site's next page, which is about to come. Answers with its id. */
  emit: (type: Envelope["type"], page: Page, body: Properties, hold?: boolean) => string;
  flush: (leaving: boolean) => unknown;
}

export interface Views {
  /** Counts a page view now, whatever the address. */
  count: (properties?: Properties) => void;
  /** The page being viewed. */
  page: () => Page;
}

interface View {
  id: string;
  page: Page;
  engagement: engagement.Engagement;
  deepest: number;
  reportedMs: number;
}

/** Counts page views, and the time somebody is engaged in each. */
export function watchViews({ emit, flush }: Outlet): Views {
  let view: View | undefined;
  let reportTimer: number | undefined;
  let settleTimer: number | undefined;
  let stayingSince = -LEAVING_MS;

  const now = (): number => performance.now();

  function count(properties?: Properties): void {
    report();
    const page = describePage(view ? view.page.url : document.referrer);
    const id = emit("page", page, { properties: { ...page, ...properties } });
    view = { id, page, engagement: engagement.begin(now()), deepest: 0, reportedMs: 0 };
    if (document.hidden) engagement.hide(view.engagement, now());
    plan(view);
  }

  function countIfMoved(): void {
    settleTimer = undefined;
    if (!view || view.page.url !== address()) count();
  }

  function settle(): void {
    stayingSince = -LEAVING_MS;
    clearTimeout(settleTimer);
    settleTimer = window.setTimeout(countIfMoved, SETTLE_MS);
  }

  /** Tells how long the view has been engaged with. Cumulative, so that a loss or a repeat does no harm. */
  function report(hold?: boolean): void {
    if (!view) return;
    const { id, page, deepest, engagement: time } = view;
    engagement.credit(time, now());
    if (time.engagedMs < view.reportedMs + LEAST_REPORT_MS) return;
    view.reportedMs = time.engagedMs;
    const height = document.documentElement.scrollHeight;
    const properties = {
      page_view_id: id,
      engaged_ms: Math.round(time.engagedMs),
      active_until: new Date(Date.now() - now() + time.activeUntil).toISOString(),
      scroll_percent: Math.min(100, Math.round(((deepest + innerHeight) / height) * 100)),
    };
    emit("track", page, { event: "Page Engaged", properties }, hold);
  }

  function plan(current: View): void {
    clearTimeout(reportTimer);
    const delay = engagement.untilReport(current.engagement, now());
    reportTimer = delay === undefined ? delay : window.setTimeout(tick, delay, current);
  }

  function tick(current: View): void {
    engagement.credit(current.engagement, now());
    if (engagement.reportDue(current.engagement)) report();
    plan(current);
  }

  function act(): void {
    if (!view || document.hidden) return;
    const idle = engagement.untilReport(view.engagement, now()) === undefined;
    engagement.active(view.engagement, now());
    view.deepest = Math.max(view.deepest, scrollY);
    if (idle) plan(view);
  }

  function leave(): void {
    if (settleTimer) countIfMoved();
    const staying = now() < stayingSince + LEAVING_MS;
    if (!staying) report();
    flush(true);
    report(true);
    if (view) engagement.hide(view.engagement, now());
  }

  listen(window, "pointerdown pointermove keydown scroll", act);
  listen(document, "visibilitychange", () => (document.hidden ? leave() : act()));
  listen(window, "pagehide", leave);
  listen(window, "pageshow", (event) => (event as PageTransitionEvent).persisted && count());

  const { navigation } = window;
  if (navigation) {
    listen(navigation, "currententrychange", settle);
    listen(navigation, "navigate", (event) => {
      const { destination, downloadRequest } = event as NavigateEvent;
      const stays = !destination.sameDocument && !downloadRequest && destination.url.startsWith(location.origin + "/");
      stayingSince = stays ? now() : -LEAVING_MS;
    });
  } else {
    for (const name of ["pushState", "replaceState"] as const) {
      const original = history[name];
      history[name] = function (...change) {
        original.apply(this, change);
        settle();
      };
    }
    listen(window, "popstate", settle);
  }

  count();
  return {
    count,
    page: () => {
      countIfMoved();
      return view!.page;
    },
  };
}
