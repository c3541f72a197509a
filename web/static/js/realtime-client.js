/**
 * RealtimeClient: the live prices of one exchange of a Tickwell hub, in the browser.
 *
 *   <script src="/static/js/realtime-client.js"></script>                        defines window.RealtimeClient
 *   import { RealtimeClient } from "/static/js/realtime-client.module.js";       the same class, as a module
 *   import "/static/js/realtime-client.js";                                      also works: defines the global
 *
 *   const client = new RealtimeClient("bybit", ["BTCUSDT"], { market: "linear" });
 *   client.on("data", (changed) => changed.forEach((record) => console.log(record.symbol, record.price)));
 *   client.connect();
 *
 * (A classic script may not contain `export`: so this file is the script, and the module re-exports it.)
 * It reconnects for ever, each time from a whole snapshot; a connection that says nothing counts as lost;
 * while it is lost every record says `stale: true`, and none `quality: "live"`. A handler that throws harms nobody else.
 */
(() => {
  "use strict";

  /**
   * One instrument; `null` is unknown. Prices are in quote units, sizes in base units, `change_24h` in
   * percent; `ts_event` (the exchange's clock), `ts_recv` (the hub's) are Unix ms, `timestamp` seconds.
   * @typedef {{symbol: string, market: "linear"|"spot", exchange: string, key: string,
   *   price: ?number, bid: ?number, ask: ?number, bid_size: ?number, ask_size: ?number,
   *   volume_24h: ?number, turnover_24h: ?number, change_24h: ?number, high_24h: ?number, low_24h: ?number,
   *   mark_price: ?number, index_price: ?number, funding_rate: ?number, funding_interval_h: ?number,
   *   next_funding_ts: ?number, open_interest: ?number, timestamp: ?number, ts_event: ?number,
   *   ts_recv: number, stale: boolean, quality: string}} MarketRecord
   *
   * @typedef {"connected"|"data"|"disconnected"|"error"|"stale"} EventName
   *
   * @typedef {object} Options
   * @property {string} [url] the hub's address, such as "https://hub.example"; default: the page's origin
   * @property {"linear"|"spot"} [market] only this market; default: both
   * @property {"changes"|"all"} [mode] what each message carries: what changed (default), or everything
   * @property {number} [pingMs] time between our pings; default: 15 000
   * @property {number} [silenceMs] how long nothing may be heard; default: 12 000
   * @property {number} [backoffMinMs] shortest wait before a new attempt; default: 500
   * @property {number} [backoffMaxMs] longest wait before a new attempt; default: 20 000
   * @property {number} [healthyMs] a connection that lived this long resets the backoff; default: 30 000
   * @property {typeof WebSocket} [WebSocket] another socket class, for tests and for Node
   * @property {() => number} [now] a monotonic clock in milliseconds, for tests, like `random`
   * @property {() => number} [random] a number in [0, 1)
   */
  const DEFAULTS = {
    mode: "changes", pingMs: 15_000, silenceMs: 12_000, backoffMinMs: 500, backoffMaxMs: 20_000,
    healthyMs: 30_000, now: () => performance.now(), random: Math.random,
  };
  const EVENTS = ["connected", "data", "disconnected", "error", "stale"];
  const MARKETS = ["linear", "spot"];
  const ABNORMAL = 1006;

  const isUnknown = (value) => value === null || value === undefined || Number.isNaN(value);
  function compare(a, b, sign) {
    if (isUnknown(a) || isUnknown(b)) return isUnknown(a) - isUnknown(b);
    return a < b ? -sign : Number(a > b) * sign;
  }

  /** One life of one socket: dialled, perhaps opened, ended exactly once. */
  class Life {
    /** @type {?number} */ openedAt = null;
    #socket; #options; #watcher; #silence; #ping;

    constructor(url, options, watcher) {
      this.#options = options;
      this.#watcher = watcher;
      this.heardAt = options.now();
      this.#socket = new options.WebSocket(url);
      this.#socket.onopen = () => this.#opened();
      this.#socket.onmessage = (event) => this.#heard(event.data);
      this.#socket.onclose = ({ code = ABNORMAL, reason = "" }) => this.end(code, reason);
      this.#listen(options.silenceMs);
    }

    get quietMs() { return this.#options.now() - this.heardAt; }
    get livedMs() { return this.openedAt === null ? 0 : this.#options.now() - this.openedAt; }

    /** Ends this life and tells the watcher why; later calls change nothing. */
    end(code, reason) { if (this.drop()) this.#watcher.ended(this, code, reason); }

    /** Ends this life in silence. */
    drop() {
      if (!this.#socket) return false;
      const socket = this.#socket;
      this.#socket = null;
      clearTimeout(this.#silence);
      clearInterval(this.#ping);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
      return true;
    }

    #opened() {
      this.openedAt = this.heardAt = this.#options.now();
      this.#ping = setInterval(() => this.#sendPing(), this.#options.pingMs);
      this.#watcher.opened(this);
      this.#sendPing();
    }

    #heard(text) {
      this.heardAt = this.#options.now();
      this.#watcher.heard(this, text);
    }
    #sendPing() { this.#socket?.send(JSON.stringify({ type: "ping", ts: this.#options.now() })); }

    /** One timer that looks back, instead of one that every message would have to re-arm. */
    #listen(ms) { this.#silence = setTimeout(() => this.#judgeSilence(), ms); }
    #judgeSilence() {
      const left = this.#options.silenceMs - this.quietMs;
      if (left > 0) this.#listen(left);
      else this.end(ABNORMAL, `nothing heard for ${Math.round(this.quietMs / 1000)} s`);
    }
  }

  class RealtimeClient {
    /** Round trip of the newest ping, in milliseconds; `null` before the first. @type {?number} */
    roundTripMs = null;
    /** How far the hub's clock is ahead of this computer's, in milliseconds. @type {?number} */
    clockOffsetMs = null;

    #options; #address; #wanted = false; #attempts = 0; #timer = null; #retryAt = null;
    #current = null; // the life whose messages count
    #next = null; // the life that was dialled: it takes over when it opens, or when its snapshot arrives
    #records = new Map(); // by "market:symbol"
    #handlers = new Map(EVENTS.map((event) => [event, new Set()]));
    #watcher = {
      opened: (life) => { if (!this.#current) this.#promote(life); },
      heard: (...what) => this.#heard(...what),
      ended: (...what) => this.#ended(...what),
    };

    /** @param {string} exchange such as "bybit"
     * @param {string[]} [symbols] in the exchange's spelling; none means all that the hub carries
     * @param {Options} [options] */
    constructor(exchange, symbols = [], options = {}) {
      this.exchange = exchange;
      this.symbols = [...symbols];
      this.#options = { ...DEFAULTS, WebSocket: globalThis.WebSocket, ...options };
      this.#address = this.#makeAddress();
    }

    /** Whether a connection stands right now. */
    get connected() { return this.#current !== null; }

    /** Milliseconds until the next attempt; `null` while none is planned. @returns {?number} */
    get retryInMs() { return this.#retryAt && Math.max(0, this.#retryAt - this.#options.now()); }

    /** Connects, and stays connected until `disconnect()`. @returns {this} */
    connect() {
      if (this.#wanted) return this;
      this.#dial();
      this.#wanted = true;
      this.#watchPage("addEventListener");
      return this;
    }

    /** Ends the connection; the records stay readable, marked stale. @returns {this} */
    disconnect() {
      this.#wanted = false;
      this.#watchPage("removeEventListener");
      this.#cancelRetry();
      this.#next?.drop();
      this.#next = null;
      this.#current?.end(1000, "disconnected by the page");
      return this;
    }

    /** Starts anew from a snapshot; a healthy connection delivers until its successor has one. The client
     * does this by itself when the page becomes visible again or the network returns. */
    resync() {
      if (!this.#wanted) return;
      if (this.#current?.quietMs >= this.#options.silenceMs) this.#current.end(ABNORMAL, "nothing heard");
      if (!this.#next) this.#dial();
    }

    /** Handlers: `data(changed: MarketRecord[], message)` · `connected()` · `stale(records)` ·
     * `disconnected({code, reason, retryInMs})` · `error(error: Error)`.
     * @param {EventName} event @param {Function} handler @returns {this} */
    on(event, handler) {
      if (!EVENTS.includes(event)) throw new TypeError(`no such event: ${event}`);
      this.#handlers.get(event).add(handler);
      return this;
    }

    /** @param {EventName} event @param {Function} handler @returns {this} */
    off(event, handler) { return this.#handlers.get(event)?.delete(handler), this; }

    /** One symbol's newest record. A symbol may stand on both markets: without `market`, linear comes first.
     * @param {string} symbol @param {"linear"|"spot"} [market] @returns {MarketRecord|undefined} */
    getSymbol(symbol, market) {
      const markets = market ? [market] : MARKETS;
      return markets.map((name) => this.#records.get(`${name}:${symbol}`)).find(Boolean);
    }

    /** All records. @returns {MarketRecord[]} */
    getAll() { return [...this.#records.values()]; }

    /** Sorted by one field, unknown values last in both directions.
     * @param {keyof MarketRecord} field @param {boolean} [ascending] @returns {MarketRecord[]} */
    getSortedData(field, ascending = true) {
      return this.getAll().sort((a, b) => compare(a[field], b[field], ascending ? 1 : -1));
    }

    #makeAddress() {
      const address = new URL(this.#options.url ?? globalThis.location.origin);
      address.protocol = address.protocol.replace("http", "ws");
      address.pathname = `${address.pathname.replace(/\/$/, "")}/ws/realtime/${encodeURIComponent(this.exchange)}`;
      if (this.symbols.length) address.searchParams.set("symbols", this.symbols.join(","));
      if (this.#options.market) address.searchParams.set("market", this.#options.market);
      address.searchParams.set("mode", this.#options.mode);
      return address.href;
    }

    #wake = () => { if (globalThis.document?.visibilityState !== "hidden") this.resync(); };

    #watchPage(method) {
      globalThis.document?.[method]("visibilitychange", this.#wake);
      globalThis[method]?.("online", this.#wake);
    }

    #dial() {
      this.#cancelRetry();
      this.#next = new Life(this.#address, this.#options, this.#watcher);
    }

    #promote(life) {
      const predecessor = this.#current;
      this.#current = life;
      this.#next = null;
      predecessor?.drop();
      if (!predecessor) this.#emit("connected");
    }

    #ended(life, code, reason) {
      if (life.livedMs >= this.#options.healthyMs) this.#attempts = 0;
      const lost = life === this.#current;
      if (lost) this.#current = null;
      else this.#next = null;
      if (this.#wanted && !this.#current && !this.#next) this.#planRetry();
      if (lost) this.#lost(code, reason);
      else this.#emit("error", new Error(`no connection to ${this.exchange} (${reason || `code ${code}`})`));
    }

    #lost(code, reason) {
      for (const [key, record] of this.#records) if (!record.stale) this.#records.set(key, { ...record, stale: true, quality: "stale" });
      this.#emit("disconnected", { code, reason, retryInMs: this.retryInMs });
      this.#emit("stale", this.getAll());
    }

    /** Full jitter between the floor and a ceiling that doubles with every attempt. */
    #planRetry() {
      const { backoffMinMs: floor, backoffMaxMs, random, now } = this.#options;
      this.#attempts += 1;
      const wait = floor + random() * (Math.min(backoffMaxMs, floor * 2 ** this.#attempts) - floor);
      this.#retryAt = now() + wait;
      this.#timer = setTimeout(() => this.#dial(), wait);
    }

    #cancelRetry() {
      clearTimeout(this.#timer);
      this.#retryAt = null;
    }

    #heard(life, text) {
      let message;
      try { message = JSON.parse(text); } catch { /* reported below, like any other message without a type */ }
      if (message?.type === "initial_data" && life === this.#next) this.#promote(life);
      if (message?.type === "error") this.#emit("error", new Error(String(message.message)));
      else if (typeof message?.type !== "string") this.#emit("error", new Error("the hub sent no valid message"));
      else if (life === this.#current) this.#take(message);
    }

    #take(message) {
      if (message.type === "pong") this.#measure(message);
      if (message.type !== "initial_data" && message.type !== "market_data") return;
      if (message.mode !== "changes") this.#records.clear();
      const changed = message.data ?? [];
      for (const record of changed) this.#records.set(`${record.market}:${record.symbol}`, record);
      for (const key of message.removed ?? []) this.#records.delete(key.slice(key.indexOf(":") + 1));
      this.#emit("data", changed, message);
    }

    #measure({ ts, ts_hub: hub }) {
      this.roundTripMs = this.#options.now() - ts;
      this.clockOffsetMs = hub - (Date.now() - this.roundTripMs / 2);
    }

    #emit(event, ...details) {
      for (const handler of [...this.#handlers.get(event)]) {
        try { handler(...details); } catch (error) { this.#complain(event, error); }
      }
    }

    #complain(event, error) {
      if (event !== "error" && this.#handlers.get("error").size) this.#emit("error", error);
      else console.error(`a "${event}" handler of RealtimeClient failed:`, error);
    }
  }

  globalThis.RealtimeClient = RealtimeClient;
})();
