export type { Properties } from "./surface";

export interface Page {
  url: string;
  path: string;
  referrer: string;
  title: string;
  search: string;
}

export type Kind = "page" | "track" | "identify" | "group";
