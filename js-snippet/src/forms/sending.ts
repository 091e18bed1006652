import { attempt } from "../safely";

// What a page's script sends, looked at only while a form waits for the proof that it was sent, and never kept.

/** `since`: it is an address, that the page asked for then (by `performance`, all windows alike). */
type Seen = (text: string, since?: number) => void;

interface View extends Window {
  fetch: typeof fetch;
  performance: Performance;
  XMLHttpRequest: typeof XMLHttpRequest;
  PerformanceObserver?: typeof PerformanceObserver;
}

const OURS = '{"writeKey":'; // a message of Leadlight's own is proof of nothing
const MOST = 1e6;

const watched = new WeakSet<object>();

/** What a body says; of one that is not at hand, later. Bodies of other parts of the page come from other realms: no `instanceof`. */
function textOf(body: any): string | Promise<string> {
  if (!body) return "";
  if (typeof body === "string") return body;
  if (body.byteLength) return body.byteLength < MOST ? new TextDecoder().decode(body) : "";
  if (body.forEach) {
    const parts: unknown[] = [];
    body.forEach((value: unknown) => parts.push(value));
    return parts.filter((part) => typeof part === "string").join("\n");
  }
  return body.text && !(body.size > MOST) ? body.text() : "";
}

/** Whether this text carries that one, in any of the ways in which requests write it. */
export function carries(text: string, sought: string): boolean {
  const whole = text.toLowerCase();
  const encoded = encodeURIComponent(sought);
  return [sought, encoded, encoded.replace(/%20/g, "+"), JSON.stringify(sought).slice(1, -1)].some((way) => whole.includes(way.toLowerCase()));
}

/**
 * Tells of bodies that scripts send from this window (fetch, XMLHttpRequest), and of the addresses that it loads from, while `wanted`.
 * Begins at the first need and leaves whatever the page does as it is.
 */
export function watchRequests(view: View, wanted: () => unknown, seen: Seen): void {
  const { fetch, performance, PerformanceObserver } = view;
  const { prototype } = view.XMLHttpRequest;
  if (watched.has(prototype)) return;
  watched.add(prototype);

  const look = (text: string | Promise<string> | undefined): void => {
    if (typeof text !== "string") text && text.then(look, () => 0);
    else if (text && !text.startsWith(OURS)) attempt(() => seen(text));
  };
  const textIfWanted = (body: unknown): ReturnType<typeof textOf> | undefined => attempt(() => (wanted() ? textOf(body) : ""));

  view.fetch = function (this: unknown, ...args: Parameters<typeof fetch>) {
    const [request, init] = args as [Request, RequestInit?];
    const text = textIfWanted((init && init.body) || (wanted() && request && request.body && attempt(() => request.clone())));
    const answer = fetch.apply(this as Window, args);
    look(text);
    return answer;
  };

  const { send } = prototype;
  prototype.send = function (body) {
    const text = textIfWanted(body);
    send.call(this, body);
    look(text);
  };

  attempt(() =>
    new PerformanceObserver!((list) =>
      attempt(() => wanted() && list.getEntries().forEach(({ name, startTime }) => seen(name, performance.timeOrigin + startTime))),
    ).observe({ type: "resource" }),
  );
}
