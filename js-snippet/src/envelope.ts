import { userId, uuid, visitorId } from "./visitor";

export type Properties = Record<string, unknown>;

export interface Page {
  url: string;
  path: string;
  referrer: string;
  title: string;
  search: string;
}

export interface Envelope {
  type: "page" | "track" | "identify";
  messageId: string;
  [more: string]: unknown;
}

/** Read once: while a page is being left, some browsers already answer differently. */
const { userAgent, language: locale } = navigator;

/** The page's address without its fragment, which is the page's own business and may hold secrets. */
export const address = (): string => location.href.split("#")[0]!;

export const describePage = (referrer: string): Page => ({
  url: address(),
  path: location.pathname,
  referrer,
  title: document.title,
  search: location.search,
});

/** One call as it travels, in Segment's shape; what is undefined stays here. */
export function envelope(type: Envelope["type"], page: Page, body: Properties): Envelope {
  return {
    type,
    messageId: uuid(),
    timestamp: new Date().toISOString(),
    anonymousId: visitorId(),
    userId: userId(),
    context: {
      page,
      userAgent,
      locale,
      library: { name: "leadlight.js", version: VERSION },
    },
    ...body,
  };
}
