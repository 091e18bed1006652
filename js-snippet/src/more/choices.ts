import type { Properties } from "../envelope";
import { randomId } from "../random";
import { attempt, on } from "../safely";
import type { Choice } from "../surface";
import { strip } from "./landing";
import { actions, api, drop, go, put, tag, tell } from "./seam";

// What the visitor allows. Two things may be remembered: an opt-out, and what was consented to (a refusal only where nothing
// would mean consent). Everything else goes when permission goes.

const ID = "leadlight.id";
const USER = "leadlight.user";
const CONSENT = "leadlight.consent";
const OUT = "leadlight.out";

const { mode } = tag.dataset;
const required = tag.dataset.consent === "required";
const storage: Record<string, string> = attempt(() => localStorage) || {};

let said: Required<Choice> | undefined;

const recall = (): unknown => (said = mode ? said : attempt(() => JSON.parse(storage[CONSENT]!)));

const objects = (): unknown => navigator.globalPrivacyControl || navigator.doNotTrack === "1";

export const permitted = (): unknown => !objects() && !storage[OUT] && (said ? said.analytics : !required);

/** The ladder's second rung: measured, but nobody's name. */
const mayIdentify = (): unknown => permitted() && (!said || said.marketing);

/** Whether a program drives the browser is told from here on, by what tells how the page was used, if not by its page view. */
const context = (): Properties => ({
  cookieless: mode && true,
  webdriver: navigator.webdriver || undefined,
  consent: said && { categoryPreferences: said },
});

/** These calls wait until there is permission, or a refusal; from then on they do something, or nothing. */
const calls = {
  identify(user: string | Properties, traits?: Properties, properties?: Properties): void {
    if (!mayIdentify()) return;
    if (typeof user === "object") traits = user;
    else if (user) put(USER, user);
    tell("identify", { traits, properties });
  },
  group: (groupId: string, traits?: Properties): unknown => permitted() && tell("group", { groupId, traits }),
  reset(): void {
    drop(USER);
    if (!mode && permitted()) put(ID, randomId());
  },
};

function begin(): void {
  if (!permitted()) return;
  Object.assign(actions, calls);
  go(context());
  strip(); // what was opened with a token has been counted now
  api.splice(0).forEach(api.push);
}

/** Stops, and leaves nothing behind in this browser, nor a cookie that the collector has set for all of the site's hosts. */
function end(): void {
  go(undefined);
  Object.assign(actions, calls);
  api.length = 0;
  vanish();
}

function vanish(): void {
  const kept = said && !said.analytics && !required && CONSENT;
  for (const name of Object.keys(storage)) {
    if (!name.startsWith("leadlight.") || name === OUT || name === kept) continue;
    drop(name);
    attempt(() => delete storage[name]);
  }
  const { hostname } = location;
  attempt(() => hostname.replace(/^|\.|$/g, (_dot, at) => (document.cookie = `${ID}=;path=/;max-age=0;domain=${hostname.slice(at)}`)));
}

Object.assign(actions, {
  consent(choice: Choice): void {
    if (objects() || storage[OUT]) return;
    said = { analytics: !!choice.analytics, marketing: !!choice.marketing };
    if (said.analytics || !required) put(CONSENT, JSON.stringify(said));
    if (said.analytics) begin();
    else end();
  },
  optOut(): void {
    end();
    storage[OUT] = "1";
  },
  optIn(): void {
    delete storage[OUT];
    begin();
  },
});

export function watchChoices(): void {
  recall();
  if (mode) vanish();
  if (permitted()) begin();
  else if (said || !required || storage[OUT] || objects()) end();
  else vanish(); // the question is open: calls wait
  on("storage", () => {
    // another tab
    recall();
    if (permitted()) begin();
    else go(undefined);
  });
}
