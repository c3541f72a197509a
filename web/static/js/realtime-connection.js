/**
 * What `RealtimeClient` is connected by, made of the parts of tickwell.js: the socket with its tickets and its silence, the
 * backoff and the page's visibility are theirs.
 *
 * It speaks `/ws/realtime/{exchange}`, not `/ws`. The pages that use it read that socket's messages as they are: a whole picture,
 * then what changed and what is gone, each with the hub's time of sending. Made up from frames of `/ws` they would be more code,
 * and not quite the same.
 */

import { Connection } from "./tickwell/connection.js";
import { ConnectionFailed } from "./tickwell/errors.js";
import { completed } from "./tickwell/options.js";
import { Page } from "./tickwell/page.js";
import { Socket } from "./tickwell/socket.js";

const PING_MS = 15_000;

/** One connection to the live picture, as a `Connection` wants it. It pings, so that the round trip can be told. */
class PictureLink {
  isOpen = false;
  #socket; #options; #watcher; #ping;

  constructor(url, options, watcher) {
    this.#options = options;
    this.#watcher = watcher;
    this.#socket = new Socket(url, [], options, {
      opened: () => this.#opened(),
      heard: (text) => watcher.told("message", text),
      ended: (code, reason) => this.#ended(code, reason),
    });
  }

  get isQuiet() { return this.#socket.isQuiet; }
  get livedMs() { return this.isOpen ? this.#socket.livedMs : 0; }

  end(code, reason) { this.#socket.end(code, reason); }

  #opened() {
    this.isOpen = true;
    this.#ping = setInterval(() => this.#sendPing(), this.#options.pingMs);
    this.#watcher.opened(this);
    this.#sendPing();
  }

  #sendPing() { this.#socket.send({ type: "ping", ts: this.#options.now() }); }

  /** Whatever the code says, pages of this socket come back for ever. */
  #ended(code, reason) {
    clearInterval(this.#ping);
    this.#watcher.ended(this, new ConnectionFailed(reason || `code ${code}`, code, reason));
  }
}

/**
 * The watcher is told `opened()`, `heard(message)`, `lost({code, reason})`, `unreached(error)` after an attempt that failed, and
 * `failed(error)` of what the hub says went wrong, or says in a way that cannot be read.
 */
export class RealtimeConnection {
  #url; #options; #watcher; #page;
  #current; // whose messages count
  #successor = null; // takes over when its picture arrives

  /** @param {string} url @param {object} options of `RealtimeClient` @param {object} watcher */
  constructor(url, options, watcher) {
    this.#url = url;
    this.#options = { pingMs: PING_MS, ...completed({ WebSocket: options.WebSocket ?? globalThis.WebSocket }), ...options };
    this.#watcher = watcher;
    this.#current = this.#make();
    this.#page = new Page(this.#options.page, 0, { hidden() {}, shown() {}, woke: () => this.resync() });
  }

  get isOpen() { return this.#current.isOpen; }

  /** Milliseconds until the next attempt; `null` while none is planned. */
  get retryInMs() { return this.#current.retryInMs; }

  /** Throws what the WebSocket throws for an address that a page may not use. */
  start() {
    this.#current.dial();
    this.#page.start();
  }

  /** A picture anew: now if there is no connection, else beside the one that delivers until then. */
  resync() {
    this.#current.wake();
    if (!this.#current.isOpen || this.#successor) return;
    this.#successor = this.#make();
    this.#successor.dial();
  }

  /** Ends it for good, and tells nobody. */
  stop() {
    this.#page.stop();
    this.#successor?.close();
    this.#current.close();
  }

  #make() {
    const made = new Connection(this.#url, this.#options, {
      dialled() {},
      opened: () => { if (made === this.#current) this.#watcher.opened(); },
      lost: (error, wasOpen) => this.#lost(made, error, wasOpen),
      refused: (error) => this.#watcher.unreached(error),
      told: (_, text) => this.#heard(made, text),
    }, PictureLink);
    return made;
  }

  #heard(connection, text) {
    const message = parsed(text);
    if (typeof message?.type !== "string") return void this.#watcher.failed(new Error("the hub sent no valid message"));
    if (message.type === "error") return void this.#watcher.failed(new Error(String(message.message)));
    if (message.type === "initial_data" && connection === this.#successor) this.#succeed();
    if (connection === this.#current) this.#watcher.heard(message);
  }

  #lost(connection, error, wasOpen) {
    if (connection === this.#successor) this.#dropSuccessor(error);
    else if (wasOpen) this.#lostCurrent(error);
    else this.#watcher.unreached(error);
  }

  #dropSuccessor(error) {
    this.#successor.close();
    this.#successor = null;
    this.#watcher.unreached(error);
  }

  /** A successor that is on its way is the next attempt. */
  #lostCurrent(error) {
    const hadSuccessor = this.#successor !== null;
    if (hadSuccessor) this.#succeed();
    this.#watcher.lost(error);
    if (hadSuccessor && this.isOpen) this.#watcher.opened();
  }

  #succeed() {
    const predecessor = this.#current;
    this.#current = this.#successor;
    this.#successor = null;
    predecessor.close();
  }
}

/** The message; `undefined` for what is none. */
function parsed(text) {
  try { return JSON.parse(text); } catch { return undefined; }
}
