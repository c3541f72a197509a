/** The channels of the hub, one method each. */

import { Subscription } from "./subscription.js";

/**
 * @typedef {import("./records.js").SymbolParams} SymbolParams
 * @typedef {string | readonly string[]} Selectors
 */

/**
 * What can be subscribed to. A selector is a key (`bybit:linear:BTCUSDT`) whose parts may hold `*` and `?`, a symbol or
 * name alone (`BTCUSDT`), meant on every exchange, or `top:20`, those with the highest turnover; no selector means all.
 * `params` are those of docs/protocol.md, by the names that they have there.
 *
 * For a loop, tickers, quotes, books, bars, funding, spreads, screener, quality and derived values wait merged: of each key
 * the newest. Of trades, liquidations, alerts and system events every one waits, up to `eventsMax`; beyond it the oldest
 * goes, counts as `dropped`, and is told as a gap.
 */
export class Channels {
  #desk;

  /** @param {any} desk where subscriptions are asked for */
  constructor(desk) { this.#desk = desk; }

  /** Any channel, by the names of docs/protocol.md. @param {{channel: string, [name: string]: unknown}} params
   * @param {import("./subscription.js").SubscriptionOptions<any>} [options] @returns {Subscription<any>} */
  subscribe(params, options = {}) {
    if (typeof params?.channel !== "string") throw new TypeError(`channel=${params?.channel}: a text such as "trades" would be right`);
    if (params.symbols !== undefined && !Array.isArray(params.symbols)) throw new TypeError(`symbols=${params.symbols}: a list of selectors would be right`);
    return new Subscription(this.#desk, params, options);
  }

  /** The record of each instrument, whenever any of its fields changes. @param {Selectors} [selectors] @param {SymbolParams} [params]
   * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Ticker>} [options]
   * @returns {Subscription<import("./records.js").Ticker>} */
  tickers(selectors, params, options) { return this.#symbols("ticker", selectors, params, options); }

  /** The best bid and ask. @param {Selectors} [selectors] @param {SymbolParams} [params]
   * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Quote>} [options]
   * @returns {Subscription<import("./records.js").Quote>} */
  quotes(selectors, params, options) { return this.#symbols("quote", selectors, params, options); }

  /** Every trade once, from now on; with `snapshot: true` the newest that the hub has come first.
   * @param {Selectors} [selectors] @param {import("./records.js").EventParams} [params]
   * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Trade>} [options]
   * @returns {Subscription<import("./records.js").Trade>} */
  trades(selectors, params, options) { return this.#symbols("trades", selectors, { snapshot: false, ...params }, options); }

  /** Every liquidation once, from now on; with `snapshot: true` the newest that the hub has come first.
   * @param {Selectors} [selectors] @param {import("./records.js").EventParams} [params]
   * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Liquidation>} [options]
   * @returns {Subscription<import("./records.js").Liquidation>} */
  liquidations(selectors, params, options) { return this.#symbols("liquidations", selectors, { snapshot: false, ...params }, options); }

  /** Local order books, each whenever it has changed: the same `OrderBook` of a key every time.
   * @param {Selectors} [selectors] @param {import("./records.js").BookParams} [params]
   * @param {import("./subscription.js").SubscriptionOptions<import("./book.js").OrderBook>} [options]
   * @returns {Subscription<import("./book.js").OrderBook>} */
  book(selectors, params, options) { return this.#symbols("book", selectors, params, options); }

  /** Bars: as they form, when they close, when they are revised. @param {Selectors} [selectors]
   * @param {import("./records.js").BarsParams} [params]
   * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Bar>} [options]
   * @returns {Subscription<import("./records.js").Bar>} */
  bars(selectors, params, options) { return this.#symbols("bars", selectors, params, options); }

  /** Funding, mark, index and open interest of perpetuals. @param {Selectors} [selectors] @param {SymbolParams} [params]
   * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Funding>} [options]
   * @returns {Subscription<import("./records.js").Funding>} */
  funding(selectors, params, options) { return this.#symbols("funding", selectors, params, options); }

  /** The state of every channel of every instrument, when it changes. @param {Selectors} [selectors] @param {SymbolParams} [params]
   * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Quality>} [options]
   * @returns {Subscription<import("./records.js").Quality>} */
  quality(selectors, params, options) { return this.#symbols("quality", selectors, params, options); }

  /** What plugins of the hub make of bars and tickers: of each key the newest of every plugin and name, whenever a number, or
   * how far it can be trusted, changes. @param {Selectors} [selectors] @param {SymbolParams} [params]
   * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Derived>} [options]
   * @returns {Subscription<import("./records.js").Derived>} */
  derived(selectors, params, options) { return this.#symbols("derived", selectors, params, options); }

  /** Every alert of all rules once, from now on; with `snapshot: true` up to a hundred of the newest come first.
   * @param {import("./records.js").EventParams} [params]
   * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Alert>} [options]
   * @returns {Subscription<import("./records.js").Alert>} */
  alerts(params, options) { return this.subscribe({ channel: "alerts", snapshot: false, ...params }, options); }

  /** Each asset across all exchanges, at most once a second. @param {import("./records.js").SpreadsParams} [params]
   * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Spread>} [options]
   * @returns {Subscription<import("./records.js").Spread>} */
  spreads(params, options) { return this.subscribe({ channel: "spreads", ...params }, options); }

  /** The instruments that fulfil a condition such as `funding_apr>20 and turnover_24h>10m`: a loop gets the whole result,
   * in order, as a list, and so does the handler `data`. @param {import("./records.js").ScreenerParams} [params]
   * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Ticker>} [options]
   * @returns {Subscription<import("./records.js").Ticker> & AsyncIterable<import("./records.js").Ticker[]>} */
  screener(params, options) { return this.subscribe({ channel: "screener", ...params }, options); }

  /** What the hub missed of the exchanges, and feeds that go and come.
   * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").SystemEvent>} [options]
   * @returns {Subscription<import("./records.js").SystemEvent>} */
  system(options) { return this.subscribe({ channel: "system" }, options); }

  #symbols(channel, selectors, params, options) {
    const symbols = selectors === undefined ? [] : [selectors].flat();
    const wrong = symbols.find((selector) => typeof selector !== "string" || !selector);
    if (wrong !== undefined) throw new TypeError(`symbols: ${JSON.stringify(wrong)}: a text such as "bybit:linear:BTCUSDT" would be right`);
    return this.subscribe({ channel, ...params, ...(symbols.length && { symbols }) }, options);
  }
}
