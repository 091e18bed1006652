import { envelope, type Envelope, type Page, type Properties } from "./envelope";
import { watchForForms } from "./parts";
import { createQueue } from "./queue";
import { attempt, listen } from "./safely";
import { watchViews } from "./views";
import { forget, setUserId, uuid, vanish } from "./visitor";

const CALLS = ["track", "identify", "page", "reset"] as const;
type Call = [name: (typeof CALLS)[number], ...args: unknown[]];

/** What the page itself may tell. */
interface Actions {
  track: (event: string, properties?: Properties) => void;
  identify: (user: string | Properties, traits?: Properties) => void;
  page: (properties?: Properties) => void;
  reset: () => void;
}

/** The one global. A page that calls before this script is here puts a list of calls in its place. */
export interface Leadlight extends Actions {
  version: string;
  push: (call: Call) => void;
}

declare global {
  interface Window {
    leadlight?: Leadlight | Call[];
  }
  interface Navigator {
    globalPrivacyControl?: boolean;
  }
  interface Document {
    prerendering?: boolean;
  }
  const VERSION: string;
}

/** Begins to watch this page. */
function observe(address: string, writeKey: string): Actions {
  const tab = attempt(() => (sessionStorage.leadlight = sessionStorage.leadlight || uuid())) || uuid();
  const { add, flush } = createQueue(address, writeKey, tab);

  const emit = (type: Envelope["type"], page: Page, body: Properties, hold?: boolean): string => {
    const event = envelope(type, page, body);
    add(event, hold);
    return event.messageId;
  };
  const views = watchViews(emit, flush);

  watchForForms((traits, properties) => {
    if (traits) emit("identify", views.current(), { traits });
    if (properties) emit("track", views.current(), { event: "Form Submitted", properties });
    flush(true);
  }, tag);

  return {
    track: (event, properties) => emit("track", views.current(), { event, properties }),
    identify(user, traits) {
      if (typeof user === "object") traits = user;
      else if (user) setUserId(user);
      emit("identify", views.current(), { traits });
    },
    page: views.count,
    reset: forget,
  };
}

function start(): void {
  const early = window.leadlight;
  if (document.prerendering || (early && "version" in early)) return;
  const { writeKey, key, endpoint } = tag.dataset;
  const optedOut = navigator.globalPrivacyControl || navigator.doNotTrack === "1";
  if (optedOut) vanish();
  const actions = !optedOut && observe((endpoint || new URL(tag.src).origin) + "/v1/batch", (writeKey || key)!);

  const push = (call: Call): unknown =>
    attempt(() => {
      const [name, ...args] = call;
      if (actions) (actions[name] as (...args: unknown[]) => void)(...args);
    });
  const api = { push, version: VERSION } as Leadlight;
  for (const name of CALLS) api[name] = (...args: unknown[]) => push([name, ...args]);
  window.leadlight = api;
  if (Array.isArray(early)) early.forEach(push);
}

const tag = document.currentScript as HTMLScriptElement;
attempt(() => (document.title || document.body) && start());
listen(document, "prerenderingchange DOMContentLoaded", start); // when the title was not there yet, or nobody saw the page
