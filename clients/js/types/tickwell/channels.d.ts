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
    /** @param {any} desk where subscriptions are asked for */
    constructor(desk: any);
    /** Any channel, by the names of docs/protocol.md. @param {{channel: string, [name: string]: unknown}} params
     * @param {import("./subscription.js").SubscriptionOptions<any>} [options] @returns {Subscription<any>} */
    subscribe(params: {
        channel: string;
        [name: string]: unknown;
    }, options?: import("./subscription.js").SubscriptionOptions<any>): Subscription<any>;
    /** The record of each instrument, whenever any of its fields changes. @param {Selectors} [selectors] @param {SymbolParams} [params]
     * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Ticker>} [options]
     * @returns {Subscription<import("./records.js").Ticker>} */
    tickers(selectors?: Selectors, params?: SymbolParams, options?: import("./subscription.js").SubscriptionOptions<import("./records.js").Ticker>): Subscription<import("./records.js").Ticker>;
    /** The best bid and ask. @param {Selectors} [selectors] @param {SymbolParams} [params]
     * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Quote>} [options]
     * @returns {Subscription<import("./records.js").Quote>} */
    quotes(selectors?: Selectors, params?: SymbolParams, options?: import("./subscription.js").SubscriptionOptions<import("./records.js").Quote>): Subscription<import("./records.js").Quote>;
    /** Every trade once, from now on; with `snapshot: true` the newest that the hub has come first.
     * @param {Selectors} [selectors] @param {import("./records.js").EventParams} [params]
     * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Trade>} [options]
     * @returns {Subscription<import("./records.js").Trade>} */
    trades(selectors?: Selectors, params?: import("./records.js").EventParams, options?: import("./subscription.js").SubscriptionOptions<import("./records.js").Trade>): Subscription<import("./records.js").Trade>;
    /** Every liquidation once, from now on; with `snapshot: true` the newest that the hub has come first.
     * @param {Selectors} [selectors] @param {import("./records.js").EventParams} [params]
     * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Liquidation>} [options]
     * @returns {Subscription<import("./records.js").Liquidation>} */
    liquidations(selectors?: Selectors, params?: import("./records.js").EventParams, options?: import("./subscription.js").SubscriptionOptions<import("./records.js").Liquidation>): Subscription<import("./records.js").Liquidation>;
    /** Local order books, each whenever it has changed: the same `OrderBook` of a key every time.
     * @param {Selectors} [selectors] @param {import("./records.js").BookParams} [params]
     * @param {import("./subscription.js").SubscriptionOptions<import("./book.js").OrderBook>} [options]
     * @returns {Subscription<import("./book.js").OrderBook>} */
    book(selectors?: Selectors, params?: import("./records.js").BookParams, options?: import("./subscription.js").SubscriptionOptions<import("./book.js").OrderBook>): Subscription<import("./book.js").OrderBook>;
    /** Bars: as they form, when they close, when they are revised. @param {Selectors} [selectors]
     * @param {import("./records.js").BarsParams} [params]
     * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Bar>} [options]
     * @returns {Subscription<import("./records.js").Bar>} */
    bars(selectors?: Selectors, params?: import("./records.js").BarsParams, options?: import("./subscription.js").SubscriptionOptions<import("./records.js").Bar>): Subscription<import("./records.js").Bar>;
    /** Funding, mark, index and open interest of perpetuals. @param {Selectors} [selectors] @param {SymbolParams} [params]
     * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Funding>} [options]
     * @returns {Subscription<import("./records.js").Funding>} */
    funding(selectors?: Selectors, params?: SymbolParams, options?: import("./subscription.js").SubscriptionOptions<import("./records.js").Funding>): Subscription<import("./records.js").Funding>;
    /** The state of every channel of every instrument, when it changes. @param {Selectors} [selectors] @param {SymbolParams} [params]
     * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Quality>} [options]
     * @returns {Subscription<import("./records.js").Quality>} */
    quality(selectors?: Selectors, params?: SymbolParams, options?: import("./subscription.js").SubscriptionOptions<import("./records.js").Quality>): Subscription<import("./records.js").Quality>;
    /** What plugins of the hub make of bars and tickers: of each key the newest of every plugin and name, whenever a number, or
     * how far it can be trusted, changes. @param {Selectors} [selectors] @param {SymbolParams} [params]
     * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Derived>} [options]
     * @returns {Subscription<import("./records.js").Derived>} */
    derived(selectors?: Selectors, params?: SymbolParams, options?: import("./subscription.js").SubscriptionOptions<import("./records.js").Derived>): Subscription<import("./records.js").Derived>;
    /** Every alert of all rules once, from now on; with `snapshot: true` up to a hundred of the newest come first.
     * @param {import("./records.js").EventParams} [params]
     * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Alert>} [options]
     * @returns {Subscription<import("./records.js").Alert>} */
    alerts(params?: import("./records.js").EventParams, options?: import("./subscription.js").SubscriptionOptions<import("./records.js").Alert>): Subscription<import("./records.js").Alert>;
    /** Each asset across all exchanges, at most once a second. @param {import("./records.js").SpreadsParams} [params]
     * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Spread>} [options]
     * @returns {Subscription<import("./records.js").Spread>} */
    spreads(params?: import("./records.js").SpreadsParams, options?: import("./subscription.js").SubscriptionOptions<import("./records.js").Spread>): Subscription<import("./records.js").Spread>;
    /** The instruments that fulfil a condition such as `funding_apr>20 and turnover_24h>10m`: a loop gets the whole result,
     * in order, as a list, and so does the handler `data`. @param {import("./records.js").ScreenerParams} [params]
     * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").Ticker>} [options]
     * @returns {Subscription<import("./records.js").Ticker> & AsyncIterable<import("./records.js").Ticker[]>} */
    screener(params?: import("./records.js").ScreenerParams, options?: import("./subscription.js").SubscriptionOptions<import("./records.js").Ticker>): Subscription<import("./records.js").Ticker> & AsyncIterable<import("./records.js").Ticker[]>;
    /** What the hub missed of the exchanges, and feeds that go and come.
     * @param {import("./subscription.js").SubscriptionOptions<import("./records.js").SystemEvent>} [options]
     * @returns {Subscription<import("./records.js").SystemEvent>} */
    system(options?: import("./subscription.js").SubscriptionOptions<import("./records.js").SystemEvent>): Subscription<import("./records.js").SystemEvent>;
    #private;
}
export type SymbolParams = import("./records.js").SymbolParams;
export type Selectors = string | readonly string[];
import { Subscription } from "./subscription.js";
