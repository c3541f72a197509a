/** One connection as the protocol sees it: a welcome, then answers to those who asked, and frames to their feeds. */

import { ConnectionFailed, Refused, RequestError } from "./errors.js";
import { Socket } from "./socket.js";

const VERSION = 1;
const SUBPROTOCOL = `tickwell.v${VERSION}.json`;
const SILENT_HEARTBEATS = 2; // so many heartbeats long nothing at all: the connection is dead
const ASK_AGAIN_MS = 1000;
const NEVER_AGAIN = new Set([1008, 1009]);
const BAD_PROTOCOL = 1002;

/** Whether a close code means that coming back as we are will not help. */
const isFinal = (code) => NEVER_AGAIN.has(code) || (code >= 4500 && code < 5000);

export class Link {
  /** @type {?import("./records.js").Welcome} */ welcome = null;
  heartbeat = { lag_ms: 0, conflated: 0 };
  /** Whether nothing is to be subscribed for now. */ isPaused = false;
  #socket; #watcher; #failure = null; #requests = 0;
  #answers = new Map(); // by the number of the request
  #feeds = new Map(); // lists by the number of the subscription
  #endedSubs = new Set();
  #timers = new Set();

  /** @param {string} url @param {object} options see `connect` @param {object} watcher `opened`, `ended`, `told`, `abandoned` */
  constructor(url, options, watcher) {
    this.#watcher = watcher;
    this.#socket = new Socket(url, [SUBPROTOCOL], options, {
      heard: (text) => this.#heard(text),
      ended: (code, reason) => this.#ended(code, reason),
    });
  }

  get isOpen() { return this.welcome !== null; }
  get isQuiet() { return this.#socket.isQuiet; }
  get livedMs() { return this.isOpen ? this.#socket.livedMs : 0; }
  get waiting() { return this.#answers.size; }

  /** Ends it, as if it had been lost. */
  end(code, reason) { this.#socket.end(code, reason); }

  /** Asks; `answered(error, result)` is called exactly once. */
  request(method, params, answered = () => {}) {
    this.#requests += 1;
    this.#answers.set(this.#requests, answered);
    this.#socket.send({ method, ...(params !== undefined && { params }), req_id: this.#requests });
  }

  /** Has the hub send what a feed is about, from where it is. */
  subscribe(feed) {
    if (feed.isAsking || this.isPaused) return;
    feed.isAsking = true;
    this.request("subscribe", feed.request(), (error, accepted) => this.#subscribed(feed, error, accepted));
  }

  /** Ends it, unless another feed lives on the same frames. */
  unsubscribe(feed) {
    for (const [sub, feeds] of this.#feeds) {
      if (!feeds.includes(feed)) continue;
      feeds.splice(feeds.indexOf(feed), 1);
      if (!feeds.length) this.#drop(sub);
    }
  }

  /** Tells the hub the rate of a feed, if it is another one than before. */
  pace(feed) {
    for (const [sub, feeds] of this.#feeds) {
      const rate = feeds.includes(feed) ? feed.newRateHz() : null;
      if (rate !== null) this.request("set", { sub, max_rate_hz: rate });
    }
  }

  #heard(text) {
    try {
      this.#dispatch(JSON.parse(text));
    } catch (error) {
      this.#failure = new ConnectionFailed(`the hub sent a message that cannot be read: ${error.message}`, BAD_PROTOCOL);
      this.end(BAD_PROTOCOL, this.#failure.message);
    }
  }

  #dispatch(message) {
    if (!this.isOpen) this.#greeted(message);
    else if (message.method !== undefined || message.success !== undefined) this.#answered(message);
    else if (message.sub !== undefined) this.#data(message);
    else if (message.channel === "heartbeat") this.heartbeat = { lag_ms: message.lag_ms, conflated: message.conflated };
    else if (message.channel === "system") this.#system(message);
  }

  #greeted({ channel, type, data }) {
    if (channel !== "system" || type !== "welcome") throw new TypeError("its first message is no welcome");
    if (data.protocol !== VERSION) {
      const words = `the hub speaks version ${data.protocol} of the protocol, this client version ${VERSION}`;
      this.#failure = new Refused(words, BAD_PROTOCOL);
      this.end(BAD_PROTOCOL, words);
      return;
    }
    this.welcome = data;
    this.#socket.silenceMs = data.heartbeat_ms * SILENT_HEARTBEATS;
    this.#socket.perSecond = Math.max(1, Math.floor(data.limits.messages_per_s));
    this.#watcher.opened(this);
  }

  /** Answers come in the order of the requests: one that names none is the oldest's. */
  #answered({ req_id: named, success, result, error }) {
    const number = named ?? this.#answers.keys().next().value;
    const answered = this.#answers.get(number);
    this.#answers.delete(number);
    answered?.(success ? null : new RequestError(error), result);
  }

  #data(frame) {
    for (const feed of [...(this.#feeds.get(frame.sub) ?? [])]) {
      if (!feed.receive(frame)) return this.#again(frame.sub);
    }
    return undefined;
  }

  /** Something is missing: end the subscription, and begin it anew. */
  #again(sub) {
    const feeds = this.#feeds.get(sub);
    this.#drop(sub);
    for (const feed of feeds) this.subscribe(feed);
  }

  #drop(sub) {
    this.#feeds.delete(sub);
    this.#endedSubs.add(sub);
    this.request("unsubscribe", { sub });
  }

  #subscribed(feed, error, accepted) {
    feed.isAsking = false;
    if (error instanceof RequestError) this.#refused(feed, error);
    else if (error) return; // the next connection asks again
    else if (!feed.readers.size) this.#neverMind(feed, accepted.sub);
    else if (this.isPaused) this.#drop(accepted.sub);
    else if (this.#endedSubs.has(accepted.sub)) this.subscribe(feed);
    else this.#begin(feed, accepted);
  }

  #begin(feed, accepted) {
    const sharing = this.#feeds.get(accepted.sub) ?? [];
    if (sharing.includes(feed)) return;
    const [first] = sharing;
    this.#feeds.set(accepted.sub, [...sharing, feed]);
    feed.accept(first ? { ...accepted, recovered: first.accepted.recovered } : accepted);
    if (first) feed.adopt(first);
    this.pace(feed);
  }

  /** Everybody has left before the answer came. */
  #neverMind(feed, sub) {
    this.#watcher.abandoned(feed);
    if (!this.#feeds.has(sub) && !this.#endedSubs.has(sub)) this.#drop(sub);
  }

  /** A feed that was accepted once comes again later, if the hub says that it may; so does one that came too fast. */
  #refused(feed, error) {
    const isLater = error.code === "rate_limited" || (error.temporary && feed.accepted !== null);
    if (!feed.readers.size) this.#watcher.abandoned(feed);
    else if (isLater) this.#later(() => { if (feed.readers.size) this.subscribe(feed); });
    else feed.fail(error);
  }

  #later(action) {
    const timer = setTimeout(() => { this.#timers.delete(timer); action(); }, ASK_AGAIN_MS);
    this.#timers.add(timer);
  }

  #system({ type, data }) {
    if (type === "gap") this.#gap(data);
    else if (type === "slow_consumer" || type === "going_away") this.#watcher.told(type, data);
  }

  /** What we missed goes to its subscription; what the hub missed of an exchange to all that it concerns. */
  #gap(gap) {
    for (const [sub, feeds] of this.#feeds) {
      for (const feed of [...feeds]) if (gap.sub === undefined ? feed.concerns(gap) : gap.sub === sub) feed.gap(gap);
    }
  }

  #ended(code, reason) {
    const words = `the connection was lost: ${reason || `code ${code}`}`;
    const error = this.#failure ?? (isFinal(code) ? new Refused(words, code, reason) : new ConnectionFailed(words, code, reason));
    for (const timer of this.#timers) clearTimeout(timer);
    const waiting = [...this.#answers.values()];
    this.#answers.clear();
    for (const answered of waiting) answered(error);
    this.#watcher.ended(this, error);
  }
}
