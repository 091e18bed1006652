import { drop, get, names, put } from "./box";
import { attempt } from "./safely";

const ID = "leadlight.id";
const USER = "leadlight.user";

/** A random UUID. `crypto.randomUUID` exists only on secure pages; this works on all. */
export const uuid = (): string =>
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (+digit ^ (crypto.getRandomValues(new Uint8Array(1))[0]! & (15 >> (+digit / 4)))).toString(16),
  );

/**
 * This browser's id, made at the first need and read anew each time, so that all tabs agree whoever was first.
 * A cookie stands in where storage is blocked or was cleared.
 */
export const visitorId = (): string => get(ID) || become(readCookie() || uuid());

/** Who the page says this is. */
export const userId = (): string | undefined => get(USER);

export const setUserId = (id: string): void => put(USER, id);

/** Whoever comes next is somebody new. */
export function forget(): void {
  drop(USER);
  become(uuid());
}

/** Leaves nothing behind in this browser. */
export function vanish(): void {
  writeCookie("", 0);
  names("leadlight.").forEach(drop);
}

function become(id: string): string {
  writeCookie(id, 31536e3);
  put(ID, id);
  return id;
}

const writeCookie = (id: string, seconds: number): unknown =>
  attempt(() => (document.cookie = `${ID}=${id};path=/;samesite=lax;max-age=${seconds}`));

const readCookie = (): string | undefined => attempt(() => (/leadlight\.id=([\w-]+)/.exec(document.cookie) || [])[1]);
