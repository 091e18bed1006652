import { envelope, type Envelope, type Page, type Properties } from "./envelope";
import { watchForms } from "./forms";
import { createQueue } from "./queue";
import { attempt, keys, remove } from "./safely";
import { watchViews } from "./views";
import { forget, setUserId, uuid } from "./visitor";

type Name = "track" | "identify" | "page" | "reset";
type Call = [name: Name, ...args: unknown[]];

/** The one global. A page that calls before this script is here puts a list of calls in its place. */
export type Leadlight = Record<Name, (...args: never[]) => void> & {
  track: (event: string, properties?: Properties) => void;
  identify: (user: string | Properties, traits?: Properties) => void;
  page: (properties?: Properties) => void;
  reset: () => void;
  push: (call: Call) => void;
};

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

const TAB = "leadlight.tab";

function start(tag: HTMLScriptElement): void {
  const { writeKey, key, endpoint } = tag.dataset;
  const early = window.leadlight || [];
  if (early.push && !Array.isArray(early)) return; // the tag is there twice

  const optedOut = navigator.globalPrivacyControl || navigator.doNotTrack === "1";
  if (optedOut) keys("leadlight.").forEach(remove);
  const actions = optedOut ? undefined : observe((endpoint || new URL(tag.src).origin) + "/v1/batch", (writeKey || key)!);

  const push = (call: Call): void => {
    attempt(() => actions && actions[call[0]](...(call.slice(1) as never[])));
  };
  const api = { push } as Leadlight;
  for (const name of ["track", "identify", "page", "reset"] as const) {
    api[name] = (...args: unknown[]) => push([name, ...args]);
  }
  window.leadlight = api;
  if (Array.isArray(early)) early.forEach(push);
}

/** Begins to watch this page, and answers with what the page itself may tell. */
function observe(address: string, writeKey: string): Omit<Leadlight, "push"> {
  const tab = attempt(() => (sessionStorage[TAB] = sessionStorage[TAB] || uuid().slice(0, 8))) || uuid().slice(0, 8);
  const queue = createQueue(address, writeKey, tab);

  const emit = (type: Envelope["type"], page: Page, body: Properties, hold?: boolean): string => {
    const event = envelope(type, page, body);
    queue.add(event, hold);
    return event.messageId;
  };
  const views = watchViews({ emit, flush: queue.flush });

  watchForms(({ introduction: { traits }, properties }) => {
    if (traits) emit("identify", views.page(), { traits });
    emit("track", views.page(), { event: "Form Submitted", properties });
    void queue.flush(true);
  });

  return {
    track: (event, properties = {}) => emit("track", views.page(), { event, properties }),
    identify(user, traits = {}) {
      if (typeof user === "object") traits = user;
      else setUserId(user);
      emit("identify", views.page(), { traits });
    },
    page: (properties) => views.count(properties),
    reset: forget,
  };
}

const tag = (document.currentScript || document.querySelector("script[data-write-key]")) as HTMLScriptElement | null;

function startWhenReady(): void {
  if (!tag) return;
  const run = (): unknown => attempt(() => start(tag));
  if (document.prerendering) document.addEventListener("prerenderingchange", run, { once: true });
  else if (document.title || document.readyState !== "loading") run();
  else document.addEventListener("DOMContentLoaded", run); // the title is not there yet
}

startWhenReady();
