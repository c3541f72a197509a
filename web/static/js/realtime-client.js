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
 * (A classic script may not contain `export`: so this file is the script, and the module re-exports it.) The records are kept
 * here; what connects is realtime-connection.js, on the parts of tickwell.js: the module brings it along, the script fetches it.
 *
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
   * @property {() => Promise<string>} [ticket] asked for a new ticket before each connection, where the hub wants a token
   * @property {number} [pingMs] time between our pings; default: 15 000
   * @property {number} [silenceMs] how long nothing may be heard; default: 12 000
   * @property {number} [backoffMinMs] shortest wait before a new attempt; default: 500
   * @property {number} [backoffMaxMs] longest wait before a new attempt; default: 20 000
   * @property {number} [healthyMs] a connection that lived this long resets the backoff; default: 30 000
   * @property {typeof WebSocket} [WebSocket] another socket class, for tests and for Node
   * @property {() => number} [now] a monotonic clock in milliseconds, for tests, like `random`
   * @property {() => number} [random] a number in [0, 1)
   */
  const DEFAULTS = { mode: "changes", now: () => performance.now() };
  const EVENTS = ["connected", "data", "disconnected", "error", "stale"];
  const MARKETS = ["linear", "spot"];
  const LOAD_AGAIN_MS = 5000;
  // In a script of another origin a bare import() would not know where it stands.
  const script = globalThis.document?.currentScript?.src;
  const CONNECTION = script ? new URL("realtime-connection.js", script).href : "./realtime-connection.js";

  const isUnknown = (value) => value === null || value === undefined || Number.isNaN(value);
  function compare(a, b, sign) {
    if (isUnknown(a) || isUnknown(b)) return isUnknown(a) - isUnknown(b);
    return a < b ? -sign : Number(a > b) * sign;
  }

  class RealtimeClient {
    /** What connects; `null` until it is here. */
    static Connection = null;

    /** Round trip of the newest ping, in milliseconds; `null` before the first. @type {?number} */
    roundTripMs = null;
    /** How far the hub's clock is ahead of this computer's, in milliseconds. @type {?number} */
    clockOffsetMs = null;

    #options; #address; #isWanted = false; #connection = null;
    #records = new Map(); // by "market:symbol"
    #handlers = new Map(EVENTS.map((event) => [event, new Set()]));
    #watcher = {
      opened: () => this.#emit("connected"),
      heard: (message) => this.#take(message),
      lost: ({ code, reason }) => this.#lost(code, reason),
      unreached: (error) => this.#emit("error", new Error(`no connection to ${this.exchange} (${error.message})`)),
      failed: (error) => this.#emit("error", error),
    };

    /** @param {string} exchange such as "bybit"
     * @param {string[]} [symbols] in the exchange's spelling; none means all that the hub carries
     * @param {Options} [options] */
    constructor(exchange, symbols = [], options = {}) {
      this.exchange = exchange;
      this.symbols = [...symbols];
      this.#options = { ...DEFAULTS, ...options };
      this.#address = this.#makeAddress();
    }

    /** Whether a connection stands right now. */
    get connected() { return this.#connection?.isOpen ?? false; }

    /** Milliseconds until the next attempt; `null` while none is planned. @returns {?number} */
    get retryInMs() { return this.#connection?.retryInMs ?? null; }

    /** Connects, and stays connected until `disconnect()`. @returns {this} */
    connect() {
      if (this.#isWanted) return this;
      if (RealtimeClient.Connection) this.#start();
      this.#isWanted = true;
      if (!this.#connection) this.#load();
      return this;
    }

    /** Ends the connection; the records stay readable, marked stale. @returns {this} */
    disconnect() {
      const wasConnected = this.connected;
      this.#isWanted = false;
      this.#connection?.stop();
      this.#connection = null;
      if (wasConnected) this.#lost(1000, "disconnected by the page");
      return this;
    }

    /** Starts anew from a snapshot; a healthy connection delivers until its successor has one. The client
     * does this by itself when the page becomes visible again or the network returns. */
    resync() { this.#connection?.resync(); }

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

    #start() {
      const connection = new RealtimeClient.Connection(this.#address, this.#options, this.#watcher);
      connection.start();
      this.#connection = connection;
    }

    async #load() {
      try {
        RealtimeClient.Connection ??= (await import(CONNECTION)).RealtimeConnection;
      } catch (error) {
        setTimeout(() => this.#startLate(), LOAD_AGAIN_MS);
        return void this.#watcher.unreached(error);
      }
      return this.#startLate();
    }

    /** What was asked for before it could be done. */
    #startLate() {
      if (!this.#isWanted || this.#connection) return;
      if (!RealtimeClient.Connection) return void this.#load();
      try { this.#start(); } catch (error) {
        this.#isWanted = false;
        this.#emit("error", error);
      }
    }

    #lost(code, reason) {
      for (const [key, record] of this.#records) if (!record.stale) this.#records.set(key, { ...record, stale: true, quality: "stale" });
      this.#emit("disconnected", { code, reason, retryInMs: this.retryInMs });
      this.#emit("stale", this.getAll());
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
