/** A hub as its client sees it: one connection that is made again whenever it is lost. */

import { streamAddress } from "./address.js";
import { Backoff } from "./backoff.js";
import { Channels } from "./channels.js";
import { ConnectionFailed, HubClosed, Refused, RequestTimeout, TickwellError } from "./errors.js";
import { Feed } from "./feed.js";
import { Handlers } from "./handlers.js";
import { Link } from "./link.js";
import { Page } from "./page.js";

/**
 * @typedef {object} HubOptions
 * @property {"slow" | "pause" | "keep"} [whenHidden] in a page that nobody sees: at most `hiddenRateHz` frames per second
 *   of each subscription (default); nothing, and what was missed when it is shown again; or all as ever
 * @property {number} [hiddenRateHz] default: 1
 * @property {number} [hiddenAfterMs] so long a page must be hidden to count as hidden; default: 5000
 * @property {number} [eventsMax] so many records wait for a loop of a channel whose every record counts; default: 10 000
 * @property {number} [requestWithinMs] how long to wait for an answer; default: 10 000
 * @property {number} [silenceMs] how long to wait for the welcome; default: 12 000
 * @property {number} [backoffMinMs] shortest wait before a new attempt; default: 500
 * @property {number} [backoffMaxMs] longest wait before a new attempt; default: 20 000
 * @property {number} [healthyMs] a connection that lived this long resets the backoff; default: 30 000
 * @property {typeof WebSocket} [WebSocket] another socket class, for tests and for older Node
 * @property {?(EventTarget & {visibilityState: string})} [page] whose visibility counts; default: the document, if there is one
 * @property {() => number} [now] a monotonic clock in milliseconds, for tests, like `random`
 * @property {() => number} [random] a number in [0, 1)
 *
 * @typedef {object} HubEvents
 * @property {(welcome: import("./records.js").Welcome) => void} connected
 * @property {(how: {code: number, reason: string, retryInMs: ?number}) => void} disconnected
 * @property {(data: {within_ms: number, reason: string}) => void} going_away before a planned stop of the hub
 * @property {(data: {lag_ms: number, conflated: number}) => void} slow_consumer we are late, as the hub sees it
 * @property {(error: Error) => void} error an attempt failed, the hub will not have us, or another handler threw
 */
const DEFAULTS = {
  whenHidden: "slow", hiddenRateHz: 1, hiddenAfterMs: 5000, eventsMax: 10_000, requestWithinMs: 10_000,
  silenceMs: 12_000, backoffMinMs: 500, backoffMaxMs: 20_000, healthyMs: 30_000,
  now: () => performance.now(), random: Math.random,
};
const EVENTS = ["connected", "disconnected", "going_away", "slow_consumer", "error"];
const REQUESTS_MAX = 1000;
const GOING_MS = 1000;

/** An open hub: subscribe to its channels, ask it things. `connect` makes one. */
export class Hub extends Channels {
  /** How often the connection was lost. */ reconnects = 0;
  #link = null; #failure = null; #welcome = null; #retry = null; #retryAt = null; #leaving = null; #opening = deferred();
  #feeds = new Map(); // by identity
  #handlers = new Handlers(EVENTS, "hub");
  #backoff; #page; #url;

