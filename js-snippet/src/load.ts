import type { Call, Choice, Leadlight, Properties } from "./surface.js";

export type { Call, Choice, Leadlight, Properties };

export interface Options {
  /** Where the collector is: `https://collect.example`. */
  host: string;
  /** The site's public write key. */
  key: string;
  /** Nothing is stored or sent until `leadlight.consent(...)` was called. */
  consent?: "required";
  /** Nothing is stored at all. */
  mode?: "cookieless";
  /** The site's router goes by what follows "#". */
  hash?: boolean;
  /** Where to send to, if not to `host`. */
  endpoint?: string;
  /** This version and no other, as leadlight.json names its hash. */
  version?: string;
  integrity?: string;
  /** Of a strict content security policy. */
  nonce?: string;
}

interface Policy {
  createScriptURL: (url: string) => string;
}

const NAMES = ["page", "track", "identify", "group", "reset", "consent", "optOut", "optIn"] as const;

/**
 * Puts the tag on the page, once, and answers with what the page may call; calls made before the script is here wait for it.
 * Where there is no page (on a server) calls go nowhere.
 */
export function load(options: Options): Leadlight {
  const there = typeof window === "undefined" ? undefined : window.leadlight;
  const calls = (there || []) as unknown as Record<string, unknown>;
  for (const name of NAMES) calls[name] = calls[name] || ((...args: unknown[]) => (calls as unknown as Leadlight).push([name, ...args]));
  const leadlight = calls as unknown as Leadlight;
  if (typeof document === "undefined") return Object.assign(leadlight, { push: () => undefined });
  window.leadlight = leadlight;
  const { host, key, version, hash, ...rest } = options;
  if (leadlight.version || document.querySelector(`script[data-key="${CSS.escape(key)}"]`)) return leadlight;

  const tag = document.createElement("script");
  tag.async = true;
  tag.dataset.key = key;
  if (hash) tag.dataset.hash = "";
  for (const name of ["consent", "mode", "endpoint"] as const) if (rest[name]) tag.dataset[name] = rest[name];
  if (rest.nonce) tag.nonce = rest.nonce;
  if (rest.integrity) Object.assign(tag, { integrity: rest.integrity, crossOrigin: "anonymous" });
  tag.src = trusted(`${host.replace(/\/$/, "")}/leadlight${version ? `-${version}` : ""}.js`);
  document.head.append(tag);
  return leadlight;
}

/** An address that a page lets through which requires Trusted Types: by a policy of the name `leadlight-load`. */
function trusted(address: string): string {
  const { trustedTypes } = window as { trustedTypes?: { createPolicy: (name: string, rules: Policy) => Policy } };
  try {
    return trustedTypes ? trustedTypes.createPolicy("leadlight-load", { createScriptURL: (url) => url }).createScriptURL(address) : address;
  } catch {
    return address;
  }
}
