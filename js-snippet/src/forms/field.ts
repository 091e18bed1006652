import { EMAIL, FORBIDDEN, meaningOf, OTHERS, OWN, plain, type Meaning } from "./words";

/** A form's control, also a custom element that is one; only what is looked at. */
export interface Field extends Element {
  readonly type?: string;
  readonly value?: unknown;
}

/** A field somebody wrote a short text in. */
export interface Entry {
  readonly field: Field;
  readonly value: string;
}

/** What a field asks for, and of whom. */
export interface Sense {
  readonly means: Meaning | "email" | undefined;
  readonly others: boolean;
  readonly own: boolean;
}

const UNREAD = /^(hidden|password|file|submit|button|reset|image|fieldset|output|object)$/;
const SHORT_TEXT = /^(text|email|tel)$/;

/** What `autocomplete` may say; its other words name fields that ask for neither. */
const TOKENS: Record<string, Sense["means"]> = {
  email: "email",
  username: "email",
  name: "name",
  "given-name": "first",
  "family-name": "last",
  organization: "company",
  "organization-title": "job_title",
  tel: "phone",
  "tel-national": "phone",
};
const ELSEWHERE = /^(street|address|country|postal|bday|sex|url|photo|language|tel-|transaction|honorific|additional|nickname|impp)/;
const CONTROL = "input,select,textarea,button";
const FORBIDDEN_TOKEN = /^cc-|password|one-time/;

const say = (field: Element, name: string): string => field.getAttribute(name) || "";

const typeOf = (field: Field): string => (typeof field.type === "string" && field.type) || say(field, "type") || "text";

const tokenOf = (field: Element): string => say(field, "autocomplete").trim().toLowerCase().split(/\s+/).pop()!;

const names = (field: Element): string => `${plain(say(field, "name"))}|${plain(say(field, "id"))}`;

/** Whether its name may be told. */
export const mayBeTold = (field: Field): boolean =>
  !UNREAD.test(typeOf(field)) && !FORBIDDEN_TOKEN.test(tokenOf(field)) && !FORBIDDEN.test(names(field));

/** What stands in it, if it is one for a short text that will be sent. */
export function textIn(field: Field): string {
  if (!SHORT_TEXT.test(typeOf(field))) return "";
  const { value } = field;
  return typeof value === "string" && value && value.length < 250 && !field.matches(":disabled") ? value.trim() : "";
}

/** The first line of a longer text. */
export const lineIn = ({ type, value }: Field): string => (type === "textarea" ? (value as string).trim().split(/[\r\n]/)[0]!.slice(0, 100) : "");

/** The element that is shown as a field's label, for all fields of a tree in one walk. */
export function labelsIn(root: ParentNode): Map<Element, Element> {
  const labels = new Map<Element, Element>();
  root.querySelectorAll("label").forEach((label) => {
    const { control } = label;
    if (control && !labels.has(control)) labels.set(control, label);
  });
  return labels;
}

const text = (element: Element | null | undefined): string => (element ? plain(element.textContent!.replace(/\([^)]*\)/g, "").trim()) : "");

/** Where no label is, what stands before the field, or before the cell that it is in; not if that is another field's. */
function wordsBefore(field: Element): string {
  const before = field.previousElementSibling || (field.parentElement && field.parentElement.previousElementSibling);
  return before && !(before as HTMLLabelElement).control && !before.matches(CONTROL) && !before.querySelector(CONTROL) ? text(before) : "";
}

/** What a field asks for, by all that is said about it; nothing of what must not be looked at. */
export function senseOf(field: Field, label: Element | undefined): Sense | undefined {
  const root = field.getRootNode() as Document | ShadowRoot;
  const token = tokenOf(field);
  const type = typeOf(field);
  const said = [
    `${type}|${say(field, "inputmode") === "email" ? "email" : ""}|${plain(say(field, "autocomplete"))}`,
    names(field),
    plain(say(field, "data-name")),
    plain(say(field, "aria-label")),
    ...(say(field, "aria-labelledby").match(/\S+/g) || []).map((id) => text(root.getElementById(id))),
    text(label),
    plain(say(field, "placeholder")),
  ];
  if (!said.slice(3).some(Boolean)) said.push(wordsBefore(field));
  const hints = said.join("|");
  if (FORBIDDEN_TOKEN.test(token) || FORBIDDEN.test(hints)) return;
  const group = field.closest("fieldset,[role=group]");
  const legend = group && (text(group.querySelector("legend")) || plain(say(group, "aria-label")));
  const means =
    TOKENS[token] || (ELSEWHERE.test(token) ? undefined : EMAIL.test(hints) ? "email" : meaningOf(hints));
  return { means, others: OTHERS.test(`${hints}|${legend}`), own: OWN.test(hints) || token === "email" };
}
