/** One link after the other: whenever one is lost the next is dialled, after a pause. */

import { Backoff } from "./backoff.js";
import { Refused } from "./errors.js";
import { Link } from "./link.js";

const GOING_MS = 1000;

/**
 * The watcher is told `dialled(link)`, `opened(link)`, `lost(error, wasOpen)`, `refused(error)`, `told(event, data)` and
 * `abandoned(feed)`. `Kind` is what links are made of: another protocol brings its own.
 */
export class Connection {
  /** The link of now, perhaps not yet open. @type {?Link} */ link = null;
  #url; #options; #watcher; #Kind; #backoff; #retry = null; #retryAt = null; #leaving = null; #isClosed = false;

  constructor(url, options, watcher, Kind = Link) {
    this.#url = url;
    this.#options = options;
    this.#watcher = watcher;
    this.#Kind = Kind;
    this.#backoff = new Backoff(options);
  }

  get isOpen() { return this.link?.isOpen ?? false; }

  /** Milliseconds until the next attempt; `null` while none is planned. */
  get retryInMs() { return this.#retryAt && Math.max(0, this.#retryAt - this.#options.now()); }

  /** Throws what the WebSocket throws for an address that a page may not use. */
  dial() {
    this.#cancelRetry();
    this.link = new this.#Kind(this.#url, this.#options, {
      opened: (link) => this.#watcher.opened(link),
      ended: (link, error) => this.#ended(link, error),
      told: (event, data) => this.#told(event, data),
      abandoned: (feed) => this.#watcher.abandoned(feed),
    });
    this.#watcher.dialled(this.link);
  }

  /** Somebody looks again, or the network is back: why wait any longer? */
  wake() {
    if (this.link?.isQuiet) this.link.end(1006, "nothing heard");
    if (this.#retry) this.#dialAgain();
  }

  /** Ends it for good. */
  close() {
    this.#isClosed = true;
    this.#cancelRetry();
    clearTimeout(this.#leaving);
    this.link?.end(1000, "closed by the client");
    this.link = null;
  }

  #dialAgain() {
    try { this.dial(); } catch (error) { this.#watcher.refused(new Refused(error.message, 1006)); }
  }

  #ended(link, error) {
    if (this.#isClosed || link !== this.link) return;
    this.link = null;
    clearTimeout(this.#leaving);
    this.#backoff.lived(link.livedMs);
    if (error instanceof Refused) return void this.#watcher.refused(error);
    this.#planRetry();
    this.#watcher.lost(error, link.isOpen);
  }

  #planRetry() {
    const pause = this.#backoff.pauseMs();
    this.#retryAt = this.#options.now() + pause;
    this.#retry = setTimeout(() => this.#dialAgain(), pause);
  }

  #cancelRetry() {
    clearTimeout(this.#retry);
    this.#retry = this.#retryAt = null;
  }

  /** The hub told us something beside all subscriptions. If it says that it goes, and stays, we go. */
  #told(event, data) {
    const { link } = this;
    if (event === "going_away") this.#leaving = setTimeout(() => link.end(1001, data.reason), data.within_ms + GOING_MS);
    this.#watcher.told(event, data);
  }
}
