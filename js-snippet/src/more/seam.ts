import type { Kind, Page, Properties } from "../envelope";
import type { Call } from "../surface";

/** Makes an address one that Trusted Types let through; or just looks like it. */
export interface Policy {
  createScriptURL: (url: string) => string;
}

export type Actions = Record<string, (...args: any[]) => unknown>;

/** What the core hands to leadlight-more.js. The two are of one version, so places do for names. */
export type Core = [
  policy: Policy,
  tag: HTMLScriptElement,
  /** What somebody did so far; whoever replaces its `push` hears of what they do from now on. Until `until` a page of this site is about to come. */
  early: Early,
  /** Calls that wait. */
  api: Call[] & { push: (call: Call) => void },
  /** What pages may call so far. `page` and `track` are there once `go` was called. */
  actions: Actions,
  tell: (type: Kind, body: Properties) => void,
  /** Counts from now on, each call's context saying this, too; undefined: counts no more. */
  go: (context: Properties | undefined) => void,
  flush: (leaving?: unknown) => void,
  put: (name: string, value: string) => unknown,
  drop: (name: string) => unknown,
  /** Counts a page view if the address is another than the one that was counted. */
  countIfMoved: () => void,
  /** Puts right what is known of the address, before it is compared or told again. Nothing is known before the first page view. */
  amend: (right: (seen?: string, page?: Page) => [string | undefined, Page | undefined]) => unknown,
];

export type Early = Event[] & { until?: number };

export interface PartElement extends HTMLScriptElement {
  leadlight: unknown;
}

export const [policy, tag, early, api, actions, tell, go, flush, put, drop, countIfMoved, amend] = (document.currentScript as PartElement).leadlight as Core;
