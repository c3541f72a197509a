/** What you listen to, or loop over. */

import { HubClosed } from "./errors.js";
import { identityOf } from "./feed.js";
import { Handlers } from "./handlers.js";
import { kindOf, staleOf } from "./kinds.js";
import { Reader } from "./reader.js";

/** @type {any[]} */
const EVENTS = ["data", "gap", "stale", "accepted", "connected", "disconnected", "error"];
const OPTIONS = ["onGap", "eventsMax", "signal"];
const WARN_EVERY_MS = 10_000;

/**
 * What a subscription tells, by handlers that may stand in the options or be given to `on`.
 *
 * - `data(records, batch)`: records came; `batch.kind` is `snapshot` (everything, in place of what you had) or `update`,
 *   and `batch.removed` lists the keys that are gone.
 * - `gap(gap)`: events are missing here.
 * - `stale(records)`: the connection is lost, and so the newest records are no longer current.
 * - `accepted(result)`: the hub agreed, with what it `rejected` and its `warnings`; after each reconnection again.
 * - `disconnected(error)`, `connected({recovered})`: it is gone, and back; `recovered` says that nothing is missing.
 * - `error(error)`: the hub said no, or will not have us, or another handler threw.
 *
 * @template R
 * @typedef {object} SubscriptionEvents
 * @property {(records: R[], batch: import("./records.js").Batch<R>) => void} data
 * @property {(gap: import("./records.js").Gap) => void} gap
 * @property {(records: R[]) => void} stale
 * @property {(accepted: import("./records.js").Accepted) => void} accepted
 * @property {(how: {recovered: boolean}) => void} connected
 * @property {(error: Error) => void} disconnected
 * @property {(error: Error) => void} error
 */

/**
 * Handlers, and: `onGap`, whether a loop throws `MissedEvents` where some are missing (default: "tell"); `eventsMax`, so
 * many records wait for a loop of a channel whose every record counts (default: 10 000); `signal` ends it.
 * @template R
 * @typedef {Partial<SubscriptionEvents<R>> & {onGap?: "tell" | "throw", eventsMax?: number, signal?: AbortSignal}} SubscriptionOptions
 */

/**
 * Records of one channel, as they come, over all reconnections.
 *
 *   for await (const trade of hub.trades("bybit:linear:BTCUSDT")) …
 *   hub.tickers("top:20", {}, { data: (records) => … });
 *
 * The hub is asked when the first handler, loop or `ready()` wants it. What only loops wanted ends with the last of them;
 * else `close()` ends it. A loop throws `RequestError` if the hub says no, and `Refused` if it will not have us any more;
 * a lost connection throws nothing. Several loops may go over one subscription: each gets everything.
 * @template R
 */
export class Subscription {
  #desk; #reader; #params; #options; #handlers; #kind;
  #feed = null; #isJoined = false; #isHeld = false; #loops = new Set(); #waiters = []; #warnedAt = -Infinity;
  #conflated = 0; #dropped = 0;

  /** The methods of `Hub` make them. @param {any} desk @param {Record<string, any>} params @param {SubscriptionOptions<R>} options */
  constructor(desk, params, options) {
    this.#desk = desk;
    this.#params = { ...params };
    this.#options = checked({ eventsMax: desk.eventsMax, onGap: "tell", ...options });
    this.#reader = this.#asReader();
    this.#kind = kindOf(params.channel);
    this.#handlers = new Handlers(EVENTS, `subscription to ${params.channel}`);
    this.#options.signal?.addEventListener("abort", () => this.close(), { once: true });
    for (const event of EVENTS) if (options[event]) this.on(event, options[event]);
  }

