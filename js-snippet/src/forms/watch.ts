import type { Properties } from "../envelope";
import { attempt } from "../safely";
import { senseOf } from "./field";
import { watchEverywhere } from "./reach";
import { ignored, readForm, type Introduction } from "./read";
import { carries, watchRequests } from "./sending";

// When is a form sent? When the browser sends it: its submit event went through, or a script called `submit()`. Where a script
// sends instead (the event is prevented, a button's click is all there is), what was read at that moment is told only if within
// 15 s a request carries it: its e-mail, or, if it has none, its longest text. What nothing carries is forgotten untold: the
// page's own check refused it, and it was not sent. For a click alone it must be a request's body and an e-mail, within 5 s:
// some pages save drafts now and then, and a draft is not sent.

const PROOF_MS = 15000;
const PROOF_OF_CLICK_MS = 5000;
const DOUBLE_MS = 10000;
const BUTTON =
  'button:not([type=reset]),input[type=submit],input[type=button],input[type=image],[role=button],a:not([href]),a[href^="#"],a[href^="javascript:"]';
const TOGGLE = "[aria-expanded],[aria-haspopup],[aria-pressed]";

/** What the core gives this part to work with: see src/parts.ts. */
export type Submitted = (traits: Properties | undefined, properties?: Properties) => void;
/** `early`: what happened before this part was there. */
export type WatchForms = (submitted: Submitted, early: readonly Event[]) => void;

interface Held {
  introduction: Introduction;
  properties: Properties;
  at: number;
  /** A submit event was there; otherwise a click, or the enter key. */
  event: Event | undefined;
}

/** Tells of each form as it is sent, whoever sends it: the browser or the page's script. */
export const watchForms: WatchForms = (submitted, early) => {
  const held = new Map<Element, Held>();
  const told = new WeakMap<Element, { words: string; at: number }>();
  /** Its button was pressed, and now it is the page's turn: most likely a submit event follows, and it is read then. */
  let pressed: Element | undefined;
  let ready: boolean | undefined;

  /** Somebody comes to a field: what the first form would have to wait for is done before, a piece at a time. */
  function makeReady(field: Element): void {
    if (ready) return;
    ready = true;
    setTimeout(() => attempt(() => senseOf(document.createElement("input"), undefined)));
    setTimeout(() => attempt(() => watchRequestsOf(field)));
  }

  function readPressed(): void {
    if (pressed) hold(pressed);
  }

  const expects = (): unknown => (readPressed(), held.size);
  const watchRequestsOf = (form: Element): void => [window, form.ownerDocument.defaultView!].forEach((view) => attempt(() => watchRequests(view, expects, prove)));

  /** Reads a form now, to be told if it is sent. */
  function hold(form: Element, event?: Event): Introduction | undefined {
    pressed = undefined;
    if (ignored(form) || isSearch(form)) return;
    const introduction = readForm(form, roots());
    const before = held.get(form);
    if (before && before.introduction.proof && !introduction.proof) return; // emptied while what was in it is on its way
    const properties = {
      form_id: form.getAttribute("id"),
      form_name: form.getAttribute("name"),
      path: location.pathname,
      fields: introduction.fields,
    };
    const waiting = { introduction, properties, at: now(), event };
    held.set(form, waiting);
    setTimeout(() => held.get(form) === waiting && held.delete(form), event ? PROOF_MS : PROOF_OF_CLICK_MS);
    watchRequestsOf(form);
    return introduction;
  }

  function tell(form: Element): void {
    const waiting = held.get(form);
    held.delete(form);
    if (!waiting) return;
    const { introduction, properties } = waiting;
    const words = JSON.stringify([introduction.traits, properties]);
    const before = told.get(form);
    // Pressed twice; the second time it may have been emptied already.
    if (before && (before.words === words || !introduction.proof) && now() < before.at + DOUBLE_MS) return;
    told.set(form, { words, at: now() });
    submitted(introduction.traits, properties);
  }

  /** Something was sent: which form does it carry? */
  function prove(text: string, since?: number): void {
    held.forEach(({ introduction: { proof, traits }, at, event }, form) => {
      if ((event || (traits && !since)) && (!since || (proof && since >= at)) && carries(text, proof)) tell(form);
    });
  }

  /** Tells the forms that the browser itself sends. */
  function settle(): void {
    held.forEach(({ event }, form) => event && event.isTrusted && !event.defaultPrevented && goesOut(form, (event as SubmitEvent).submitter) && tell(form));
  }

  const roots = watchEverywhere(
    (event, path) => {
      const target = path[0] as HTMLElement & { form?: HTMLFormElement | null };
      if (event.type === "submit") {
        hold(target, event);
        setTimeout(() => attempt(settle)); // by then the page has prevented it, or not
      } else if (event.type === "invalid") {
        if (target.form) held.delete(target.form);
        pressed = undefined;
      } else if (event.type === "focusin") {
        makeReady(target);
      } else if (event.type === "click" || (event as KeyboardEvent).key === "Enter") {
        const button = (event.type === "click" ? path.find((node) => node.matches(BUTTON) && !node.matches(TOGGLE)) : target.tagName === "INPUT" && target) as typeof target | undefined;
        const form = button && (button.form || path.find(({ tagName }) => tagName === "FORM") || around(button, path));
        if (!form) return;
        pressed = form;
        if (/^(button|)$/.test((button as HTMLButtonElement).type || "")) return void readPressed();
        watchRequestsOf(form);
        setTimeout(() => attempt(readPressed));
      }
    },
    (form) => {
      if (hold(form)?.proof && goesOut(form)) tell(form);
    },
  );
  addEventListener("pagehide", () => attempt(settle), true);

  for (const event of early) if (event.type === "submit") attempt(() => hold(event.target as Element, event));
  settle();
};

/** What stands around a button, close by, with fields that no form holds together. */
const around = (button: Element, path: Element[]): Element | undefined =>
  path
    .slice(path.indexOf(button) + 1)
    .slice(0, 5)
    .find((node) => !/^(BODY|HTML|MAIN)$/.test(node.tagName) && node.querySelector("input[type=email],input[type=text],input:not([type])"));

/** Whether it asks for pages, not for somebody. */
const isSearch = (form: Element): unknown =>
  form.closest("[role=search],search") || (form.querySelector("input[type=search],[name=q],[name=s]") && !form.querySelector("[type=email]"));

const now = (): number => performance.timeOrigin + performance.now();

/** Whether a submit that nobody prevents leaves the page. */
function goesOut(form: Element, submitter?: Element | null): boolean {
  const says = (name: string): string => ((submitter && submitter.getAttribute(`form${name}`)) || form.getAttribute(name) || "").trim().toLowerCase();
  return says("method") !== "dialog" && !says("action").startsWith("javascript:");
}
