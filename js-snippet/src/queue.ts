import { drop, get, names, put } from "./box";
import { attempt, later, listen } from "./safely";

// What waits to be sent. Every event has a place of its own in the box, so that tabs never overwrite one another, and stays
// there until a 2xx has come back. What this tab's earlier pages left behind is taken over at once, what another tab left
// behind when it is old enough to be nobody's.

const BATCH_DELAY_MS = 60;
const BATCH_BYTES = 6e4; // browsers let a closing page finish sending 64 KB
const EVENT_BYTES = 32e3;
const MOST_EVENTS = 500;
const OLDEST_MS = 5184e5; // six days
const ORPHANED_MS = 3e4;
const LONGEST_PAUSE_MS = 3e5;

export interface Queue {
  /** Takes an event in, to be sent in a moment; `hold`: with this site's next page. */
  add: (event: { messageId: string }, hold?: boolean) => void;
  /** Sends what waits. `leaving`: at once, whatever else is under way. */
  flush: (leaving?: boolean) => void;
}

const bytes = (text: string): number => new Blob([text]).size;

export function createQueue(address: string, writeKey: string, tab: string): Queue {
  const prefix = `leadlight.q.${writeKey}.`;
  const sending = new Set<string>();
  let most = MOST_EVENTS;
  let latest = 0;
  let failures = 0;
  let pausedUntil = 0;
  let timer = 0;
  let warned = 0;
  let held: string;

  function add(event: { messageId: string }, hold?: boolean): void {
    const json = JSON.stringify(event);
    if (bytes(json) > EVENT_BYTES) return warn("over 32 KB");
    latest = Math.max(latest + 1, Date.now());
    const name = `${prefix}${latest}.${tab}.${event.messageId}`;
    put(name, json);
    if (hold) held = name;
    else plan();
  }

  function plan(): void {
    timer = timer || later(flush, Math.max(BATCH_DELAY_MS, pausedUntil - Date.now()));
  }

  function flush(leaving?: boolean): void {
    if (!leaving) {
      clearTimeout(timer);
      timer = 0;
      if (sending.size) return;
    }
    const batch = nextBatch(leaving);
    if (batch[0]) send(batch);
  }

  function nextBatch(leaving?: boolean): string[] {
    const kept = names(prefix);
    let room = BATCH_BYTES;
    let places = most;
    return kept.filter((name, index) => {
      const [madeAt, owner] = name.slice(prefix.length).split(".");
      const ageMs = Date.now() - +madeAt!;
      if (ageMs > OLDEST_MS || index < kept.length - MOST_EVENTS) return drop(name), false;
      return (
        !sending.has(name) &&
        !(leaving && name === held) &&
        (owner === tab || ageMs > ORPHANED_MS) &&
        places-- > 0 &&
        (room -= bytes(get(name)!)) > 0
      );
    });
  }
  async function send(batch: string[]): Promise<void> {
    const body = `{"writeKey":${JSON.stringify(writeKey)},"sentAt":"${new Date().toISOString()}","batch":[${batch.map(get)}]}`;
    batch.forEach((name) => sending.add(name));
    let status = 0;
    try {
      status = (await fetch(address, { method: "POST", body, keepalive: true, credentials: "omit" })).status;
    } catch {
      // no answer is answer 0
    }
    attempt(() => answered(batch, status));
  }

  function answered(batch: string[], status: number): void {
    batch.forEach((name) => sending.delete(name));
    if (status === 413 && batch[1]) most = batch.length >> 1;
    else if (/^[0135]|408|429/.test(`${status}`)) {
      pausedUntil = Date.now() + Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2);
    } else {
      failures = pausedUntil = 0;
      batch.forEach(drop);
      if (status > 299) warn(status);
      if (!names(prefix)[0]) return;
    }
    plan();
  }

  function warn(why: string | number): void {
    if (!warned++) console.warn("leadlight dropped events:", why);
  }

  listen(window, "online", () => {
    pausedUntil = 0;
    flush();
  });

  return { add, flush };
}
