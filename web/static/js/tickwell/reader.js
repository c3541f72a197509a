/** One loop over a subscription: `for await (const record of subscription)`. */

import { MissedEvents } from "./errors.js";
import { Every, Newest, Whole } from "./mailbox.js";

/** Where the records of a channel wait for a loop. */
const mailboxFor = (kind, eventsMax) => {
  if (kind.isWhole) return new Whole();
  return kind.keyOf ? new Newest(kind.keyOf) : new Every(kind.channel, eventsMax);
};

/**
 * @template R
 * @implements {AsyncIterableIterator<R>}
 */
export class Reader {
  #mailbox; #throws; #watcher; #error = null; #isEnded = false; #wake = null; #change = null;

  /** @param {{left: (reader: Reader<any>) => void, missed: (gap: object) => void}} watcher */
  constructor(kind, { eventsMax, onGap }, watcher) {
    this.#mailbox = mailboxFor(kind, eventsMax);
    this.#throws = onGap === "throw";
    this.#watcher = watcher;
  }

  get conflated() { return this.#mailbox.conflated; }
  get dropped() { return this.#mailbox.dropped; }

  [Symbol.asyncIterator]() { return this; }

  /** @returns {Promise<IteratorResult<R, undefined>>} */
  async next() {
    for (;;) {
      const item = this.#mailbox.take();
      if (item?.gap) this.#tell(item.gap);
      else if (item) return { value: item.record, done: false };
      else if (this.#isEnded) return this.#last();
      else await this.#changed();
    }
  }

  /** The loop was left. @returns {Promise<IteratorResult<R, undefined>>} */
  async return() {
    this.end();
    this.#watcher.left(this);
    return { value: undefined, done: true };
  }

  batch(batch) {
    this.#mailbox.put(batch);
    this.#notify();
  }

  gap(gap) {
    if (!this.#throws) return;
    this.#mailbox.gap(gap);
    this.#notify();
  }

  stale(staleOf) { this.#mailbox.stale(staleOf); }

  /** Nothing more comes. What waits is still to be had, and then the error, if there is one. */
  end(error = null) {
    this.#error = error;
    this.#isEnded = true;
    this.#notify();
  }

  #last() {
    const error = this.#error;
    this.#error = null;
    if (error) throw error;
    return { value: undefined, done: true };
  }

  #tell(gap) {
    if (gap.reason === "slow_reader") this.#watcher.missed(gap);
    if (this.#throws) throw new MissedEvents(gap);
  }

  #changed() {
    this.#change ??= new Promise((resolve) => { this.#wake = resolve; });
    return this.#change;
  }

  #notify() {
    this.#wake?.();
    this.#wake = this.#change = null;
  }
}