  /** @param {string | URL} url @param {HubOptions} [options] */
  constructor(url, options = {}) {
    super();
    /** @internal */
    this.options = checked({ ...DEFAULTS, WebSocket: globalThis.WebSocket, page: globalThis.document ?? null, ...options });
    this.#url = streamAddress(url);
    this.#backoff = new Backoff(this.options);
    this.#page = new Page(this.options.page, this.options.hiddenAfterMs, {
      hidden: () => this.#hidden(), shown: () => this.#shown(), woke: () => this.#woke(),
    });
    this.#dial();
    this.#page.start();
  }

  /** The stream's address. */
  get url() { return this.#url; }

  /** Whether there is a connection now. */
  get isConnected() { return this.#link?.isOpen ?? false; }

  /** Milliseconds until the next attempt; `null` while none is planned. @returns {?number} */
  get retryInMs() { return this.#retryAt && Math.max(0, this.#retryAt - this.options.now()); }

  /** What the hub said of itself, on the newest connection; `null` before the first. @returns {?import("./records.js").Welcome} */
  get welcome() { return this.#welcome; }

  /** How late we are, as the hub sees it. @returns {{lag_ms: number, conflated: number}} */
  get heartbeat() { return this.#link?.heartbeat ?? { lag_ms: 0, conflated: 0 }; }

  /** @template {keyof HubEvents} E @param {E} event @param {HubEvents[E]} handler @returns {this} */
  on(event, handler) {
    this.#handlers.add(event, handler);
    return this;
  }

  /** @template {keyof HubEvents} E @param {E} event @param {HubEvents[E]} handler @returns {this} */
  off(event, handler) {
    this.#handlers.remove(event, handler);
    return this;
  }

  /** Waits until there is a connection. Rejects with `Refused`, `HubClosed`. @returns {Promise<import("./records.js").Welcome>} */
  ready() { return this.#opening.promise; }

  /** Ends the connection and every loop. */
  close() {
    if (this.#failure) return;
    this.#stop(new HubClosed("this hub was closed"));
    for (const reader of this.#readers()) reader.close();
  }

  /**
   * Asks the hub anything that docs/protocol.md knows. Waits for a connection if there is none. Rejects with `RequestError`,
   * `RequestTimeout`, `Refused`, and `ConnectionFailed` if the connection is lost meanwhile.
   * @param {string} method @param {object} [params] @returns {Promise<any>}
   */
  request(method, params) {
    return new Promise((resolve, reject) => {
      const words = `no answer to ${method} within ${this.options.requestWithinMs} ms`;
      const timer = setTimeout(() => reject(new RequestTimeout(words)), this.options.requestWithinMs);
      const answered = (error, result) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve(result);
      };
      this.ready().then(() => this.#ask(method, params, answered)).catch(answered);
    });
  }

  /** The milliseconds that a message takes to the hub and back. @returns {Promise<number>} */
  async ping() {
    await this.ready();
    const began = this.options.now();
    await this.request("ping");
    return this.options.now() - began;
  }

  /** The newest `trades`, `bars` or `liquidations` that the hub has in memory, oldest first; `interval` is for bars.
   * @param {"trades" | "bars" | "liquidations"} channel @param {string} key @param {{limit?: number, interval?: string}} [params]
   * @returns {Promise<any[]>} */
  async history(channel, key, params = {}) {
    const { data } = await this.request("history", { channel, key, ...params });
    return data.map((record) => ({ key, ...record }));
  }

  /** What the hub sends us over this connection, as it sees it. @returns {Promise<object[]>} */
  async subscriptions() { return (await this.request("subscriptions")).subscriptions; }

  // For `Subscription`

  /** @internal */
  join(reader) {
    if (this.#failure) throw this.#failure;
    const known = this.#feeds.get(reader.identity);
    const feed = known ?? new Feed(reader.params);
    this.#feeds.set(reader.identity, feed);
    feed.readers.add(reader);
    if (known?.accepted) queueMicrotask(() => greet(feed, reader));
    if (!known && this.#isSlowed) feed.capHz = this.options.hiddenRateHz;
    if (this.isConnected && !known) this.#link.subscribe(feed);
    else this.pace(feed);
    return feed;
  }

  /** @internal */
  leave(feed, reader) {
    feed.readers.delete(reader);
    if (feed.readers.size) this.pace(feed);
    else if (!feed.isAsking) this.#drop(feed);
  }

  /** @internal */
  pace(feed) { if (this.isConnected) this.#link.pace(feed); }

  #drop(feed) {
    for (const [identity, known] of this.#feeds) if (known === feed) this.#feeds.delete(identity);
    this.#link?.unsubscribe(feed);
  }

  #readers() { return [...this.#feeds.values()].flatMap((feed) => [...feed.readers]); }

  #ask(method, params, answered) {
    if (this.#link.waiting >= REQUESTS_MAX) throw new TickwellError(`${REQUESTS_MAX} requests wait for their answers: ${method} would be one too many`);
    this.#link.request(method, params, answered);
  }

  // The connection

  #dial() {
    this.#cancelRetry();
    this.#link = new Link(this.#url, this.options, {
      opened: (link) => this.#opened(link),
      ended: (link, error) => this.#ended(link, error),
      told: (event, data) => this.#told(event, data),
      abandoned: (feed) => this.#drop(feed),
    });
    this.#link.isPaused = this.#isPaused;
  }

  #dialAgain() {
    try { this.#dial(); } catch (error) { this.#refused(error); }
  }

  #opened(link) {
    this.#welcome = link.welcome;
    this.#opening.resolve(link.welcome);
    for (const feed of this.#feeds.values()) {
      if (feed.readers.size) link.subscribe(feed);
      else this.#drop(feed);
    }
    this.#handlers.emit("connected", link.welcome);
  }

  #ended(link, error) {
    if (this.#failure || link !== this.#link) return;
    this.#link = null;
    this.#backoff.lived(link.livedMs);
    if (error instanceof Refused) this.#refused(error);
    else this.#lost(link.isOpen, error);
  }

  #lost(wasOpen, error) {
    this.#planRetry();
    if (!wasOpen) {
      this.#handlers.emit("error", error);
      return;
    }
    this.reconnects += 1;
    this.#opening = deferred();
    this.#down(error);
    this.#handlers.emit("disconnected", { code: error.code, reason: error.reason, retryInMs: this.retryInMs });
  }

  #refused(error) {
    this.#stop(error);
    this.#down(error);
    for (const reader of this.#readers()) reader.failed(error);
    this.#handlers.emit("error", error);
  }

  #stop(error) {
    this.#failure = error;
    this.#page.stop();
    this.#cancelRetry();
    clearTimeout(this.#leaving);
    this.#opening.reject(error);
    this.#opening = deferred();
    this.#opening.reject(error);
    this.#link?.end(1000, "closed by the client");
    this.#link = null;
  }

  #down(error) { for (const feed of this.#feeds.values()) feed.down(error); }

  #planRetry() {
    const pause = this.#backoff.pauseMs();
    this.#retryAt = this.options.now() + pause;
    this.#retry = setTimeout(() => this.#dialAgain(), pause);
  }

  #cancelRetry() {
    clearTimeout(this.#retry);
    this.#retry = this.#retryAt = null;
  }

  /** The hub told us beside all subscriptions. One that goes away and forgets to is left. */
  #told(event, data) {
    if (event === "going_away") {
      const link = this.#link;
      this.#leaving = setTimeout(() => link.end(1001, data.reason), data.within_ms + GOING_MS);
    }
    this.#handlers.emit(event, data);
  }

  // The page

  get #isPaused() { return this.#page.isHidden && this.options.whenHidden === "pause"; }
  get #isSlowed() { return this.#page.isHidden && this.options.whenHidden === "slow"; }

  /** The page is seen again, or the network is back: why wait any longer? */
  #woke() {
    if (this.#link?.isQuiet) this.#link.end(1006, "nothing heard");
    if (this.#retry) this.#dialAgain();
  }

  #hidden() {
    if (this.#isPaused) this.#pause();
    else if (this.#isSlowed) this.#slow(this.options.hiddenRateHz);
  }

  #shown() {
    this.#slow(0);
    if (this.#link) this.#link.isPaused = false;
    for (const feed of this.isConnected ? this.#feeds.values() : []) if (!feed.isUp) this.#link.subscribe(feed);
  }

  #slow(capHz) {
    for (const feed of this.#feeds.values()) {
      feed.capHz = capHz;
      this.pace(feed);
    }
  }

  #pause() {
    if (!this.#link) return;
    this.#link.isPaused = true;
    for (const feed of this.#feeds.values()) this.#link.unsubscribe(feed);
    this.#down(new ConnectionFailed("the page is hidden"));
  }
}

function greet(feed, reader) {
  if (!feed.readers.has(reader)) return;
  reader.accepted(feed.accepted);
  feed.greet(reader);
}

/** A promise to be settled from outside; nobody needs to hear of its failure. */
function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  made.promise.catch(() => {});
  return made;
}

function checked(options) {
  const known = [...Object.keys(DEFAULTS), "WebSocket", "page"];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown) throw new TypeError(`no such option: ${unknown}; there are ${known.join(", ")}`);
  if (!["slow", "pause", "keep"].includes(options.whenHidden)) throw new TypeError(`whenHidden="${options.whenHidden}": slow, pause or keep would be right`);
  if (!options.WebSocket) throw new TypeError("WebSocket is missing here: give another class of that kind, such as that of the package ws");
  return options;
}
