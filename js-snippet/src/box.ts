import { attempt } from "./safely";
import { mode } from "./tag";

type Box = Record<string, string>;

/** This browser's local storage; where that is blocked, something that lives as long as the page. */
export const storage: Box = attempt(() => localStorage as unknown as Box) || {};

// What is remembered: in the storage, or in this page's memory where that is full or not wanted (`data-mode="cookieless"`).
let box = mode ? {} : storage;

export const put = (name: string, value: string): string => {
  try {
    box[name] = value;
  } catch {
    box = { ...box, [name]: value };
  }
  return value;
};

export const get = (name: string): string | undefined => box[name];

export const drop = (name: string): unknown => delete box[name];

/** All names in it. */
export const names = (): string[] => Object.keys(box);
