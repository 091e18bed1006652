import type { Submitted, WatchForms } from "../forms";
import { guard, on } from "../safely";
import { permitted } from "./choices";
import { actions, flush, policy, tag, tell, type PartElement } from "./seam";

// Loads leadlight-forms.js when the page has a form, or somebody comes to a field. The seam:
//
// - The function `leadlight` on the part's script element: the part calls it once, with `watchForms`. From then on every submit
//   is the part's business, and nothing else looks at one.
// - `watchForms(submitted, early)`: `submitted(traits, properties)` tells `identify` with the traits, if any, with the mark `form`, then
//   `track "Form Submitted"` with the properties, if any, about the page being viewed, and sends at once whatever waits, as the
//   page may be leaving. Consent, opt-out and the queue are not the part's business: it calls whenever there is something.
// - `early`: the submit events that came before the part; theirs are the first forms to be read. Should the page go away before
//   the part comes, such a form is told here, with no more than a valid e-mail from an `input type=email`.

const IGNORED = "[data-leadlight-ignore]";
const LOOK_MS = 1000;

const early: Event[] = [];
const untold: (() => void)[] = [];
let part: PartElement | undefined;
let here: unknown;

const submitted: Submitted = (traits, properties) => {
  if (!permitted()) return;
  if (traits) actions.identify!(traits, 0, { form: true });
  if (properties) tell("track", { event: "Form Submitted", properties });
  flush(1);
};

function load(): void {
  if (part || !permitted()) return;
  part = document.createElement("script") as unknown as PartElement;
  part.leadlight = guard((watchForms: WatchForms) => {
    here = 1;
    watchForms(submitted, early);
  });
  part.nonce = tag.nonce;
  part.crossOrigin = "";
  part.integrity = FORMS_INTEGRITY;
  part.src = policy.createScriptURL(new URL(`leadlight-forms-${VERSION}.js`, tag.src).href);
  document.head.append(part);
}

const look = (): unknown => (document.forms[0] || window[0]) && load();

/** Somebody came to a field: in a shadow root, its host. */
export function comeTo(element: Element): void {
  if (!/^(a|button|body|html)$/i.test(element.tagName)) load();
}

/** A form was submitted before the part that reads forms was here. The part will; but if the page goes away first, the e-mail must not be lost. */
export function readEarly(event: Event): void {
  const form = event.target as HTMLFormElement;
  load();
  if (here || form.closest(IGNORED)) return;
  const email = form.querySelector<HTMLInputElement>("input[type=email]");
  const traits = email && /^\S+@\S+\.\S\S+$/.test(email.value) && !email.closest(IGNORED) ? { email: email.value } : undefined;
  const properties = { form_id: form.getAttribute("id"), form_name: form.getAttribute("name"), path: location.pathname };
  early.push(event);
  untold.push(() => event.defaultPrevented || submitted(traits, properties)); // prevented: perhaps the page refused it
}

function leave(): void {
  if (!here) untold.splice(0).forEach((tell) => tell());
}

export function watchForForms(): void {
  look();
  on("pagehide", leave);
  on("visibilitychange", () => document.hidden && leave());
  setInterval(guard(look), LOOK_MS);
}
