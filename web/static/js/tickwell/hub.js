/** A hub as its client sees it: subscriptions and questions, over a connection that is made again whenever it is lost. */

import { streamAddress } from "./address.js";
import { Channels } from "./channels.js";
import { Connection } from "./connection.js";
import { ConnectionFailed, HubClosed, RequestTimeout, TickwellError } from "./errors.js";
import { Feed } from "./feed.js";
import { Handlers } from "./handlers.js";
import { completed } from "./options.js";
import { Page } from "./page.js";

/**
 * @typedef {import("./options.js").HubOptions} HubOptions
 *
 * @typedef {object} HubEvents
 * @property {(welcome: import("./records.js").Welcome) => void} connected
 * @property {(how: {code: number, reason: string, retryInMs: ?number}) => void} disconnected
 * @property {(data: {within_ms: number, reason: string}) => void} going_away before a planned stop of the hub
 * @property {(data: {lag_ms: number, conflated: number}) => void} slow_consumer we are late, as the hub sees it
 * @property {(error: Error) => void} error an attempt failed, the hub will not have us, or another handler threw
 */
const EVENTS = ["connected", "disconnected", "going_away", "slow_consumer", "error"];
const REQUESTS_MAX = 1000;

/** An open hub: subscribe to its channels, ask it things. `connect` makes one. */
export class Hub extends Channels {
  /** How often the connection was lost. */ reconnects = 0;
  #failure = null; #welcome = null; #opening = deferred();
  #feeds = new Map(); // by identity
  #handlers = new Handlers(EVENTS, "hub");
  #options; #connection; #page; #url;

