import { drop, get, names, put } from "./box";
import { guard, on } from "./safely";
import { endpoint, key } from "./tag";

// What waits to be sent. Every event has a place of its own in the box, so that tabs never overwrite one another, and stays
// there until a 2xx has come back. What earlier pages and other tabs left behind goes along: an event that two tabs send
// keeps its id, and counts once.

const BATCH_DELAY_MS = 60;
const BATCH_BYTES = 6e4; // browsers let a closing page finish sending 64 KB
const EVENT_BYTES = 32e3;
const MOST_EVENTS = 500;
const OLDEST_MS = 5184e5; // six days
const LONGEST_PAUSE_MS = 3e5;

const prefix = "leadlight.q." + key;
let number = 0;
let pauseMs = 0;
let timer: unknown;
let sending: unknown;
let warned: unknown;

const bytes = (text: string): number => new Blob([text]).size;

/** Takes an event in, to be sent in a moment. Its name says when it was made; what was made together stays in order. */
export const add = (json: string, id: string): void => {
  if (bytes(json) > EVENT_BYTES) warn(json);
  else put(prefix + (Date.now() + ++number / 1e3) + "-" + id, json);
  plan(BATCH_DELAY_MS);
};

const plan = (delayMs: number): unknown => (timer = timer || setTimeout(guard(flush), delayMs));

/** Sends what waits. `leaving`: at once, whatever else is under way. */
export const flush = (leaving?: unknown, room = BATCH_BYTES): void => {
  if (sending && !leaving) return;
  timer = clearTimeout(timer as number);
  const batch = names()
    .filter((name) => name.startsWith(prefix))
    .sort()
    .filter((name, index, all) =>
      all[index + MOST_EVENTS] || name < prefix + (Date.now() - OLDEST_MS) ? !drop(name) : (room -= bytes(get(name)!)) > 0,
    );
  const answered = guard(({ status }: { status?: any }) => {
    sending = 0;
    if (/^[u5]|408|429/.test(status)) pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2 || 1000);
    else {
      pauseMs = 0;
      batch.map(drop);
      if (status > 299) warn(status);
    }
    plan(pauseMs * Math.random());
  });
  if (batch[0]) {
    sending = fetch(endpoint + "/v1/batch", {
      method: "POST",
      body: `{"writeKey":"${key}","sentAt":${JSON.stringify(new Date())},"batch":[${batch.map(get)}]}`,
      keepalive: true,
      // Cookies go along only where the collector is on the site's own domain: their last two labels agree.
      credentials: endpoint.includes(/[^.]*.[^.]*$/.exec(location.hostname) as unknown as string) ? "include" : "omit",
    }).then(answered, answered);
  }
};

/** Says once what the site's owner should know: the status of a refused post, an event over 32 KB, why a part cannot be loaded. */
export const warn = (why: unknown): unknown => (warned = warned || console.warn("leadlight:", why) || 1);

export const watchNetwork = (): unknown => on("online", flush);
