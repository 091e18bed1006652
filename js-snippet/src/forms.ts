import type { Properties } from "./envelope";
import { listen } from "./safely";

const EMAIL = /^\S+@\S+\.\S\S+$/;
const PRIVATE = /hidden|passw|one-time|card|cc-|cv[cv]|iban|ssn|token|secret/;
const LONGEST = 200;

/** What a trait's field says about itself, in `type`, `autocomplete`, `name` or `id`. The first trait that fits is taken. */
const TRAITS: readonly (readonly [string, RegExp])[] = [
  ["email", /e-?mail/],
  ["job_title", /-title|job|role/],
  ["company", /organi|company|employer/],
  ["phone", /phone|mobile|\btel/],
  ["first", /given|first/],
  ["last", /family|last|surname/],
  ["name", / (your|full|contact)?[-_]?name/],
];

export interface Introduction {
  /** Who the form says its sender is; only with a valid e-mail. */
  traits: Record<string, string | undefined> | undefined;
  /** Names of the fields, without their values. */
  fields: string[];
}

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const ignored = (element: Element): unknown => element.closest("[data-leadlight-ignore]");

/** Reads a form by meaning. Passwords, cards, hidden inputs and whatever is marked to be ignored are never looked at. */
export function readForm(form: HTMLFormElement): Introduction {
  const found: Record<string, string> = {};
  const fields = new Set<string>();
  form.querySelectorAll<Field>("input,select,textarea").forEach((field) => {
    const { type, name } = field;
    const hints = [type, field.autocomplete, name, field.id].join(" ").toLowerCase();
    if (PRIVATE.test(hints) || ignored(field)) return;
    if (name) fields.add(name);
    const value = field.value.trim();
    const [trait] = (/^(text|email|tel)$/.test(type) && TRAITS.find(([, words]) => words.test(hints))) || [];
    if (!trait || !value || value.length > LONGEST || found[trait] || (trait === "email" && !EMAIL.test(value))) return;
    found[trait] = value;
  });
  const { first, last, ...traits } = found;
  const name = [first, last].filter(Boolean).join(" ") || undefined;
  return { traits: traits.email ? { name, ...traits } : undefined, fields: [...fields] };
}

/** What the core gives this part to work with: see src/parts.ts. */
export type Submitted = (traits: Properties | undefined, properties?: Properties) => void;
export type WatchForms = (submitted: Submitted, early: readonly HTMLFormElement[]) => void;

/** Tells of each form as it is submitted, whoever sends it on: the browser or the page's script. */
export const watchForms: WatchForms = (submitted, early) => {
  listen(window, "submit", ({ target }) => {
    const form = target as HTMLFormElement;
    if (ignored(form)) return;
    const { traits, fields } = readForm(form);
    submitted(traits, {
      form_id: form.getAttribute("id"),
      form_name: form.getAttribute("name"),
      path: location.pathname,
      fields,
    });
  });
  early.forEach((form) => form.isConnected && submitted(readForm(form).traits));
};
