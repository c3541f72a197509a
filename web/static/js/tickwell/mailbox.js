/**
 * What waits for a loop over a subscription. Both kinds are bounded, for a browser reads its sockets whether we have room
 * or not: `Every` lets go of the oldest and says so; `Newest` holds one record of each key.
 */

import { removeKeys } from "./kinds.js";

const KEYS_MAX = 100_000;
const GAPS_MAX = 256;

/** @typedef {{record: any, gap?: undefined} | {record?: undefined, gap: import("./records.js").Gap}} Item */

/** Every record once, in order, and where some are missing a gap. */
export class Every {
  /** How many were let go, because too many waited. */ dropped = 0;
  conflated = 0;
  #channel; #max; #items = []; #head = 0; #lost = 0;

  /** @param {string} channel @param {number} recordsMax */
  constructor(channel, recordsMax) {
    this.#channel = channel;
    this.#max = recordsMax;
  }

  /** @param {import("./records.js").Batch<any>} batch */
  put(batch) { for (const record of batch.records) this.#push({ record }); }

  gap(gap) { this.#push({ gap }); }

  /** Of what waits nothing is made old: it happened. */
  stale() {}

  /** @returns {Item | undefined} */
  take() {
    if (this.#lost) return { gap: this.#confess() };
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#advance();
    return item;
  }

  #push(item) {
    this.#items.push(item);
    if (this.#items.length - this.#head <= this.#max) return;
    const lost = this.#items[this.#head].gap ? 0 : 1;
    this.#lost += lost;
    this.dropped += lost;
    this.#advance();
  }

  #advance() {
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }

  #confess() {
    const missed = this.#lost;
    this.#lost = 0;
    return { channel: this.#channel, reason: "slow_reader", missed };
  }
}

/** The newest record of each key, in the order in which the keys changed first. */
export class Newest {
  dropped = 0;
  /** How many were replaced by newer ones before they were taken. */ conflated = 0;
  #keyOf; #records = new Map(); #gaps = [];

  /** @param {(record: any) => string} keyOf */
  constructor(keyOf) { this.#keyOf = keyOf; }

  put(batch) {
    if (batch.kind === "snapshot") this.#clear();
    removeKeys(this.#records, batch.removed);
    for (const record of batch.records) this.#keep(this.#keyOf(record), record);
  }

  gap(gap) { if (this.#gaps.push(gap) > GAPS_MAX) this.#gaps.shift(); }

  /** What waits is no longer current. @param {(record: any) => any} staleOf */
  stale(staleOf) { for (const [key, record] of this.#records) this.#records.set(key, staleOf(record)); }

  take() {
    if (this.#gaps.length) return { gap: this.#gaps.shift() };
    for (const [key, record] of this.#records) {
      this.#records.delete(key);
      return { record };
    }
    return undefined;
  }

  #clear() {
    this.conflated += this.#records.size;
    this.#records.clear();
  }

  #keep(key, record) {
    if (this.#records.has(key)) this.conflated += 1;
    this.#records.set(key, record);
    if (this.#records.size <= KEYS_MAX) return;
    this.#records.delete(this.#records.keys().next().value);
    this.conflated += 1;
  }
}

/** The newest result as a whole. */
export class Whole extends Newest {
  constructor() { super(() => ""); }

  put(batch) { super.put({ kind: "update", removed: [], records: [batch.records] }); }

  stale(staleOf) { super.stale((records) => records.map(staleOf)); }
}
