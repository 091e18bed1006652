import { get, storage } from "./box";
import type { Kind, Page, Properties } from "./envelope";
import type { Early } from "./more/seam";
import { add, flush } from "./queue";
import { randomId } from "./random";
import { attempt, on } from "./safely";
import { hash, locale, userAgent } from "./tag";
import { USER, visitorId } from "./visitor";

/** How long one sign of activity counts. */
const ACTIVE_MS = 15000;

const FIRST_REPORT_MS = 5000; // then at 10, 20, 40 ... s
const LEAST_REPORT_MS = 100;

/** What each call's context says beside the usual; undefined: nothing is counted. */
let context: Properties | undefined;
/** What somebody did before leadlight-more.js was there to see it. Until `until` a page of this site is about to come, which can send what there is to tell. */
export const early: Early = [];
/** What pages may call so far. */
export const actions: Record<string, (...args: any[]) => unknown> = {};

let page: Page | undefined;
let seen: string | undefined;
let id: string;
let viewer: string | undefined; // whose time it is, also once a reset has made somebody new
let engagedMs: number;
let reportedMs: number;
let creditedUntil: number;
let lastActive: number;
let deepest: number;
let touched: unknown;

/** Counts from now on, if it did not already, until there is no `next` context. */
export const go = (next: Properties | undefined, before = context): void => {
  context = next;
  actions.page = count;
  actions.track = (event, properties) => tell("track", { event, properties });
  if (next && !before) {
    engagedMs = NaN; // what was before is not to be told
    count();
  }
};

/** Tells something about the page being viewed. */
export const tell = (type: Kind, body: Properties): void => {
  countIfMoved();
  emit(type, body);
};

const emit = (type: Kind, body: Properties, who?: string, id = randomId()): string => {
  if (context && !storage["leadlight.out"]) {
    add(
      JSON.stringify({
        type,
        messageId: id,
        timestamp: new Date(),
        anonymousId: (viewer = who || visitorId()),
        userId: get(USER),
        context: { page, userAgent, locale, library: { name: "leadlight.js", version: VERSION }, ...context },
        ...body,
      }),
      id,
    );
  }
  return id;
};

// What follows "#" is the page's own business and may hold secrets, unless the site's router goes by it: `data-hash`.
const fragment = (): string => (hash == null ? "" : location.hash);
const address = (search = location.search): string => location.origin + location.pathname + search + fragment();

/** Counts a page view now, whatever the address. */
export const count = (properties?: Properties): void => {
  report();
  // The site's script may have taken the campaign off the address before this one was there.
  const search = (!page && attempt(() => new URL(performance.getEntriesByType("navigation")[0]!.name).search)) || location.search;
  seen = address();
  page = {
    url: address(search),
    path: location.pathname + fragment(),
    referrer: page ? page.url : document.referrer,
    title: document.title,
    search,
  };
  id = emit("page", { properties: { ...page, ...properties } });
  touched = engagedMs = reportedMs = deepest = 0;
  creditedUntil = Date.now();
  lastActive = document.hidden ? 0 : creditedUntil;
};

/** What is known of the address is put right: nobody has moved. */
export const amend = (right: (seen?: string, page?: Page) => [string | undefined, Page | undefined]): unknown => ([seen, page] = right(seen, page));

export const countIfMoved = (): void => {
  if (context && seen != address()) count();
};

/** Tells how long the view has been engaged with, as far as activity reaches: cumulative, so that a loss or a repeat does no harm. */
const report = (leastMs = LEAST_REPORT_MS, until = Math.min(Date.now(), lastActive + ACTIVE_MS)): void => {
  if (until > creditedUntil) {
    engagedMs += until - creditedUntil;
    creditedUntil = until;
  }
  if (engagedMs - reportedMs >= leastMs) {
    reportedMs = engagedMs;
    emit(
      "track",
      {
        event: "Page Engaged",
        properties: {
          page_view_id: id,
          engaged_ms: engagedMs,
          active_until: new Date(creditedUntil),
          scroll_percent: (((deepest + innerHeight) / document.documentElement.scrollHeight) * 100 + 0.5) | 0,
          touched,
        },
      },
      viewer,
    );
  }
};

export const reportWhenDue = (): void => report(Math.max(reportedMs, FIRST_REPORT_MS));

export function watchViews(): void {
  on("pointerdown pointermove keydown wheel scroll visibilitychange pageshow", (event) => {
    if (document.hidden) {
      countIfMoved();
      report();
      if (!(early.until! > Date.now())) flush(1);
      lastActive = 0;
    } else {
      report(9e9);
      lastActive = creditedUntil = Date.now();
      deepest = Math.max(deepest, scrollY);
      touched = touched || (event.view && event.isTrusted);
      if (event.persisted) count();
    }
  });
}
