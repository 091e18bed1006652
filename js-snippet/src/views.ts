import { ACTIVE_MS, engagedSince, reportStep } from "./engagement";
import { address, describePage, type Envelope, type Page, type Properties } from "./envelope";
import { later, listen } from "./safely";

const SETTLE_MS = 50; // a single-page site sets its title, and redirects, just after the address changes
const LEAVING_MS = 10000; // a navigation that takes longer has failed
const LEAST_REPORT_MS = 100;

/** Sends a call on its way; `hold`: with this site's next page, which is about to come. Answers with its id. */
type Emit = (type: Envelope["type"], page: Page, body: Properties, hold?: boolean) => string;

export interface Views {
  /** Counts a page view now, whatever the address. */
  count: (properties?: Properties) => void;
  /** The page being viewed. */
  current: () => Page;
}

const now = (): number => performance.now();

/** Counts page views, and the time somebody is engaged in each. */
export function watchViews(emit: Emit, flush: (leaving: true) => void): Views {
  let page: Page | undefined;
  let id: string;
  let engagedMs: number;
  let reportedMs: number;
  let creditedUntil: number;
  let lastActive: number;
  let deepest: number;
  let reportTimer: number;
  let settleTimer: number;
  let stayingSince = -LEAVING_MS;

  function count(properties?: Properties): void {
    report();
    page = describePage(page ? page.url : document.referrer);
    id = emit("page", page, { properties: { ...page, ...properties } });
    engagedMs = reportedMs = deepest = 0;
    lastActive = creditedUntil = now();
    if (document.hidden) lastActive = -ACTIVE_MS;
    plan();
  }

  function countIfMoved(): void {
    if (!page || page.url !== address()) count();
  }

  function settle(): void {
    stayingSince = -LEAVING_MS;
    clearTimeout(settleTimer);
    settleTimer = later(countIfMoved, SETTLE_MS);
  }

  function credit(): void {
    const more = engagedSince(creditedUntil, lastActive, now());
    engagedMs += more;
    creditedUntil += more;
  }

  /** Tells how long the view has been engaged with: cumulative, so that a loss or a repeat does no harm. */
  function report(leastMs = LEAST_REPORT_MS, hold?: boolean): void {
    if (!page) return;
    credit();
    if (engagedMs - reportedMs < leastMs) return;
    reportedMs = engagedMs;
    const properties = {
      page_view_id: id,
      engaged_ms: Math.round(engagedMs),
      active_until: new Date(Date.now() - now() + creditedUntil).toISOString(),
      scroll_percent: Math.min(100, Math.round(((deepest + innerHeight) / document.documentElement.scrollHeight) * 100)),
    };
    emit("track", page, { event: "Page Engaged", properties }, hold);
  }

  function plan(): void {
    clearTimeout(reportTimer);
    if (now() < lastActive + ACTIVE_MS) reportTimer = later(reportWhenDue, reportedMs + reportStep(reportedMs) - engagedMs);
  }

  function reportWhenDue(): void {
    report(reportStep(reportedMs));
    plan();
  }

  function act(): void {
    if (document.hidden) return;
    credit();
    const idle = now() >= lastActive + ACTIVE_MS;
    lastActive = creditedUntil = now();
    deepest = Math.max(deepest, scrollY);
    if (idle) plan();
  }

  function leave(): void {
    countIfMoved();
    if (now() > stayingSince + LEAVING_MS) report();
    flush(true);
    report(LEAST_REPORT_MS, true);
    lastActive = -ACTIVE_MS;
  }

  countIfMoved();

  listen(window, "pointerdown pointermove keydown scroll", act);
  listen(document, "visibilitychange", () => (document.hidden ? leave() : act()));
  listen(window, "pagehide", leave);
  listen(window, "pageshow", (event) => (event as PageTransitionEvent).persisted && count());

  const { navigation } = window;
  if (navigation) {
    listen(navigation, "currententrychange", settle);
    listen(navigation, "navigate", (event) => {
      const { sameDocument, url } = (event as NavigateEvent).destination;
      stayingSince = !sameDocument && url.startsWith(location.origin + "/") ? now() : -LEAVING_MS;
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

  return { count, current: () => (countIfMoved(), page!) };
}
