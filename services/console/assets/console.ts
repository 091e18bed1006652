// What the server cannot do: times that stay fresh, keys, copying, toasts that go, and saying when the line is lost.
// Pages work without it, except for what changes by itself.

import htmx from "htmx.org";

// The SSE extension adds this to htmx.
const sse = htmx as unknown as { createEventSource(url: string): EventSource };

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TOAST_MS = 12_000;
const MOST_TOASTS = 3;
const HIDDEN_MS = 20_000;

// ---- times: the same words as the server's, in the reader's own time zone

function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) {
    const minutes = Math.floor(whole / MINUTE);
    const rest = whole % MINUTE;
    return rest && minutes < 10 ? `${minutes} min ${rest} s` : `${minutes} min`;
  }
  if (whole < DAY) {
    const hours = Math.floor(whole / HOUR);
    const rest = Math.floor((whole % HOUR) / MINUTE);
    return rest ? `${hours} h ${rest} min` : `${hours} h`;
  }
  const days = Math.floor(whole / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

const inFull = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayAndMonth = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" });
const dayAndYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

function day(at: Date, now: Date): string {
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / (DAY * 1000));
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return (at.getFullYear() === now.getFullYear() ? dayAndMonth : dayAndYear).format(at);
}

function ago(at: Date, now: Date): string {
  const seconds = (now.getTime() - at.getTime()) / 1000;
  if (seconds < 10) return "now";
  if (seconds < MINUTE) return `${Math.floor(seconds)} s ago`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ago`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ago`;
  if (seconds < 2 * DAY) return "yesterday";
  if (seconds < 7 * DAY) return `${Math.floor(seconds / DAY)} days ago`;
  return day(at, now);
}

function say(kind: string | undefined, at: Date, now: Date): string {
  switch (kind) {
    case "since":
      return duration((now.getTime() - at.getTime()) / 1000);
    case "day":
      return day(at, now);
    case "clock":
      return clock.format(at);
    case "moment":
      return `${day(at, now)}, ${clock.format(at)}`;
    default:
      return ago(at, now);
  }
}

// The server's clock counts, not the reader's: a laptop that is minutes off would show visitors from the future.
let clockErrorMs = 0;

function learnClock(): void {
  const drawn = document.body.dataset.now;
  if (drawn) clockErrorMs = new Date(drawn).getTime() - Date.now();
}

function refreshTimes(root: ParentNode): void {
  const now = new Date(Date.now() + clockErrorMs);
  for (const time of root.querySelectorAll<HTMLTimeElement>("time[data-say]")) {
    const at = new Date(time.dateTime);
    const said = say(time.dataset.say, at, now);
    if (time.textContent !== said) time.textContent = said;
    const title = inFull.format(at);
    if (time.title !== title) time.title = title;
  }
}

// ---- rows: what has just arrived is marked once

let knownRows: Set<string> | undefined;

function rowsOf(root: ParentNode): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>("[data-row]")];
}

function rememberRows(): void {
  knownRows = new Set(rowsOf(document).map((row) => row.dataset.row ?? ""));
}

function markArrivals(): void {
  if (!knownRows) return;
  for (const row of rowsOf(document)) {
    if (!knownRows.has(row.dataset.row ?? "")) row.classList.add("arrived");
  }
}

// ---- keys: / searches, j and k go through the rows, Enter opens as links do

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function step(by: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>("[data-row] a[id^='row-']")];
  const at = links.findIndex((link) => link === document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by));
  links[next]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector<HTMLInputElement>("#search");
  if (event.key === "Escape" && event.target === search) search?.blur();
  if (isTyping(event.target)) return;
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
});

// ---- buttons

async function copy(button: HTMLElement, text: string): Promise<void> {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // not allowed without https: the text is selected instead, ready for the keyboard
    const source = document.getElementById(button.dataset.copy ?? "");
    if (source) getSelection()?.selectAllChildren(source);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = before), 2_000);
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : undefined;
  const copying = target?.closest<HTMLElement>("[data-copy]");
  if (copying) void copy(copying, document.getElementById(copying.dataset.copy ?? "")?.textContent?.trim() ?? "");
  target?.closest("[data-close]")?.closest("[data-toast]")?.remove();
});

// ---- a page is opened from here, and a line waits for it: the link follows what is typed, its token stays

function announce(event: Event): void {
  const link = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-announces]") : null;
  if (link) document.querySelector(link.dataset.announces ?? "")?.dispatchEvent(new Event("opened"));
}

document.addEventListener("click", announce);
document.addEventListener("auxclick", announce);
document.addEventListener("input", (event) => {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || !field.dataset.opens) return;
  const link = document.querySelector<HTMLAnchorElement>(field.dataset.opens);
  const token = link && new URL(link.href).searchParams.get("leadlight_check");
  const typed = field.value.trim();
  const written = /^https?:\/\//i.test(typed) ? typed : `https://${typed}`;
  if (!link || !token || !URL.canParse(written)) return;
  const url = new URL(written);
  if (/\.(xml|gz|txt)$/i.test(url.pathname)) url.pathname = "/"; // a sitemap is no page to be seen on
  url.searchParams.set("leadlight_check", token);
  link.href = url.href;
});

document.addEventListener("change", (event) => {
  if (event.target instanceof HTMLElement) event.target.closest<HTMLFormElement>("form[data-submit-on-change]")?.submit();
});

// ---- toasts leave by themselves, unless somebody is looking at them

const toasts = document.getElementById("toasts");
if (toasts) {
  new MutationObserver((changes) => {
    for (const added of changes.flatMap((change) => [...change.addedNodes])) {
      if (added instanceof HTMLElement) letGo(added);
    }
    while (toasts.children.length > MOST_TOASTS) toasts.firstElementChild?.remove();
  }).observe(toasts, { childList: true });
}

function letGo(toast: HTMLElement): void {
  setTimeout(() => (toast.matches(":hover, :focus-within") ? letGo(toast) : toast.remove()), TOAST_MS);
}

// ---- the live line: lost and found; a page nobody looks at lets go of it, for a browser has only six to one server

let source: EventSource | undefined;
let resting = false;
const connect = sse.createEventSource;
sse.createEventSource = (url) => (source = connect(url));

document.addEventListener("htmx:sseOpen", () => delete document.documentElement.dataset.connection);
document.addEventListener("htmx:sseError", () => {
  if (!resting && !leaving) document.documentElement.dataset.connection = "lost";
});

let leaving = false;
addEventListener("pagehide", () => {
  leaving = true;
  source?.close();
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // from the back-forward cache: old, and without its line
});

let rest: ReturnType<typeof setTimeout> | undefined;
document.addEventListener("visibilitychange", () => {
  clearTimeout(rest);
  if (document.hidden) {
    if (document.body.dataset.background === "keep") return;
    rest = setTimeout(() => {
      resting = true;
      source?.close();
    }, HIDDEN_MS);
  } else {
    refreshTimes(document);
    if (resting) {
      source?.dispatchEvent(new Event("error")); // the extension finds it closed, and opens another
      resting = false;
    }
  }
});

// ---- begin

document.querySelector<HTMLFormElement>("form[data-submit-now]")?.submit();

function isPage(event: Event): boolean {
  return (event as CustomEvent<{ target?: Element }>).detail.target?.id === "page"; // a toast's swap names no target
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (isPage(event)) rememberRows();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (isPage(event)) markArrivals();
  refreshTimes(document);
});
learnClock();
refreshTimes(document);
setInterval(() => document.hidden || refreshTimes(document), 1_000);
