/** One life of one WebSocket: dialled, perhaps opened, ended exactly once. It watches for silence, and sends no faster than it may. */

const ABNORMAL = 1006;
const WINDOW_MS = 1100; // a second, and some for the road
const LATE_MS = 1000;

export class Socket {
  /** How long nothing may be heard. */ silenceMs;
  /** So many messages may be sent within a second. */ perSecond = 10;
  #socket = null; #isEnded = false; #options; #watcher; #silence; #pacing = null; #waiting = []; #sentAt = []; #heardAt; #bornAt;

  /**
   * @param {string} url
   * @param {string[]} protocols the subprotocols to offer, if any
   * @param {object} options `WebSocket`, `ticket`, `now` and `silenceMs` are used
   * @param {{opened?: () => void, heard: (text: string) => void, ended: (code: number, reason: string) => void}} watcher
   */
  constructor(url, protocols, options, watcher) {
    this.#options = options;
    this.#watcher = watcher;
    this.silenceMs = options.silenceMs;
    this.#bornAt = this.#heardAt = options.now();
    if (options.ticket) this.#dialWithTicket(url, protocols);
    else this.#dial(url, protocols);
    this.#listen(this.silenceMs);
  }

  get quietMs() { return this.#options.now() - this.#heardAt; }
  get livedMs() { return this.#options.now() - this.#bornAt; }
  get isQuiet() { return this.quietMs >= this.silenceMs; }

  /** Sends a message, now or as soon as the hub allows. @param {object} message */
  send(message) {
    this.#waiting.push(message);
    this.#flush();
  }

  /** Ends this life and tells the watcher why; later calls change nothing. */
  end(code = ABNORMAL, reason = "") { if (this.drop()) this.#watcher.ended(code, reason); }

  /** Ends this life in silence. */
  drop() {
    if (this.#isEnded) return false;
    this.#isEnded = true;
    clearTimeout(this.#silence);
    clearTimeout(this.#pacing);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    return true;
  }

  #dial(url, protocols) {
    this.#socket = new this.#options.WebSocket(url, protocols);
    this.#socket.onopen = () => this.#opened();
    this.#socket.onmessage = (event) => this.#heard(event.data);
    this.#socket.onclose = ({ code = ABNORMAL, reason = "" }) => this.end(code, reason);
    this.#socket.onerror = () => {}; // `close` follows, and says more
  }

  /** A ticket is good once, so every connection begins with a new one; without it there is none. */
  async #dialWithTicket(url, protocols) {
    try {
      const address = new URL(url);
      address.searchParams.set("ticket", await this.#options.ticket());
      if (!this.#isEnded) this.#dial(address.href, protocols);
    } catch (error) {
      this.end(ABNORMAL, `no ticket: ${error?.message ?? error}`);
    }
  }

  #opened() {
    this.#heardAt = this.#options.now();
    this.#watcher.opened?.();
  }

  #heard(text) {
    this.#heardAt = this.#options.now();
    this.#watcher.heard(text);
  }

  #flush() {
    this.#pacing = clearTimeout(this.#pacing) ?? null;
    while (this.#socket && this.#waiting.length && this.#pauseMs() <= 0) this.#sendOne(this.#waiting.shift());
    if (this.#socket && this.#waiting.length) this.#pacing = setTimeout(() => this.#flush(), this.#pauseMs());
  }

  #pauseMs() {
    if (this.#sentAt.length < this.perSecond) return 0;
    return this.#sentAt.at(-this.perSecond) + WINDOW_MS - this.#options.now();
  }

  #sendOne(message) {
    this.#sentAt.push(this.#options.now());
    if (this.#sentAt.length > this.perSecond) this.#sentAt.shift();
    this.#socket.send(JSON.stringify(message));
  }

  /** One timer that looks back, instead of one that every message would have to re-arm. */
  #listen(ms) {
    const dueAt = this.#options.now() + ms;
    this.#silence = setTimeout(() => this.#judge(dueAt), ms);
  }

  /** A timer that comes late was held up, as in a page that slept, and so were the messages that now wait behind it. */
  #judge(dueAt) {
    const late = this.#options.now() - dueAt;
    if (late > LATE_MS) this.#listen(LATE_MS);
    else if (!this.isQuiet) this.#listen(this.silenceMs - this.quietMs);
    else this.end(ABNORMAL, `nothing heard for ${Math.round(this.quietMs / 1000)} s`);
  }
}
