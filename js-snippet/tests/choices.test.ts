import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Leadlight } from "../src/surface";
import { arrived, close, newBrowser, open, posts, settled, wait } from "./browser";

beforeEach(() => {
  vi.useFakeTimers();
  newBrowser();
});

afterEach(() => {
  close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const leadlight = (): Leadlight => window.leadlight as Leadlight;
const REQUIRED = { "data-consent": "required" };
const told = (): string[] => arrived().map((message) => message.event || message.type);

test("consent that is required is waited for: nothing is stored, nothing sent, and of the calls a hundred are kept", async () => {
  await open("/", REQUIRED);
  for (let number = 1; number <= 150; number++) leadlight().track(`Event ${number}`);
  await wait(20_000);
  expect(posts).toEqual([]);
  expect(Object.keys(localStorage)).toEqual([]);
  expect(document.cookie).toBe("");

  leadlight().consent({ analytics: true, marketing: true });
  await wait(5000);
  expect(told().slice(0, 3)).toEqual(["page", "Event 1", "Event 2"]);
  expect(told().filter((name) => /^Event/.test(name))).toHaveLength(100);
});

test("each call says what was consented to, also on the pages to come", async () => {
  await open("/", REQUIRED);
  leadlight().consent({ analytics: true });
  await wait(100);
  await open("/pricing", REQUIRED);
  await wait(100);

  const said = { categoryPreferences: { analytics: true, marketing: false } };
  expect(arrived().map((message) => message.context.consent)).toEqual([said, said]);
});

test("where nobody was asked, nothing is said about consent", async () => {
  await open("/");
  await wait(100);
  expect(arrived()[0]!.context).not.toHaveProperty("consent");
});

test("without consent to marketing nobody is identified", async () => {
  await open("/", REQUIRED);
  leadlight().consent({ analytics: true, marketing: false });
  leadlight().identify("u_17", { email: "mara@norrvik.example" });
  leadlight().track("Opened");
  await wait(100);
  expect(told()).toEqual(["page", "Opened"]);
  expect(JSON.stringify(posts)).not.toMatch(/u_17|mara/);
});

test("consent taken back stops everything and removes what was stored; what is called meanwhile is never told", async () => {
  await open("/", REQUIRED);
  leadlight().consent({ analytics: true, marketing: true });
  await wait(100);
  document.cookie = "leadlight.id=served;path=/";
  leadlight().track("Not sent yet");
  leadlight().consent({ analytics: false, marketing: false });
  leadlight().track("Called in vain");
  leadlight().identify("u_17");
  await wait(20_000);
  expect(told()).toEqual(["page"]);
  expect(Object.keys(localStorage)).toEqual([]);
  expect(document.cookie).toBe("");

  leadlight().consent({ analytics: true, marketing: true });
  await wait(100);
  expect(told()).toEqual(["page", "page"]);
});

test("a refusal is remembered where nothing would mean consent", async () => {
  await open("/");
  leadlight().consent({ analytics: false });
  await settled();
  await wait(100);
  posts.length = 0;
  await open("/pricing");
  await wait(1000);
  expect(posts).toEqual([]);
  expect(Object.keys(localStorage)).toEqual(["leadlight.consent"]);
});

test("an opt-out is remembered, is stronger than consent, and ends when it is taken back", async () => {
  await open("/");
  leadlight().optOut();
  await settled();
  expect(Object.keys(localStorage)).toEqual(["leadlight.out"]);
  await open("/pricing");
  leadlight().consent({ analytics: true, marketing: true });
  leadlight().track("Called in vain");
  await wait(1000);
  expect(arrived().filter((message) => message.context.page.path === "/pricing")).toEqual([]);

  leadlight().optIn();
  await wait(100);
  expect(told().at(-1)).toBe("page");
  expect(told()).not.toContain("Called in vain");
});

test("an opt-out in one tab stops the others at their next event", async () => {
  await open("/");
  await wait(100);
  localStorage["leadlight.out"] = "1"; // another tab
  leadlight().track("Opened");
  await wait(1000);
  expect(told()).toEqual(["page"]);
});

test("cookieless: nothing is stored, and the collector is told to make the id", async () => {
  await open("/");
  await wait(100);
  await open("/pricing", { "data-mode": "cookieless" });
  leadlight().track("Opened");
  await wait(100);
  expect(Object.keys(localStorage)).toEqual([]);
  expect(Object.keys(sessionStorage)).toEqual([]);
  expect(document.cookie).toBe("");
  const [, page, opened] = arrived();
  for (const message of [page!, opened!]) {
    expect(message).not.toHaveProperty("anonymousId");
    expect(message.context.cookieless).toBe(true);
  }
});

test("Global Privacy Control is stronger than consent", async () => {
  Object.defineProperty(navigator, "globalPrivacyControl", { configurable: true, get: () => true });
  await open("/", REQUIRED);
  leadlight().consent({ analytics: true, marketing: true });
  await wait(1000);
  delete (navigator as unknown as Record<string, unknown>).globalPrivacyControl;
  expect(posts).toEqual([]);
  expect(Object.keys(localStorage)).toEqual([]);
});
