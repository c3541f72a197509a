/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 *
 * @typedef {object} Current what every record of an instrument has
 * @property {string} key such as "bybit:linear:BTCUSDT"
 * @property {string} quality
 * @property {?number} ts_event the exchange's clock
 * @property {?number} ts_recv when the hub read it
 * @property {boolean} [stale]
 *
 * @typedef {object} TickerFields `funding_rate` is a fraction per `funding_interval_h` hours, `funding_apr` percent per
 *   year; `spread_bps` and `premium_bps` are 1/10000; `timestamp` alone is Unix seconds
 * @property {string} symbol @property {string} market @property {string} exchange @property {?string} name
 * @property {?number} price @property {?number} bid @property {?number} ask @property {?number} bid_size
 * @property {?number} ask_size @property {?number} mid @property {?number} spread @property {?number} spread_bps
 * @property {?number} volume_24h @property {?number} turnover_24h @property {?number} change_24h
 * @property {?number} change_1h @property {?number} change_5m @property {?number} change_1m
 * @property {?number} high_24h @property {?number} low_24h @property {?number} mark_price @property {?number} index_price
 * @property {?number} premium_bps @property {?number} funding_rate @property {?number} funding_interval_h
 * @property {?number} funding_rate_8h @property {?number} funding_apr @property {?number} next_funding_ts
 * @property {?number} open_interest @property {?number} open_interest_value @property {?number} timestamp
 * @typedef {Current & TickerFields} Ticker the newest of everything that is known of an instrument
 *
 * @typedef {object} QuoteFields
 * @property {?number} bid @property {?number} ask @property {?number} bid_size @property {?number} ask_size
 * @property {?number} mid @property {?number} spread_bps
 * @typedef {Current & QuoteFields} Quote the best bid and the best ask
 *
 * @typedef {object} TradeFields `count` is how many fills it stands for; `backfill`: it did not come as it happened
 * @property {string} trade_id @property {number} price @property {number} size @property {"buy" | "sell"} side the taker's
 * @property {number} count @property {boolean} backfill
 * @typedef {Current & TradeFields} Trade
 *
 * @typedef {object} Bar final once `closed`; `revision` counts what changed after that; `gap`: trades may be missing
 * @property {string} key @property {string} quality @property {boolean} [stale]
 * @property {number} start @property {string} interval @property {number} open @property {number} high
 * @property {number} low @property {number} close @property {number} volume @property {?number} turnover
 * @property {?number} trades @property {?number} taker_buy_volume @property {?number} vwap @property {boolean} closed
 * @property {number} revision @property {boolean} gap @property {"trades" | "backfill" | "exchange"} source
 *
 * @typedef {object} LiquidationFields `value` is in quote units; `sampled`: the exchange tells only some of them
 * @property {string} exchange @property {string} market @property {string} symbol
 * @property {"long" | "short"} side of the position @property {number} price @property {number} size
 * @property {number} value @property {boolean} sampled
 * @typedef {Current & LiquidationFields} Liquidation
 *
 * @typedef {object} FundingFields units as in `Ticker`
 * @property {string} exchange @property {string} market @property {string} symbol @property {?string} name
 * @property {?number} funding_rate @property {?number} funding_interval_h @property {?number} next_funding_ts
 * @property {?number} funding_rate_8h @property {?number} funding_apr @property {?number} mark_price
 * @property {?number} index_price @property {?number} premium_bps @property {?number} open_interest
 * @property {?number} open_interest_value
 * @typedef {Current & FundingFields} Funding
 *
 * @typedef {object} Quality the state of one channel of one instrument, since when (Unix ms) and why; `threshold_ms` is the
 *   silence that makes it stale
 * @property {string} key @property {string} quality @property {boolean} [stale]
 * @property {string} exchange @property {string} market @property {string} symbol @property {string} channel
 * @property {?number} since @property {string} reason @property {?number} last_ts @property {?number} threshold_ms
 * @property {number} messages @property {number} gaps @property {number} resyncs @property {number} duplicates
 * @property {number} out_of_order
 *
 * @typedef {{price: number, size: ?number, key: string, exchange: string, quote: string}} BestPrice and the leg that has it
 * @typedef {{bid: ?BestPrice, ask: ?BestPrice, spread_bps: ?number, legs: number}} Best over some legs
 * @typedef {{perpetual: string, spot: string, bps: number}} Basis a perpetual's mid above a spot mid, in 1/10000 of it
 * @typedef {{lowest_key: string, lowest_8h: number, highest_key: string, highest_8h: number, difference_8h: number,
 *   difference_apr: number}} FundingDifference
 * @typedef {object} LegFields `left_out` says why it does not count; `null` if it does
 * @property {string} exchange @property {string} market @property {string} symbol @property {string} quote
 * @property {number} multiplier @property {?number} bid @property {?number} ask @property {?number} bid_size
 * @property {?number} ask_size @property {?number} mid @property {?number} price @property {?number} funding_rate_8h
 * @property {?number} funding_apr @property {?number} open_interest_value @property {?number} turnover_24h
 * @property {?string} left_out
 * @typedef {Current & LegFields} Leg
 * @typedef {{key: string, base: string, quote: string, best: Best, spot: Best, linear: Best, basis: Basis[],
 *   funding: ?FundingDifference, legs: Leg[], stale?: boolean}} Spread one asset over all exchanges; `key` is such as "BTC-USD"
 *
 * @typedef {object} Derived what a plugin of the hub makes of bars or tickers; `name` tells it from what else that plugin
 *   says. `values` belong to `value`, `inputs` are the keys that it rests on, and `ts` is the exchange's time up to which it
 *   was told. `quality` is that of its worst input
 * @property {string} key @property {string} quality @property {boolean} [stale]
 * @property {string} plugin @property {string} name @property {?number} value @property {Record<string, ?number>} values
 * @property {string[]} inputs @property {"bar" | "ticker"} source @property {?number} ts
 *
 * @typedef {object} Alert what a rule told. `key` is the instrument, an asset such as "BTC-USD", or empty where it is about
 *   the whole rule; `subject` is the same, or `null` then. `value` and `bound` are in the unit of the rule; `muted`: no
 *   notifier was told. It happened at `ts`, and had held since `since`
 * @property {string} key @property {string} id its own for ever @property {number} number its place in the history
 * @property {"fired" | "resolved" | "stale" | "fresh"} kind `stale`: all data of the rule is @property {string} rule
 * @property {"info" | "warning" | "critical"} severity @property {?string} subject @property {?number} value
 * @property {?number} bound @property {string} text @property {string} note @property {boolean} muted
 * @property {number} ts @property {number} since
 *
 * @typedef {{type: "gap" | "feed", data: Record<string, any>}} SystemEvent what the hub missed, feeds that go and come
 *
 * @typedef {object} Gap events are missing. `reason`: `slow_consumer` (we took them too slowly), `not_recovered` (we were
 *   away for longer than the hub remembers, or it was restarted), `slow_reader` (a loop was too slow, here), or the hub's
 *   word for what it missed itself of the exchange: then `key` names the instrument, `cause` says why, `from` and `to` when
 *   (Unix ms), and `healed` whether it was fetched since
 * @property {string} channel @property {string} reason @property {?number} missed `null` where nobody knows how many
 * @property {number} [sub] @property {string} [key] @property {string} [cause] @property {number} [recovered]
 * @property {?number} [from_offset] @property {?number} [to_offset] @property {number} [from] @property {?number} [to]
 * @property {boolean} [healed]
 *
 * @typedef {{symbol: string, code: string, message: string, nearest: string[]}} Rejection
 * @typedef {object} Accepted the answer to `subscribe`
 * @property {number} sub @property {string} channel @property {string[]} keys @property {Rejection[]} rejected
 * @property {string[]} warnings @property {number} max_rate_hz @property {string} epoch @property {number} offset
 * @property {boolean} recovered
 *
 * @typedef {object} Welcome
 * @property {string} connection_id @property {number} protocol @property {string} server @property {string} epoch
 * @property {number} ts @property {number} heartbeat_ms @property {string[]} formats
 * @property {{subscriptions: number, messages_per_s: number, message_bytes: number, symbols: number, rate_hz: number}} limits
 *
 * @typedef {"1s" | "1m" | "5m" | "15m" | "1h" | "4h" | "1d"} Interval
 * @typedef {{epoch: string, offset: number}} Position
 *
 * @typedef {object} EventParams
 * @property {number} [max_rate_hz] at most so many frames per second; 0, the default: as soon as the hub knows
 * @property {string[]} [fields] only these of each record
 * @property {boolean} [snapshot] begin with what is known now
 * @property {Position} [resume] where the last frame was
 * @typedef {EventParams & {changes_only?: boolean}} SymbolParams `changes_only`: the wire carries only what changed; you
 *   get whole records all the same
 * @typedef {EventParams & {depth?: number, grouping?: ?number}} BookParams `depth` is levels per side, 1 to 200;
 *   `grouping` the width of a level, `null` for the exchange's own
 * @typedef {SymbolParams & {interval?: Interval}} BarsParams
 * @typedef {SymbolParams & {bases?: string[], quote?: string, legs_min?: number, limit?: number}} SpreadsParams
 * @typedef {EventParams & {filter?: string, sort?: string, limit?: number}} ScreenerParams
 */

/**
 * Records that came together. `kind` is `snapshot` (everything, in place of what you had) or `update` (what changed);
 * `removed` are the keys that are gone. `offset` and `epoch` say where the hub stood, `ts_out` when it built the frame.
 * @template R
 * @typedef {object} Batch
 * @property {"snapshot" | "update"} kind
 * @property {R[]} records
 * @property {string[]} removed
 * @property {?number} offset
 * @property {?string} epoch
 * @property {?number} ts_out
 */

export {};
