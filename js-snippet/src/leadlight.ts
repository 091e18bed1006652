import { storage } from "./box";
import type { Call } from "./surface";
import { api, MOST_WAITING, more } from "./parts";
import { watchNetwork } from "./queue";
import { guard, on } from "./safely";
import { consent, doNotTrack, globalPrivacyControl, mode } from "./tag";
import { actions, countIfMoved, early, go, reportWhenDue, watchViews } from "./views";

const LOOK_MS = 1000;

const push = guard(([name, ...args]: Call) => {
  if (actions[name]) actions[name]!(...args);
  else {
    more();
    if (!api[MOST_WAITING]) api[api.length] = [name, ...args];
  }
});

const start = (): void => {
  if (document.prerendering || api.version) return;
  (window as any).leadlight = api;
  api.version = VERSION;
  (api as any).push = push;
  "page track identify group reset consent optOut optIn".split(" ").map((name) => (api[name as any] = ((...args: unknown[]) => push([name, ...args])) as any));
  watchNetwork();
  watchViews();
  on("pointerdown focusin click submit", (event) => {
    more();
    if (!early[MOST_WAITING]) early.push(event);
  });
  if (/ll=/.test(location as never)) more(); // takes the token of a link off the address bar
  // A task of its own: each is short.
  setTimeout(
    guard(() => {
      if (consent || mode || globalPrivacyControl || doNotTrack! == (1 as any) || storage["leadlight.out"] || storage["leadlight.consent"]) more();
      else go({});
      api.splice(0).map(push);
    }),
  );
  setInterval(
    guard(() => {
      countIfMoved();
      reportWhenDue();
      if (document.forms[0] || window[0]) more();
    }),
    LOOK_MS,
  );
};

if (document.body) start();
on("prerenderingchange DOMContentLoaded", start); // when the title was not there yet, or nobody saw the page
