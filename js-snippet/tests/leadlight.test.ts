import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Leadlight } from "../src/surface";
import { arrive, arrived, arrivedPages, asked, close, fillIn, hide, network, newBrowser, open, posts, settled, submit, wait } from "./browser";

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

test("a submitted form introduces its sender, and tells its fields' names but none of their values", async () => {
  await open("/contact");
  submit(await fillIn(`<form id="talk" name="contact"><input type="email" name="email" value="mara@norrvik.example">
          <textarea name="message">Our budget is large</textarea></form>`));
  await wait(100);

  const [, identify, track] = arrived();
  expect(identify).toMatchObject({ type: "identify", traits: { email: "mara@norrvik.example" } });
  expect(track).toMatchObject({
    type: "track",
    event: "Form Submitted",
    properties: { form_id: "talk", form_name: "contact", path: "/contact", fields: ["email", "message"] },
  });
  expect(JSON.stringify(posts)).not.toContain("budget");
});

test("a form is told of before its page goes away", async () => {
  await open("/contact");
  await wait(100);
  submit(await fillIn('<form><input type="email" name="email" value="mara@norrvik.example"></form>'));
  await wait(1);
  expect(arrived().map((message) => message.type)).toEqual(["page", "identify", "track"]);
});

const EARLY = `<form id="talk"><input type="email" name="email" value="mara@norrvik.example">
  <input name="company" value="Norrvik Foods"></form>`;

test("a form that is submitted before the part that reads forms has come is told whole when it comes, and once", async () => {
  network.slow = true;
  await open("/contact");
  const form = await fillIn(EARLY);
  submit(form);
  for (let part; (part = asked.shift()); ) await arrive(part);
  await wait(100);
  hide();
  await wait(100);

  expect(arrived().filter(({ type, event }) => type === "identify" || event === "Form Submitted")).toMatchObject([
    { type: "identify", traits: { email: "mara@norrvik.example", company: "Norrvik Foods" } },
    { event: "Form Submitted", properties: { form_id: "talk", path: "/contact" } },
  ]);
});

test("should the page go away before that part comes, the form's e-mail is told nevertheless", async () => {
  network.slow = true;
  await open("/contact");
  const form = await fillIn(EARLY);
  await arrive(asked[0]!);
  submit(form);
  hide();
  await wait(0);

  expect(arrived().slice(1)).toMatchObject([
    { type: "identify", traits: { email: "mara@norrvik.example" } },
    { event: "Form Submitted", properties: { form_id: "talk", path: "/contact" } },
  ]);
});

test("a form to be ignored is not told of", async () => {
  await open("/contact");
  submit(await fillIn('<form data-leadlight-ignore><input type="email" name="email" value="mara@norrvik.example"></form>'));
  await wait(100);
  expect(arrived().map((message) => message.type)).toEqual(["page"]);
});

test("the page may track and identify by itself", async () => {
  await open("/");
  leadlight().track("Watched the film", { seconds: 40 });
  leadlight().group("g_1", { name: "Norrvik Foods" });
  await settled(); // the rarer calls wait for their part of the script
  leadlight().identify({ email: "mara@norrvik.example" });
  leadlight().identify("u_17", { plan: "team" });
  leadlight().track("Invited a colleague");
  leadlight().page({ section: "team" });
  await settled();
  await wait(100);

  const [, film, group, traits, user, colleague, page] = arrived();
  expect(group).toMatchObject({ type: "group", groupId: "g_1", traits: { name: "Norrvik Foods" } });
  expect(film).toMatchObject({ event: "Watched the film", properties: { seconds: 40 } });
  expect(traits).toMatchObject({ type: "identify", traits: { email: "mara@norrvik.example" } });
  expect(traits!.userId).toBeUndefined();
  expect(user).toMatchObject({ type: "identify", userId: "u_17", traits: { plan: "team" } });
  expect(colleague!.userId).toBe("u_17");
  expect(page).toMatchObject({ type: "page", properties: { section: "team", path: "/" } });
});

test("the visitor stays the same from page to page, until reset", async () => {
  await open("/");
  await wait(100);
  await open("/pricing");
  leadlight().identify("u_17");
  await wait(100);
  leadlight().reset();
  leadlight().track("Signed out");
  await wait(100);

  const [first, second, , after] = arrived();
  expect(second!.anonymousId).toBe(first!.anonymousId);
  expect(after!.anonymousId).not.toBe(first!.anonymousId);
  expect(after!.userId).toBeUndefined();
});

test("after a reset the time on the page stays that of whoever viewed it: leaving makes nobody new", async () => {
  await open("/");
  leadlight().identify("u_17");
  await wait(3000);
  leadlight().reset();
  await wait(1000);
  hide();
  await wait(100);

  const [page] = arrived();
  const reports = arrived().filter((message) => message.event === "Page Engaged");
  expect(reports.map((report) => report.properties.engaged_ms)).toEqual([4000]);
  expect(reports[0]!.anonymousId).toBe(page!.anonymousId);
  expect(reports[0]!.userId).toBeUndefined();
});

test("the visitor is remembered by the collector's cookie where the storage was cleared", async () => {
  document.cookie = "leadlight.id=made-earlier;path=/";
  await open("/");
  await wait(100);
  expect(arrived()[0]!.anonymousId).toBe("made-earlier");
  expect(localStorage["leadlight.id"]).toBe("made-earlier");
});

test("calls made before the script was there are made up for", async () => {
  await open("/", {}, [["track", "Played early", { seconds: 1 }]]);
  await wait(100);
  expect(arrived().map((message) => message.event || message.type)).toEqual(["page", "Played early"]);
});

test("the tag pasted twice counts once", async () => {
  await open("/");
  vi.resetModules();
  await import("../src/leadlight");
  await wait(100);
  expect(arrivedPages()).toEqual(["/"]);
});

test.each([
  ["Global Privacy Control", { globalPrivacyControl: true }],
  ["Do Not Track", { doNotTrack: "1" }],
])("%s: nothing is sent, nothing stays stored, and the page's calls do no harm", async (_signal, signal) => {
  await open("/");
  await wait(100);
  posts.length = 0;
  for (const [name, value] of Object.entries(signal)) {
    Object.defineProperty(navigator, name, { configurable: true, get: () => value });
  }
  await open("/pricing");
  leadlight().track("Watched the film");
  leadlight().identify("u_17");
  leadlight().reset();
  submit(await fillIn('<form><input type="email" name="email" value="mara@norrvik.example"></form>'));
  await wait(20_000);
  for (const name of Object.keys(signal)) delete (navigator as unknown as Record<string, unknown>)[name];

  expect(posts).toEqual([]);
  expect(Object.keys(localStorage)).toEqual([]);
  expect(document.cookie).not.toContain("leadlight");
});

test("nothing is thrown into the page", async () => {
  await open("/");
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  expect(() => leadlight().track("Went round", circle)).not.toThrow();
  expect(() => (leadlight() as unknown as { identify: () => void }).identify()).not.toThrow();
  expect(() => leadlight().push(undefined as never)).not.toThrow();
  await wait(100);
  expect(arrivedPages()).toEqual(["/"]);
});
