import type { Page } from "../envelope";
import { guard, on } from "../safely";
import { amend, countIfMoved, early } from "./seam";

// The token of a link that was made for one person stands in `ll`. It is for the landing's page view, which the core tells as the
// page was opened; then for nobody: not to be shared with the address, nor read by other scripts, nor told as a referrer.

const TOKEN = /(\?)ll=[\w.-]{16,}&|[?&]ll=[\w.-]{16,}/g;
const SETTLE_MS = 50; // a single-page site sets its title, and redirects, just after the address changes

const bare = (address: string): string => address.replace(TOKEN, "$1");

/** Takes the token off the address bar. The page's own history functions, which others may listen on, are passed by; its state stays. */
export const strip = guard((): void => {
  const { search, href } = location;
  if (bare(search) !== search) History.prototype.replaceState.call(history, history.state, "", href.replace(search, bare(search)));
  amend((seen?: string, page?: Page) => [seen && bare(seen), page && { ...page, url: bare(page.url), search: bare(page.search) }]);
});

/** Hears of changes of the address, and of routers that bring back what they remember of it. */
export function watchAddress(): void {
  strip();
  on("popstate", strip);
  on(
    "currententrychange",
    () => {
      strip();
      early.until = 0; // the page that was to come is here
      setTimeout(guard(countIfMoved), SETTLE_MS);
    },
    (window as { navigation?: EventTarget }).navigation,
  );
}
