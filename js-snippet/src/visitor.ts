import { attempt, read, remove, write } from "./safely";

const ID = "leadlight.id";
const USER = "leadlight.user";
const YEAR_SECONDS = 31536000;

let kept: string | undefined;

/** A random UUID. `crypto.randomUUID` exists only on secure pages; this works on all. */
export const uuid = (): string =>
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (+digit ^ (crypto.getRandomValues(new Uint8Array(1))[0]! & (15 >> (+digit / 4)))).toString(16),
  );

/**
 * This browser's id, made at the first need. Read anew each time, so that all tabs agree whoever was first; a cookie stands
 * in where storage is blocked, and memory where both are.
 */
export function visitorId(): string {
  return read(ID) || cookie() || keep(kept || uuid());
}

export const userId = (): string | null | undefined => read(USER);

export const setUserId = (id: string): unknown => write(USER, id);

/** Forget who this is: whatever comes next is somebody new. */
export function forget(): void {
  remove(ID);
  remove(USER);
  keep(uuid());
}

function keep(id: string): string {
  if (!write(ID, (kept = id))) {
    attempt(() => (document.cookie = `${ID}=${id};path=/;max-age=${YEAR_SECONDS};samesite=lax`));
  }
  return id;
}

const cookie = (): string | undefined =>
  attempt(() => (/leadlight\.id=([\w-]+)/.exec(document.cookie) || [])[1]);
