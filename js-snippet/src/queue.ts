import { keys, read, remove, write } from "./safely";

// What waits to be sent. Every event has a storage key of its own, so that tabs never overwrite one another, and stays there
// until a 2xx has come back. What this tab's earlier pages left behind, and what is old enough to be nobody's, is taken over.

const BATCH_DELAY_MS = 60;
const BATCH_BYTES = 60000; // browsers let a closing page finish sending 64 KB
const EVENT_BYTES = 32000;
const MOST_EVENTS = 500;
const OLDEST_MS = 6 * 86400000;
const ORPHANED_MS = 30000;
const LONGEST_PAUSE_MS = 300000;

interface Waiting {
  key: string;
  json: string;
  stored: boolean;
}

export interface Queue {
  /** Takes an event in, to be sent in a moment; held back for this site's next page if `hold` and it could be stored. */
  add: (event: { messageId: string }, hold?: boolean | undefined) => void;
  /** Sends what waits. `leaving`: at once, whatever else is under way. */
  flush: (leaving?: boolean) => Promise<void>;
}

const bytes = (text: string): number => new Blob([text]).size;

export function createQueue(address: string, writeKey: string, tab: string): Queue {
  const prefix = `leadlight.q.${writeKey}.`;
  let waiting: Waiting[] = [];
  let sending: Waiting[] = [];
  let most = MOST_EVENTS;
  let failures = 0;
  let pausedUntil = 0;
  let timer = 0;
  let warned = false;

  function add(event: { messageId: string }, hold?: boolean): void {
    const json = JSON.stringify(event);
    if (bytes(json) > EVENT_BYTES) return warn("an event over 32 KB");
    const key = `${prefix}${Date.now()}.${tab}.${event.messageId}`;
    const stored = write(key, json);
    if (stored && hold) return;
    waiting.push({ key, json, stored });
    if (waiting.length > MOST_EVENTS) remove(waiting.shift()!.key);
    plan(BATCH_DELAY_MS);
  }

  function plan(delay: number): void {
    timer = timer || window.setTimeout(flush, Math.max(delay, pausedUntil - Date.now()));
  }

  async function flush(leaving?: boolean): Promise<void> {
    if (leaving !== true) {
      clearTimeout(timer);
      timer = 0;
      if (sending[0]) return;
      adopt();
    }
    // What is no longer stored, another tab has delivered.
    waiting = waiting.filter((event) => !event.stored || read(event.key));
    let room = BATCH_BYTES;
    const batch: Waiting[] = [];
    while (waiting[0] && batch.length < most && (room -= bytes(waiting[0].json)) > 0) batch.push(waiting.shift()!);
    if (batch[0]) await send(batch, leaving === true);
  }

  function adopt(): void {
    const mine = waiting.map((event) => event.key);
    const found = keys(prefix);
    waiting = found
      .filter((key, index) => {
        const [madeAt, owner] = key.slice(prefix.length).split(".");
        const age = Date.now() - +madeAt!;
        if (age > OLDEST_MS || index < found.length - MOST_EVENTS) remove(key);
        else return !mine.includes(key) && (owner === tab || age > ORPHANED_MS);
        return false;
      })
      .map((key) => ({ key, json: read(key)!, stored: true }))
      .concat(waiting);
  }

  async function send(batch: Waiting[], leaving: boolean): Promise<void> {
    const events = batch.map((event) => event.json);
    const body = `{"writeKey":${JSON.stringify(writeKey)},"sentAt":"${new Date().toISOString()}","batch":[${events}]}`;
    if (leaving && !("keepalive" in Request.prototype)) {
      navigator.sendBeacon(address, body); // says nothing about arrival, so the events stay
      waiting = batch.concat(waiting);
      return;
    }
    sending = sending.concat(batch);
    let status = 0;
    try {
      status = (await fetch(address, { method: "POST", body, keepalive: true, credentials: "omit" })).status;
    } catch {
      // no answer
    }
    sending = sending.filter((event) => !batch.includes(event));
    if (status === 413 && batch[1]) {
      most = batch.length >> 1;
      waiting = batch.concat(waiting);
    } else if (status >= 200 && status < 500 && status !== 408 && status !== 429) {
      failures = pausedUntil = 0;
      if (status > 299) warn(`${batch.length} events, refused with status ${status}`);
      batch.forEach((event) => remove(event.key));
    } else {
      pausedUntil = Date.now() + Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2);
      waiting = batch.concat(waiting);
    }
    if (waiting[0]) plan(0);
  }

  function warn(what: string): void {
    if (!warned) console.warn("leadlight dropped " + what);
    warned = true;
  }

  addEventListener("online", () => {
    pausedUntil = 0;
    void flush();
  });

  return { add, flush };
}
