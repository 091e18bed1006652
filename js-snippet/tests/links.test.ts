import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { arrived, close, hide, newBrowser, open, settled, wait } from "./browser";

beforeEach(() => {
  vi.useFakeTimers();
  newBrowser();
});

afterEach(() => {
  close();
  vi.useRealTimers();
});

const told = (): [string, unknown][] =>
  arrived().filter(({ event }) => event && event !== "Page Engaged").map(({ event, properties }) => [event!, properties.href]);

async function click(html: string, event = new MouseEvent("click", { bubbles: true, cancelable: true, composed: true })): Promise<void> {
  document.body.innerHTML = html;
  event.preventDefault();
  document.querySelector("a,button")!.dispatchEvent(event);
  await settled();
  await wait(100);
}

test.each([
  ['<a href="https://partner.example/deal?ref=mara#top">x</a>', "Link Clicked", "https://partner.example/deal"],
  ['<a href="/files/study.pdf?for=mara">x</a>', "File Downloaded", "https://shop.example/files/study.pdf"],
  ['<a href="https://files.example/Prices.XLSX">x</a>', "File Downloaded", "https://files.example/Prices.XLSX"],
  ['<a href="/export" download>x</a>', "File Downloaded", "https://shop.example/export"],
])("%s is told as %s, at the first click", async (html, event, href) => {
  await open("/");
  await click(html);
  expect(told()).toEqual([[event, href]]);
});

test.each([
  '<a href="/pricing">x</a>',
  '<a href="#top">x</a>',
  '<a href="mailto:mara@norrvik.example">x</a>',
  '<a href="tel:+46310000000">x</a>',
  "<a>x</a>",
  "<button>x</button>",
  '<p data-leadlight-ignore><a href="https://partner.example/">x</a></p>',
])("%s is nobody's business", async (html) => {
  await open("/");
  await click(html);
  expect(told()).toEqual([]);
});

test("the wheel's button opens a link, too, the right one does not", async () => {
  await open("/");
  await click('<a href="https://partner.example/">x</a>');
  await click('<a href="https://partner.example/wheel">x</a>', new MouseEvent("auxclick", { bubbles: true, composed: true, cancelable: true, button: 1 }));
  await click('<a href="https://partner.example/right">x</a>', new MouseEvent("auxclick", { bubbles: true, composed: true, cancelable: true, button: 2 }));
  expect(told().map(([, href]) => href)).toEqual(["https://partner.example/", "https://partner.example/wheel"]);
});

test("on the way to the site's next page the time spent waits for that page, which sends it along", async () => {
  await open("/");
  await wait(3000);
  await click('<a href="/pricing">x</a>');
  hide();
  await wait(10);
  expect(arrived().map((message) => message.event || message.type)).toEqual(["page"]);

  await open("/pricing");
  await wait(100);
  expect(arrived().map((message) => message.event || message.type)).toEqual(["page", "Page Engaged", "page"]);
});
