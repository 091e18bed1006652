import type { WatchForms } from "./forms";
import { attempt, listen } from "./safely";
import type { Properties } from "./envelope";

// Loads leadlight-forms.js when the page has a form, or somebody comes to a field. The seam:
//
// - The core puts a function `leadlight` on the part's script element; the part calls it once, with `watchForms`.
//   From then on every submit is the part's business, and the core looks at none.
// - The core calls `watchForms(submitted, early)`. `submitted(traits, properties)` tells `identify` with the traits, if any,
//   then `track "Form Submitted"` with the properties, if any, about the page being viewed, and sends at once whatever waits,
//   as the page may be leaving. Consent, opt-out and the queue are the core's business: call it whenever there is something.
// - `early`: forms that were submitted before the part came. They are told already, with no more than a valid e-mail from an
//   `input type=email`; while they are still on the page the part may add what else they say: `submitted(traits)`.

const IGNORED = "[data-leadlight-ignore]";

export function watchForForms(submitted: (traits: Properties | undefined, properties?: Properties) => void, tag: HTMLScriptElement): void {
  const early: HTMLFormElement[] = [];
  let part: HTMLScriptElement | undefined;
  let here: boolean | undefined;

  function load(): void {
    if (part) return;
    part = document.createElement("script");
    part.nonce = tag.nonce;
    (part as unknown as { leadlight: (watch: WatchForms) => void }).leadlight = (watch) =>
      attempt(() => {
        here = true;
        watch(submitted, early);
      });
    part.src = new URL(`leadlight-forms-${VERSION}.js`, tag.src).href;
    document.head.append(part);
  }

  listen(window, "submit", ({ target }) => {
    const form = target as HTMLFormElement;
    load();
    if (here || form.closest(IGNORED)) return;
    early.push(form);
    const email = form.querySelector<HTMLInputElement>("input[type=email]");
    submitted(email && /^\S+@\S+\.\S+$/.test(email.value) && !email.closest(IGNORED) ? { email: email.value } : undefined, {
      form_id: form.getAttribute("id"),
      form_name: form.getAttribute("name"),
      path: location.pathname,
    });
  });
  listen(window, "focusin blur", () => /^(A|BODY|BUTTON)$/.test(document.activeElement!.tagName) || load());
  if (document.forms[0]) load();
}
