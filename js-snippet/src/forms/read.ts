import { labelsIn, lineIn, mayBeTold, senseOf, textIn, type Entry, type Field } from "./field";
import { isEmail, isPhone, isWords } from "./values";
import { FOR_OTHERS, plain, type Meaning } from "./words";

const MOST_NAMES = 50;
const MOST_EMAILS = 20;
const NEIGHBOURS = 12; // fields looked at before and after the e-mail

export interface Introduction {
  /** Who the form says its sender is; only with a valid e-mail. */
  traits: Record<string, string> | undefined;
  /** Names of the fields, without their values. */
  fields: string[];
  /** What a request carries if it carries this form: the e-mail, or else the longest text. Never sent. */
  proof: string;
}

const CONTROL = "input,select,textarea";
const IGNORED = "[data-leadlight-ignore]";

/** Marked to be ignored: itself, what it is in, or the frame it is in. */
export function ignored(element: Element): boolean {
  for (let inner: Element | null | undefined = element; inner; inner = outside(inner)) {
    if (inner.closest(IGNORED)) return true;
  }
  return false;
}

const outside = (element: Element): Element | null | undefined =>
  (element.getRootNode() as ShadowRoot).host || element.ownerDocument.defaultView?.frameElement;

const { get: controls } = Object.getOwnPropertyDescriptor(HTMLFormElement.prototype, "elements")!;

/** A form's controls, wherever they stand, and those in these shadow roots inside it; without ignored ones. */
function fieldsOf(form: Element, roots: readonly ShadowRoot[]): Field[] {
  const fields = new Set<Field>(form.tagName === "FORM" ? (controls!.call(form) as HTMLCollectionOf<HTMLInputElement>) : form.querySelectorAll(CONTROL));
  for (const root of roots) {
    let around: Element | null | undefined = root.host;
    while (around && !form.contains(around)) around = (around.getRootNode() as ShadowRoot).host;
    if (around && !ignored(root.host)) root.querySelectorAll(CONTROL).forEach((field) => fields.add(field));
  }
  return [...fields].filter((field) => !field.closest(IGNORED));
}

/**
 * Reads a form by meaning. What must not be looked at never is (see words.ts), nor are somebody else's name and address.
 *
 * Of several e-mails the one marked as the sender's own counts, then the first; of a list of like ones none does.
 */
export function readForm(form: Element, roots: readonly ShadowRoot[] = []): Introduction {
  const names = new Set<string>();
  const entries: Entry[] = [];
  let longest = "";
  for (const field of fieldsOf(form, roots)) {
    const value = textIn(field);
    const mayCount = names.size < MOST_NAMES;
    if (value) entries.push({ field, value });
    if (!mayCount || !mayBeTold(field)) continue;
    const name = field.getAttribute("name");
    if (name) names.add(name);
    const line = value || lineIn(field);
    if (line.length > longest.length) longest = line;
  }
  const traits = traitsIn(form, entries);
  return { traits, fields: [...names], proof: traits ? traits.email! : longest };
}

function traitsIn(form: Element, entries: Entry[]): Introduction["traits"] {
  const addressed = entries.filter(({ value }) => isEmail(value));
  if (!addressed[0] || addressed.length > MOST_EMAILS) return;
  const labels = new Map<Node, ReturnType<typeof labelsIn>>();
  const sense = ({ field }: Entry) => {
    const root = field.getRootNode() as Document;
    if (!labels.has(root)) labels.set(root, labelsIn(root));
    return senseOf(field, labels.get(root)!.get(field));
  };
  const emails = addressed.map((entry) => ({ ...entry, ...sense(entry) })).filter(({ means, others }) => means === "email" && !others);
  const own = emails.find((email) => email.own);
  const first = emails[0];
  const chosen = own || first;
  if (!chosen || (!own && forOthers(form)) || (!own && emails.some((email) => isOneOfMany(first!, email)))) return;

  const found: Partial<Record<Meaning, string>> = {};
  const place = entries.findIndex(({ field }) => field === chosen.field);
  for (const entry of entries.slice(Math.max(0, place - NEIGHBOURS), place + NEIGHBOURS)) {
    if (isEmail(entry.value)) continue;
    const { means, others } = sense(entry) || {};
    if (!means || means === "email" || others || found[means]) continue;
    if ((means === "phone" ? isPhone : isWords)(entry.value)) found[means] = entry.value;
  }
  const traits = {
    email: chosen.value,
    name: nameFrom(found),
    company: found.company,
    phone: found.phone,
    job_title: found.job_title || (found.company && found.title), // a title without a company may be a message's
  };
  return JSON.parse(JSON.stringify(traits)); // without what is undefined
}

const forOthers = (form: Element): boolean =>
  FOR_OTHERS.test(["id", "name", "action", "aria-label"].map((name) => plain((form.getAttribute(name) || "").slice(-60))).join("|"));

/** Two different addresses in fields of one name but for digits: a list of people. */
const isOneOfMany = (one: Entry, other: Entry): boolean =>
  one.value.toLowerCase() !== other.value.toLowerCase() && plain(one.field.getAttribute("name") || "") === plain(other.field.getAttribute("name") || "");

/** First and last in the order of their language, however the form asks for them. */
function nameFrom({ first, last, name }: Partial<Record<Meaning, string>>): string | undefined {
  if (first && last) return /[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]/.test(last) ? `${last} ${first}` : `${first} ${last}`;
  if (!name) return first || last;
  if (first && !name.includes(first)) return `${first} ${name}`; // where "Name" is the family's
  return last && !name.includes(last) ? `${name} ${last}` : name; // where "Nombre" is the person's
}
