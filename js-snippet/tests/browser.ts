import { vi } from "vitest";

// A page with the tag on it, and a collector that answers what the test says. The world ends at `fetch`.

export interface Sent {
  url: string;
  init: RequestInit;
  writeKey: string;
  sentAt: string;
  batch: Message[];
}

export interface Message {
  type: string;
  event?: string;
  messageId: string;
  timestamp: string;
  anonymousId: string;
  userId?: string;
  context: { page: Record<string, string>; library: Record<string, string>; consent?: unknown; cookieless?: boolean };
  properties: Record<string, unknown>;
  traits?: Record<string, string>;
}

export const posts: Sent[] = [];
export const answers: (number | "no answer")[] = [];

const listening: [EventTarget, string, EventListenerOrEventListenerObject, unknown][] = [];

/** Messages that reached the collector, each id once, in the order of their first arrival. */
export const arrived = (): Message[] => [
  ...new Map(posts.flatMap((post) => post.batch).map((message) => [message.messageId, message])).values(),
];

export const arrivedPages = (): string[] => arrived().filter((message) => message.type === "page").map((message) => message.context.page.path!);

export const engaged = (): number[] =>
  arrived().filter((message) => message.event === "Page Engaged").map((message) => message.properties.engaged_ms as number);

/** Opens a page of the site in this browser, with the tag on it; what an earlier page listened to falls silent. */
export async function open(path = "/", attributes: Record<string, string> = {}, early?: Window["leadlight"]): Promise<void> {
  close();
  vi.resetModules();
  history.replaceState(null, "", path);
  document.title = "A page";
  document.body.innerHTML = "";
  delete window.leadlight;
  if (early) window.leadlight = early;
  const tag = document.createElement("script");
  tag.setAttribute("data-write-key", "wk_test");
  for (const [name, value] of Object.entries(attributes)) tag.setAttribute(name, value);
  Object.defineProperty(tag, "src", { value: "https://collect.example/leadlight.js" });
  Object.defineProperty(document, "currentScript", { configurable: true, get: () => tag });
  await import("../src/leadlight");
  await wait(0);
  await settled();
}

/** Puts a form on the page; somebody comes to its first field, which brings the part that reads forms. */
export async function fillIn(html: string): Promise<HTMLFormElement> {
  document.body.innerHTML = html;
  document.querySelector<HTMLElement>("input,textarea")!.dispatchEvent(new Event("focusin", { bubbles: true, composed: true }));
  await settled();
  return document.querySelector("form")!;
}

export function submit(form: HTMLFormElement): void {
  form.action = "/sent";
  const event = new Event("submit", { bubbles: true, cancelable: true });
  Object.defineProperty(event, "isTrusted", { value: true }); // by a person's hand
  form.dispatchEvent(event);
}

/** Parts of the script that the page asked for, by their address. */
export const asked: HTMLScriptElement[] = [];

/** Set to true, and the network brings no parts of the script. */
export const network = { slow: false };

let arriving: Promise<unknown> = Promise.resolve();

document.head.append = (...nodes) => {
  const part = nodes[0] as HTMLScriptElement;
  asked.push(part);
  if (!network.slow) arrive(part);
};

/** A part of the script that was asked for is here, and so are those that it asks for in turn. */
export function arrive(part: HTMLScriptElement): Promise<unknown> {
  const load = /-more-/.test(part.src) ? () => import("../src/leadlight-more") : () => import("../src/leadlight-forms");
  const before = arriving;
  return (arriving = (async () => {
    await before;
    Object.defineProperty(document, "currentScript", { configurable: true, get: () => part });
    await load();
  })());
}

/** Everything that was asked for is here. */
export async function settled(): Promise<void> {
  for (let last; last !== arriving; ) await (last = arriving);
}

const { pushState, replaceState } = history;

/** The page is gone, with its timers and listeners. */
export function close(): void {
  Object.assign(history, { pushState, replaceState });
  const now = Date.now();
  vi.clearAllTimers(); // sets the clock back, too
  vi.setSystemTime(now);
  for (const [target, name, listener, options] of listening.splice(0)) target.removeEventListener(name, listener, options as boolean);
}

export function newBrowser(): void {
  posts.length = answers.length = asked.length = 0;
  network.slow = false;
  localStorage.clear();
  sessionStorage.clear();
  document.cookie = "leadlight.id=;path=/;max-age=0";
  show();
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const answer = answers.shift() ?? 200;
    if (answer === "no answer") throw new TypeError("Failed to fetch");
    const body = JSON.parse(init.body as string);
    if (answer === 200) posts.push({ url, init, ...body });
    return { status: answer };
  });
}

export function show(): void {
  setHidden(false);
}

/** The tab goes to the background, or is about to go altogether. */
export function hide(): void {
  setHidden(true);
}

function setHidden(hidden: boolean): void {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}

export function move(): void {
  window.dispatchEvent(new Event("pointermove"));
}

/** Lets time pass on every clock. */
export const wait = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

for (const target of [window, document] as EventTarget[]) {
  const original = target.addEventListener;
  target.addEventListener = function (this: EventTarget, name: string, listener: EventListenerOrEventListenerObject, options: unknown) {
    if (options === true) listening.push([target, name, listener, options]);
    original.call(target, name, listener, options as boolean);
  } as typeof original;
}