  /** @returns {string} */
  get channel() { return this.#params.channel; }

  /** What the selectors mean now; empty until the hub has answered. @returns {string[]} */
  get keys() { return [...(this.#feed?.keys ?? [])]; }

  /** The selectors that the hub refused, each with a reason and what was perhaps meant. @returns {import("./records.js").Rejection[]} */
  get rejected() { return this.#feed?.accepted?.rejected ?? []; }

  /** What else the hub had to say about the request. @returns {string[]} */
  get warnings() { return this.#feed?.accepted?.warnings ?? []; }

  /** The newest record of each key, marked `stale` while it is not current; of quality by key and channel, of derived values
   * by key, plugin and name ("bybit:linear:BTCUSDT volatility har"). Empty for channels whose every record counts.
   * @returns {ReadonlyMap<string, R>} */
  get latest() { return this.#feed?.latest ?? new Map(); }

  /** Epoch and offset of the last frame, to be given as `resume` some other time. @returns {?{epoch: string, offset: number}} */
  get position() { return this.#feed?.position ?? null; }

  /** Whether the hub tells it now. @returns {boolean} */
  get isLive() { return this.#isJoined && this.#feed.isUp && this.#feed.accepted !== null; }

  /** How many events are missing, as far as the hub could count them. @returns {number} */
  get missed() { return this.#feed?.missed ?? 0; }

  /** How many records were let go here, because a loop was too slow. @returns {number} */
  get dropped() { return this.#dropped + this.#sum("dropped"); }

  /** How many records were replaced by newer ones while they waited for a loop. @returns {number} */
  get conflated() { return this.#conflated + this.#sum("conflated"); }

  /** How often it began anew because a frame was missing. @returns {number} */
  get resyncs() { return this.#feed?.resyncs ?? 0; }

  /** @template {keyof SubscriptionEvents<R>} E @param {E} event @param {SubscriptionEvents<R>[E]} handler @returns {this} */
  on(event, handler) {
    this.#handlers.add(event, handler);
    this.#isHeld = true;
    this.#begin();
    return this;
  }

  /** @template {keyof SubscriptionEvents<R>} E @param {E} event @param {SubscriptionEvents<R>[E]} handler @returns {this} */
  off(event, handler) {
    this.#handlers.remove(event, handler);
    return this;
  }

  /** Waits until the hub has agreed; it lasts until `close()` then. Rejects as a loop would throw.
   * @returns {Promise<import("./records.js").Accepted>} */
  async ready() {
    this.#isHeld = true;
    this.#begin();
    if (this.#feed?.accepted) return this.#feed.accepted;
    return new Promise((resolve, reject) => { this.#waiters.push({ resolve, reject }); });
  }

  /** At most so many frames per second from now on; 0: as soon as the hub knows. @param {number} rateHz */
  setRate(rateHz) {
    if (!(rateHz >= 0)) throw new RangeError(`max_rate_hz=${rateHz}: 0 or more would be right`);
    this.#params.max_rate_hz = rateHz;
    if (this.#isJoined) this.#desk.pace(this.#feed);
  }

  /** Ends it. What was not taken by a loop is still to be had there. */
  close() {
    this.#isHeld = false;
    for (const loop of [...this.#loops]) this.#forget(loop).end();
    this.#answer("reject", new HubClosed("this subscription was closed"));
    this.#leave();
  }

  /** @returns {AsyncIterableIterator<R>} */
  [Symbol.asyncIterator]() {
    const loop = new Reader(this.#kind, this.#options, { left: (left) => this.#left(left), missed: (gap) => this.#tellGap(gap) });
    if (this.#options.signal?.aborted) loop.end();
    else this.#loops.add(loop);
    const isEarly = this.#isJoined;
    this.#begin();
    if (isEarly) this.#feed.greet(loop, this.#reader.wantsSnapshot);
    return loop;
  }

  /** How its feed sees it. */
  #asReader() {
    const params = this.#params;
    return {
      params, identity: identityOf(params), wantsSnapshot: params.snapshot ?? true,
      get rateHz() { return params.max_rate_hz ?? 0; },
      batch: (batch) => this.#take(batch),
      gap: (gap) => this.#gap(gap),
      accepted: (accepted) => this.#accepted(accepted),
      connected: (how) => this.#handlers.emit("connected", how),
      disconnected: (error) => this.#disconnected(error),
      failed: (error) => this.#failed(error),
      close: () => this.close(),
    };
  }

  #take(batch) {
    for (const loop of this.#loops) loop.batch(batch);
    this.#handlers.emit("data", batch.records, batch);
  }

  #gap(gap) {
    for (const loop of this.#loops) loop.gap(gap);
    this.#tellGap(gap);
  }

  #accepted(accepted) {
    this.#answer("resolve", accepted);
    this.#handlers.emit("accepted", accepted);
  }

  #disconnected(error) {
    for (const loop of this.#loops) loop.stale(staleOf);
    this.#handlers.emit("disconnected", error);
    this.#handlers.emit("stale", [...this.latest.values()]);
  }

  #failed(error) {
    const isHeard = this.#handlers.has("error") || this.#loops.size > 0 || this.#waiters.length > 0;
    for (const loop of [...this.#loops]) this.#forget(loop).end(error);
    this.#answer("reject", error);
    this.#leave();
    this.#handlers.emit("error", error);
    if (!isHeard) console.error(`the subscription to ${this.channel} failed:`, error);
  }

  #begin() {
    if (this.#isJoined || this.#options.signal?.aborted) return;
    this.#feed = this.#desk.join(this.#reader);
    this.#isJoined = true;
  }

  #leave() {
    if (!this.#isJoined) return;
    this.#isJoined = false;
    this.#desk.leave(this.#feed, this.#reader);
  }

  #left(loop) {
    this.#forget(loop);
    if (!this.#isHeld && !this.#loops.size) this.#leave();
  }

  #forget(loop) {
    if (this.#loops.delete(loop)) {
      this.#conflated += loop.conflated;
      this.#dropped += loop.dropped;
    }
    return loop;
  }

  #sum(counter) { return [...this.#loops].reduce((sum, loop) => sum + loop[counter], 0); }

  #answer(how, value) { for (const waiter of this.#waiters.splice(0)) waiter[how](value); }

  /** A gap among records that all count would be a loss in silence, if nobody heard of it. */
  #tellGap(gap) {
    this.#handlers.emit("gap", gap);
    const isHeard = this.#kind.keyOf || this.#handlers.has("gap") || this.#options.onGap === "throw";
    const now = this.#desk.now();
    if (isHeard || now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    console.warn(`tickwell: missed ${gap.missed ?? "some"} of ${gap.channel}: ${gap.reason}`);
  }
}

function checked(options) {
  const unknown = Object.keys(options).find((name) => !EVENTS.includes(name) && !OPTIONS.includes(name));
  if (unknown) throw new TypeError(`no such option: ${unknown}; there are ${[...EVENTS, ...OPTIONS].join(", ")}`);
  if (!["tell", "throw"].includes(options.onGap)) throw new TypeError(`onGap="${options.onGap}": tell or throw would be right`);
  if (!(options.eventsMax >= 1)) throw new RangeError(`eventsMax=${options.eventsMax}: 1 or more would be right`);
  return options;
}
