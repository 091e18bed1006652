import { early, tell } from "./seam";

const LEAVING_MS = 10000; // a navigation that takes longer has failed
const FILE =
  /\.(pdf|docx?|xlsx?|pptx?|pps|od[tsp]|rtf|txt|csv|epub|key|numbers|pages|zip|rar|7z|tar|t?gz|dmg|pkg|exe|msi|deb|rpm|apk|iso|mp[34]|mov|avi|wav|ics)$/i;

/** Tells of files that are downloaded and of links that lead to other sites: where to, without what follows a "?". */
export function followLink(event: MouseEvent): void {
  const link = ((event.composedPath()[0] || event.target) as Element).closest<HTMLAnchorElement>("a[href]");
  if (!link || event.button > 1 || !/^http/.test(link.protocol) || link.closest("[data-leadlight-ignore]")) return;
  const { origin, pathname, search, target } = link;
  const isFile = link.hasAttribute("download") || FILE.test(pathname);
  if (isFile || origin !== location.origin) {
    tell("track", { event: isFile ? "File Downloaded" : "Link Clicked", properties: { href: origin + pathname } });
  } else if (pathname + search !== location.pathname + location.search && !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !target) {
    early.until = Date.now() + LEAVING_MS; // it can send what there is to tell
  }
}
