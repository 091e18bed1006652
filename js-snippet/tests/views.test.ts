import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { arrived, arrivedPages, close, engaged, hide, move, newBrowser, open, show, wait } from "./browser";

beforeEach(() => {
  vi.useFakeTimers();
  newBrowser();
});

afterEach(() => {
  close();
  vi.useRealTimers();
});

test("a loaded page is a page view, told at once in Segment's shape", async () => {
  await open("/pricing?plan=team#monthly");
  await wait(100);

  const [view, ...others] = arrived();
  expect(others).toEqual([]);
  expect(view).toMatchObject({
    type: "page",
    messageId: expect.stringMatching(/^\d+-\d+-\d+-\d+$/),
    anonymousId: expect.stringMatching(/^\d+-\d+-\d+-\d+$/),
    context: {
      page: { path: "/pricing", search: "?plan=team", title: "A page", url: "https://shop.example/pricing?plan=team" },
      userAgent: navigator.userAgent,
      library: { name: "leadlight.js", version: "test" },
    },
    properties: { path: "/pricing", title: "A page" },
  });
  expect(Date.parse(view!.timestamp)).not.toBeNaN();
});

test("a change of address by script is a page view, with the page before as its referrer", async () => {
  await open("/");
  history.pushState(null, "", "/product");
  document.title = "The product";
  await wait(1100);

  expect(arrivedPages()).toEqual(["/", "/product"]);
  expect(arrived().at(-1)!.properties).toMatchObject({ referrer: "https://shop.example/", title: "The product" });
});

test("a redirect within the page counts where it ends", async () => {
  await open("/");
  history.pushState(null, "", "/account");
  history.replaceState(null, "", "/sign-in");
  await wait(1100);

  expect(arrivedPages()).toEqual(["/", "/sign-in"]);
});

test("replacing the state without changing the address counts nothing, and neither does a fragment", async () => {
  await open("/docs");
  history.replaceState({ scroll: 3 }, "", "/docs");
  history.pushState(null, "", "/docs#install");
  await wait(1100);

  expect(arrivedPages()).toEqual(["/docs"]);
});

test("a page that comes back from the back-forward cache is a new page view", async () => {
  await open("/pricing");
  await wait(100);
  const back = Object.assign(new Event("pageshow"), { persisted: true });
  window.dispatchEvent(back);
  await wait(100);

  expect(arrivedPages()).toEqual(["/pricing", "/pricing"]);
});

test("a prerendered page counts only once somebody sees it", async () => {
  document.prerendering = true;
  await open("/product");
  await wait(5000);
  expect(arrived()).toEqual([]);

  document.prerendering = false;
  document.dispatchEvent(new Event("prerenderingchange"));
  await wait(100);
  expect(arrivedPages()).toEqual(["/product"]);
});

test("engaged time is told after 5, 10, 20 and 40 seconds while somebody is active", async () => {
  await open("/pricing");
  for (let second = 0; second < 45; second++) {
    await wait(1000);
    move();
  }

  expect(engaged()).toEqual([5000, 10000, 20000, 40000]);
  const [view, report] = arrived();
  expect(report!.properties.page_view_id).toBe(view!.messageId);
});

test("someone who leaves the desk is engaged for 15 seconds more", async () => {
  await open("/pricing");
  await wait(4000);
  move();
  await wait(600_000);
  hide();
  await wait(100);

  expect(engaged().at(-1)).toBe(19000);
  const last = arrived().at(-1)!;
  const seconds = (Date.parse(last.properties.active_until as string) - Date.parse(arrived()[0]!.timestamp)) / 1000;
  expect(seconds).toBeCloseTo(19, 1);
});

test("a page in the background gathers no time, and goes on where it was when it is shown again", async () => {
  await open("/pricing");
  await wait(3000);
  hide();
  await wait(8000);
  show();
  await wait(2000);
  hide();
  await wait(100);

  expect(engaged()).toEqual([3000, 5000]);
});

test("a page opened in the background is viewed, but not engaged with", async () => {
  hide();
  await open("/pricing");
  await wait(20_000);
  hide();
  await wait(100);

  expect(arrivedPages()).toEqual(["/pricing"]);
  expect(engaged()).toEqual([]);
});

test("the time on one page ends where the next begins", async () => {
  await open("/");
  await wait(2000);
  history.pushState(null, "", "/product");
  await wait(3000);
  hide();
  await wait(100);

  const reports = arrived().filter((message) => message.event === "Page Engaged");
  expect(reports.map((report) => report.context.page.path)).toEqual(["/", "/product"]);
  expect(reports[0]!.properties.engaged_ms).toBe(3000); // a browser without the Navigation API: seen within a second
  expect(reports[1]!.properties.engaged_ms).toBe(2000);
});
