import { get, put } from "./box";
import { randomId } from "./random";
import { attempt } from "./safely";
import { mode } from "./tag";

export const ID = "leadlight.id";
export const USER = "leadlight.user";

/**
 * This browser's id, made at the first need and read anew each time, so that all tabs agree whoever was first.
 * The collector's cookie outlives the storage in browsers that clear what scripts have stored. None where nothing may be stored: the collector makes one.
 */
export const visitorId = (): string | undefined =>
  mode ? undefined : get(ID) || put(ID, attempt(() => /leadlight.id=([\w-]+)/.exec(document.cookie)![1]!) || randomId());
