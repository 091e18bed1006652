import type { Properties } from "./envelope";
import { listen } from "./safely";

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/;
const PRIVATE = /passw|pwd|one-time|otp\b|card|\bcc-|cvc|cvv|iban|ssn|secret|token|csrf/;
const LONGEST = 200;

/** What a trait's field is called, in `autocomplete`, `name` or `id`; the first that fits is taken. */
const TRAITS: readonly (readonly [string, RegExp])[] = [
  ["email", /e-?mail/],
  ["job_title", /organization-title|job|position|role\b/],
  ["company", /organi[sz]ation|company|employer/],
  ["phone", /phone|mobile|\btel\b/],
  ["first", /given-name|(first|fore)[-_ ]?name/],
  ["last", /family-name|(last|sur)[-_ ]?name/],
  ["name", /^(.* )?((your|full|contact)[-_ ]?)?name( |$)/],
];

export interface Introduction {
  /** Who the form says its sender is; only with a valid e-mail. */
  traits: Record<string, string> | undefined;
  /** Names of the fields, without their values. */
  fields: string[];
}

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** Reads a form by meaning. Passwords, cards, hidden inputs and whatever is marked to be ignored are never looked at. */
export function readForm(form: HTMLFormElement): Introduction {
  const found: Record<string, string> = {};
  const fields: string[] = [];
  form.querySelectorAll<Field>("input,select,textarea").forEach((field) => {
    const { type, name } = field;
    const hints = [field.autocomplete, name, field.id].join(" ").toLowerCase();
    if (/hidden|password|submit|button|image|reset/.test(type) || PRIVATE.test(hints) || ignored(field)) return;
    if (name && !fields.includes(name)) fields.push(name);
    const value = field.value.trim();
    if (!/^(text|email|tel)$/.test(type) || !value || value.length > LONGEST) return;
    const trait = type === "email" ? "email" : type === "tel" ? "phone" : (TRAITS.find(([, words]) => words.test(hints)) || [])[0];
    if (trait && !found[trait] && (trait !== "email" || EMAIL.test(value))) found[trait] = value;
  });
  const { first, last, ...traits } = found;
  if (!traits.name && (first || last)) traits.name = [first, last].filter(Boolean).join(" ");
  return { traits: traits.email ? traits : undefined, fields };
}

const ignored = (element: Element): boolean => !!element.closest("[data-leadlight-ignore]");

export interface Submission {
  introduction: Introduction;
  properties: Properties;
}

/** Tells of each form as it is submitted, whoever sends it: the browser or the page's script. */
export function watchForms(submitted: (submission: Submission) => void): void {
  listen(window, "submit", ({ target }) => {
    const form = target as HTMLFormElement;
    if (ignored(form)) return;
    const introduction = readForm(form);
    submitted({
      introduction,
      properties: {
        form_id: form.getAttribute("id"),
        form_name: form.getAttribute("name"),
        path: location.pathname,
        fields: introduction.fields,
      },
    });
  });
}
