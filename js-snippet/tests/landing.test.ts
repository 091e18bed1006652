import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { arrive, arrived, asked, close, hide, network, newBrowser, open, wait } from "./browser";

// A link that was made for one person leads to a page of the site.

const TOKEN = "c.rCaRjBupfKo-oAWdO4wx9a0T34ROU4fmTCwZ6G0gWObXbeR13kHEAbmDvrnfuxA0cVzACxab";

/** Opens a page of the site; the browser remembers with which address. */
async function land(path: string, attributes: Record<string, string> = {}): Promise<void> {
  vi.spyOn(performance, "getEntriesByType").mockReturnValue([{ name: location.origin + path } as PerformanceEntry]);
  await open(path, attributes);
  await wait(100);
}

const shown = (): string => location.pathname + location.search + location.hash;
const carriers = (): string[] => arrived().filter((message) => JSON.stringify(message).includes(TOKEN)).map(({ type, event }) => event || type);

beforeEach(() => {
  vi.useFakeTimers();
  newBrowser();
});
afterEach(() => {
  close();
  vi.restoreAllMocks();
});

test("the landing's page view carries the token, and the address bar and later pages do not", async () => {
  await land(`/pricing?a=1&ll=${TOKEN}#plans`);
  expect(shown()).toBe("/pricing?a=1#plans");
  history.pushState(null, "", "/docs?b=2");
  await wait(1100);
  (window.leadlight as { track: (event: string) => void }).track("Read on");
  hide();
  await wait(100);

  expect(carriers()).toEqual(["page"]);
  const [landing, next] = arrived().filter((message) => message.type === "page");
  expect(landing!.properties.url).toContain(`&ll=${TOKEN}`);
  expect(next!.properties).toMatchObject({ path: "/docs", search: "?b=2", referrer: `${location.origin}/pricing?a=1` });
});

test.each([true, false])("a browser says in what it tells of a landing whether a program drives it: %s", async (webdriver) => {
  Object.defineProperty(navigator, "webdriver", { value: webdriver, configurable: true });
  network.slow = true;
  await land(`/?ll=${TOKEN}`);
  network.slow = false;
  await arrive(asked.pop()!);
  (window.leadlight as { track: (event: string) => void }).track("Read on");
  await wait(100);
  delete (navigator as unknown as Record<string, unknown>).webdriver;

  const told = arrived().find((message) => message.event === "Read on")!;
  expect((told.context as Record<string, unknown>).webdriver).toBe(webdriver || undefined);
});

test("a router that brings the token back tells nobody of it", async () => {
  await land(`/?ll=${TOKEN}`);
  history.pushState(null, "", "/docs");
  await wait(1100);
  history.replaceState(null, "", `/?ll=${TOKEN}`);
  window.dispatchEvent(new Event("popstate"));
  await wait(1100);

  expect(shown()).toBe("/");
  expect(carriers()).toEqual(["page"]);
});

test("until somebody consents the bar is clean and nothing is told; then the landing is", async () => {
  await land(`/?ll=${TOKEN}`, { "data-consent": "required" });
  expect(shown()).toBe("/");
  expect(arrived()).toEqual([]);
  (window.leadlight as { consent: (choice: object) => void }).consent({ analytics: true, marketing: true });
  await wait(100);

  expect(carriers()).toEqual(["page"]);
});

test("whoever has opted out has a clean bar, and nothing is told", async () => {
  localStorage["leadlight.out"] = "1";
  await land(`/?ll=${TOKEN}`);

  expect(shown()).toBe("/");
  expect(arrived()).toEqual([]);
});

test("what is no token stays where it is", async () => {
  for (const search of ["?ll=48.137154,11.576124", "?ll=de", "?all=abcdefghijklmnopqrstuvwxyz"]) {
    await land(`/map${search}`);
    expect(location.search).toBe(search);
  }
});
