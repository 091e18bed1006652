import { attempt } from "./safely";

type Box = Record<string, string>;

// What this browser remembers: its local storage, or this page's memory where that is blocked or full.
let box: Box = attempt(() => localStorage as unknown as Box) || {};

export function put(name: string, value: string): void {
  try {
    box[name] = value;
  } catch {
    box = { ...box, [name]: value };
  }
}

export const get = (name: string): string | undefined => box[name];

export const drop = (name: string): unknown => delete box[name];

/** Names in the box that begin like this, in order. */
export const names = (beginning: string): string[] =>
  Object.keys(box)
    .filter((name) => name.startsWith(beginning))
    .sort();