  /** @param {string | URL} url @param {HubOptions} [options] */
  constructor(url, options = {}) {
    const complete = completed(options);
    super({
      eventsMax: complete.eventsMax, now: complete.now,
      join: (reader) => this.#join(reader), leave: (feed, reader) => this.#leave(feed, reader), pace: (feed) => this.#pace(feed),
    });
    this.#options = complete;
    this.#url = streamAddress(url);
    this.#connection = new Connection(this.#url, this.#options, {
      dialled: (link) => { link.isPaused = this.#isPaused; },
      opened: (link) => this.#opened(link),
      lost: (error, wasOpen) => this.#lost(error, wasOpen),
      refused: (error) => this.#refused(error),
      told: (event, data) => this.#handlers.emit(event, data),
      abandoned: (feed) => this.#drop(feed),
    });
    this.#page = new Page(this.#options.page, this.#options.hiddenAfterMs, {
      hidden: () => this.#hidden(), shown: () => this.#shown(), woke: () => this.#connection.wake(),
    });
    this.#connection.dial();
    this.#page.start();
  }

  /** The stream's address. */
  get url() { return this.#url; }

  /** Whether there is a connection now. */
  get isConnected() { return this.#connection.isOpen; }

  /** Milliseconds until the next attempt; `null` while none is planned. @returns {?number} */
  get retryInMs() { return this.#connection.retryInMs; }

  /** What the hub said of itself, on the newest connection; `null` before the first. @returns {?import("./records.js").Welcome} */
  get welcome() { return this.#welcome; }

  /** How late we are, as the hub sees it. @returns {{lag_ms: number, conflated: number}} */
  get heartbeat() { return this.#connection.link?.heartbeat ?? { lag_ms: 0, conflated: 0 }; }

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
      const asking = { method, params, isOver: false, answered };
      const words = `no answer to ${method} within ${this.#options.requestWithinMs} ms`;
      const timer = setTimeout(() => answered(new RequestTimeout(words)), this.#options.requestWithinMs);
      function answered(error, result) {
        asking.isOver = true;
        clearTimeout(timer);
        if (error) reject(error);
        else resolve(result);
      }
      this.#ask(asking);
    });
  }

  /** The milliseconds that a message takes to the hub and back. @returns {Promise<number>} */
  async ping() {
    await this.ready();
    const began = this.#options.now();
    await this.request("ping");
    return this.#options.now() - began;
  }

  /** The newest `trades`, `bars` or `liquidations` that the hub has in memory, oldest first; `interval` is for bars.
   * @param {"trades" | "bars" | "liquidations"} channel @param {string} key @param {{limit?: number, interval?: string}} [params]
   * @returns {Promise<any[]>} */
  async history(channel, key, params = {}) {
    const { data } = await this.request("history", { channel, key, ...params });
    return data.map((record) => ({ key, ...record }));
  }

  /** The newest ticker of each instrument that is meant, by key. @param {import("./channels.js").Selectors} [selectors]
   * @returns {Promise<Map<string, import("./records.js").Ticker>>} */
  latest(selectors) {
    return new Promise((resolve, reject) => {
      const data = () => {
        resolve(new Map(tickers.latest));
        tickers.close();
      };
      const tickers = this.tickers(selectors, {}, { data, error: reject });
    });
  }

  /** What the hub sends us over this connection, as it sees it. @returns {Promise<object[]>} */
  async subscriptions() { return (await this.request("subscriptions")).subscriptions; }

  // What subscriptions ask for

  #join(reader) {
    if (this.#failure) throw this.#failure;
    const known = this.#feeds.get(reader.identity);
    const feed = known ?? new Feed(reader.params);
    this.#feeds.set(reader.identity, feed);
    feed.readers.add(reader);
    if (known?.accepted) queueMicrotask(() => greet(feed, reader));
    if (this.#isSlowed) feed.capHz = this.#options.hiddenRateHz;
    if (this.isConnected && !known) this.#connection.link.subscribe(feed);
    else this.#pace(feed);
    return feed;
  }

  #leave(feed, reader) {
    feed.readers.delete(reader);
    if (feed.readers.size) this.#pace(feed);
    else if (!feed.isAsking) this.#drop(feed);
  }

  #pace(feed) { if (this.isConnected) this.#connection.link.pace(feed); }

  #drop(feed) {
    for (const [identity, known] of this.#feeds) if (known === feed) this.#feeds.delete(identity);
    this.#connection.link?.unsubscribe(feed);
  }

  #readers() { return [...this.#feeds.values()].flatMap((feed) => [...feed.readers]); }

  #ask(asking) {
    const { link } = this.#connection;
    const { method, params, isOver, answered } = asking;
    if (isOver) return;
    if (!link?.isOpen) this.ready().then(() => this.#ask(asking), answered);
    else if (link.waiting < REQUESTS_MAX) link.request(method, params, answered);
    else answered(new TickwellError(`${REQUESTS_MAX} requests wait for their answers: ${method} would be one too many`));
  }

  // The connection

  #opened(link) {
    this.#welcome = link.welcome;
    this.#opening.resolve(link.welcome);
    for (const feed of this.#feeds.values()) {
      if (feed.readers.size) link.subscribe(feed);
      else this.#drop(feed);
    }
    this.#handlers.emit("connected", link.welcome);
  }

  #lost(error, wasOpen) {
    if (!wasOpen) return void this.#handlers.emit("error", error);
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
    this.#opening.reject(error);
    this.#opening = deferred();
    this.#opening.reject(error);
    this.#connection.close();
  }

  #down(error) { for (const feed of this.#feeds.values()) feed.down(error); }

  // The page

  get #isPaused() { return this.#page.isHidden && this.#options.whenHidden === "pause"; }
  get #isSlowed() { return this.#page.isHidden && this.#options.whenHidden === "slow"; }

  #hidden() {
    if (this.#isPaused) this.#pause();
    else if (this.#isSlowed) this.#slow(this.#options.hiddenRateHz);
  }

  #shown() {
    const { link } = this.#connection;
    this.#slow(0);
    if (!link?.isPaused) return;
    link.isPaused = false;
    for (const feed of link.isOpen ? this.#feeds.values() : []) link.subscribe(feed);
  }

  #slow(capHz) {
    for (const feed of this.#feeds.values()) {
      feed.capHz = capHz;
      this.#pace(feed);
    }
  }

  #pause() {
    const { link } = this.#connection;
    if (!link) return;
    link.isPaused = true;
    for (const feed of this.#feeds.values()) link.unsubscribe(feed);
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
