import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { answers, arrived, arrivedPages, close, engaged, hide, newBrowser, open, posts, wait } from "./browser";

beforeEach(() => {
  vi.useFakeTimers();
  newBrowser();
});

afterEach(() => {
  close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const track = (name: string, properties?: Record<string, unknown>): void =>
  (window.leadlight as { track: (name: string, properties?: object) => void }).track(name, properties);

const stored = (): string[] => Object.keys(localStorage).filter((key) => key.startsWith("leadlight.q."));

test("calls made together travel in one post, as plain text to the origin of the tag", async () => {
  await open("/");
  track("Opened the calculator");
  track("Chose a size", { size: 12 });
  await wait(100);

  expect(posts).toHaveLength(1);
  const [post] = posts;
  expect(post!.url).toBe("https://collect.example/v1/batch");
  expect(post!.init).toMatchObject({ method: "POST", credentials: "omit", keepalive: true });
  expect(post!.init.headers).toBeUndefined(); // a string body is text/plain, which needs no preflight
  expect(post!.writeKey).toBe("wk_test");
  expect(post!.batch.map((message) => message.event || message.type)).toEqual(["page", "Opened the calculator", "Chose a size"]);
  expect(stored()).toEqual([]);
});

test("an endpoint of one's own is used", async () => {
  await open("/", { "data-endpoint": "https://shop.example/collect" });
  await wait(100);
  expect(posts[0]!.url).toBe("https://shop.example/collect/v1/batch");
});

test("nothing is lost while the collector does not answer, and nothing changes its id", async () => {
  answers.push("no answer", 503, 429, 408);
  await open("/");
  const [waiting] = stored();
  await wait(30);
  track("Opened the calculator");
  await wait(60_000);

  expect(arrived().slice(0, 2).map((message) => message.event || message.type)).toEqual(["page", "Opened the calculator"]);
  expect(waiting).toContain(arrived()[0]!.messageId);
  expect(stored()).toEqual([]);
});

test("pauses grow while the collector is away", async () => {
  answers.push(...Array<503>(100).fill(503));
  await open("/");
  await wait(60_000);
  const tries = 100 - answers.length;
  expect(tries).toBeGreaterThan(4);
  expect(tries).toBeLessThan(20); // with luck: pauses are drawn between none and the longest
});

test("being back online ends the pause", async () => {
  answers.push(...Array<"no answer">(7).fill("no answer"));
  await open("/");
  await wait(50_000);
  answers.length = 0;
  window.dispatchEvent(new Event("online"));
  await wait(1);
  expect(arrivedPages()).toEqual(["/"]);
});

test("what was not confirmed goes with the next page of the same tab", async () => {
  answers.push("no answer");
  await open("/product");
  await wait(70);
  await open("/pricing");
  await wait(100);

  expect(arrivedPages()).toEqual(["/product", "/pricing"]);
  expect(posts).toHaveLength(1);
});

test("what another tab could not send goes along with this tab's", async () => {
  answers.push("no answer");
  await open("/product");
  await wait(70);
  sessionStorage.clear(); // from here on it is another tab
  await open("/pricing");
  await wait(100);
  expect(arrivedPages()).toEqual(["/product", "/pricing"]);
});

test("events older than six days are given up", async () => {
  answers.push("no answer");
  await open("/product");
  await wait(70);
  vi.setSystemTime(Date.now() + 6 * 86_400_000 + 1000);
  await open("/pricing");
  await wait(100);

  expect(arrivedPages()).toEqual(["/pricing"]);
  expect(stored()).toEqual([]);
});

test("the queue is bounded: of six hundred events the latest five hundred are kept", async () => {
  answers.push(...Array<"no answer">(1000).fill("no answer"));
  await open("/");
  for (let number = 1; number <= 600; number++) track(`Event ${number}`);
  await wait(500);
  answers.length = 0;
  await wait(120_000);

  const names = arrived().map((message) => message.event!).filter((name) => /^Event/.test(name));
  expect(names.length).toBeLessThanOrEqual(500);
  expect(names.length).toBeGreaterThan(490); // the page's own reports need a few places
  expect(names.at(-1)).toBe("Event 600");
});

test("no post exceeds what a closing page may send", async () => {
  await open("/");
  for (let number = 0; number < 20; number++) track("Wrote", { text: "ä".repeat(5000) });
  await wait(1000);

  expect(arrived()).toHaveLength(21);
  const sizes = posts.map((post) => new Blob([post.init.body as string]).size);
  expect(Math.max(...sizes)).toBeLessThan(64 * 1024);
});

test("an event over 32 KB is dropped, said once, and in nobody's way", async () => {
  const warn = vi.spyOn(console, "warn").mockReturnValue();
  await open("/");
  track("Wrote a novel", { text: "x".repeat(33_000) });
  track("Wrote another", { text: "x".repeat(33_000) });
  await wait(100);

  expect(arrived().map((message) => message.type)).toEqual(["page"]);
  expect(warn).toHaveBeenCalledTimes(1);
});

test("a refused batch is dropped, said once, and does not stop the next", async () => {
  const warn = vi.spyOn(console, "warn").mockReturnValue();
  answers.push(400, 401);
  await open("/");
  await wait(100);
  track("Second");
  await wait(100);
  track("Third");
  await wait(100);

  expect(arrived().map((message) => message.event)).toEqual(["Third"]);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(stored()).toEqual([]);
});

test("a page that goes away sends at once what it has", async () => {
  await open("/pricing");
  await wait(3000);
  track("Copied the price list");
  hide();
  await wait(0);

  expect(arrived().map((message) => message.event || message.type)).toEqual(["page", "Copied the price list", "Page Engaged"]);
  expect(engaged()).toEqual([3000]);
});

test("blocked storage breaks nothing: the visitor lives as long as the page", async () => {
  vi.spyOn(globalThis, "localStorage", "get").mockImplementation(() => {
    throw new DOMException("blocked", "SecurityError");
  });
  vi.spyOn(globalThis, "sessionStorage", "get").mockImplementation(() => {
    throw new DOMException("blocked", "SecurityError");
  });
  vi.spyOn(document, "cookie", "get").mockReturnValue("");
  await open("/");
  track("Opened the calculator");
  await wait(100);

  expect(arrived()).toHaveLength(2);
  expect(new Set(arrived().map((message) => message.anonymousId)).size).toBe(1);
});

test("storage that fills up loses nothing", async () => {
  await open("/");
  await wait(100);
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });
  track("Opened the calculator");
  await wait(100);

  expect(arrived().map((message) => message.event || message.type)).toEqual(["page", "Opened the calculator"]);
  expect(new Set(arrived().map((message) => message.anonymousId)).size).toBe(1);
});
