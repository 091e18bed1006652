import { drop, put } from "./box";
import type { Core, PartElement, Policy } from "./more/seam";
import type { Call } from "./surface";
import { flush, warn } from "./queue";
import { tag } from "./tag";
import { actions, amend, countIfMoved, early, go, tell } from "./views";

declare global {
  interface Window {
    trustedTypes?: { createPolicy: (name: string, rules: Policy) => Policy };
  }
}

export const MOST_WAITING = 99;

/** The one global, and at the same time the list of calls that wait for consent, or for the part that knows them. */
export const api = (window.leadlight || []) as unknown as Call[] & { push: (call: Call) => void; version?: string } & Record<string, unknown>;

let part: HTMLScriptElement | undefined;

/**
 * Loads leadlight-more.js, of this very version and allowed by what allowed the tag. It finds what it works with on its own
 * script element, so that the page sees no second global.
 */
export const more = (): void => {
  if (part) return;
  try {
    part = document.createElement("script");
    let policy: Policy = { createScriptURL: (url) => url };
    if (window.trustedTypes) policy = window.trustedTypes.createPolicy("leadlight", policy);
    (part as PartElement).leadlight = [policy, tag, early, api, actions, tell, go, flush, put, drop, countIfMoved, amend] as Core;
    part.nonce = tag.nonce;
    if (MORE_INTEGRITY) {
      part.crossOrigin = "";
      part.integrity = MORE_INTEGRITY;
    }
    part.src = policy.createScriptURL(new URL(`leadlight-more-${VERSION}.js`, tag.src) as unknown as string);
    document.head.append(part);
  } catch (why) {
    warn(why);
  }
};
