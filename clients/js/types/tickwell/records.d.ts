/**
 * what every record of an instrument has
 */
export type Current = {
    /**
     * such as "bybit:linear:BTCUSDT"
     */
    key: string;
    quality: string;
    /**
     * the exchange's clock
     */
    ts_event: number | null;
    /**
     * when the hub read it
     */
    ts_recv: number | null;
    stale?: boolean;
};
/**
 * `funding_rate` is a fraction per `funding_interval_h` hours, `funding_apr` percent per
 *   year; `spread_bps` and `premium_bps` are 1/10000; `timestamp` alone is Unix seconds
 */
export type TickerFields = {
    symbol: string;
    market: string;
    exchange: string;
    name: string | null;
    price: number | null;
    bid: number | null;
    ask: number | null;
    bid_size: number | null;
    ask_size: number | null;
    mid: number | null;
    spread: number | null;
    spread_bps: number | null;
    volume_24h: number | null;
    turnover_24h: number | null;
    change_24h: number | null;
    change_1h: number | null;
    change_5m: number | null;
    change_1m: number | null;
    high_24h: number | null;
    low_24h: number | null;
    mark_price: number | null;
    index_price: number | null;
    premium_bps: number | null;
    funding_rate: number | null;
    funding_interval_h: number | null;
    funding_rate_8h: number | null;
    funding_apr: number | null;
    next_funding_ts: number | null;
    open_interest: number | null;
    open_interest_value: number | null;
    timestamp: number | null;
};
/**
 * the newest of everything that is known of an instrument
 */
export type Ticker = Current & TickerFields;
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type QuoteFields = {
    bid: number | null;
    ask: number | null;
    bid_size: number | null;
    ask_size: number | null;
    mid: number | null;
    spread_bps: number | null;
};
/**
 * the best bid and the best ask
 */
export type Quote = Current & QuoteFields;
/**
 * `count` is how many fills it stands for; `backfill`: it did not come as it happened
 */
export type TradeFields = {
    trade_id: string;
    price: number;
    size: number;
    /**
     * the taker's
     */
    side: "buy" | "sell";
    count: number;
    backfill: boolean;
};
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type Trade = Current & TradeFields;
/**
 * final once `closed`; `revision` counts what changed after that; `gap`: trades may be missing
 */
export type Bar = {
    key: string;
    quality: string;
    stale?: boolean;
    start: number;
    interval: string;
    open: number;
    high: number;
    low: number;
    close: number;
    volume: number;
    turnover: number | null;
    trades: number | null;
    taker_buy_volume: number | null;
    vwap: number | null;
    closed: boolean;
    revision: number;
    gap: boolean;
    source: "trades" | "backfill" | "exchange";
};
/**
 * `value` is in quote units; `sampled`: the exchange tells only some of them
 */
export type LiquidationFields = {
    exchange: string;
    market: string;
    symbol: string;
    /**
     * of the position
     */
    side: "long" | "short";
    price: number;
    size: number;
    value: number;
    sampled: boolean;
};
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type Liquidation = Current & LiquidationFields;
/**
 * units as in `Ticker`
 */
export type FundingFields = {
    exchange: string;
    market: string;
    symbol: string;
    name: string | null;
    funding_rate: number | null;
    funding_interval_h: number | null;
    next_funding_ts: number | null;
    funding_rate_8h: number | null;
    funding_apr: number | null;
    mark_price: number | null;
    index_price: number | null;
    premium_bps: number | null;
    open_interest: number | null;
    open_interest_value: number | null;
};
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type Funding = Current & FundingFields;
/**
 * the state of one channel of one instrument, since when (Unix ms) and why; `threshold_ms` is the
 * silence that makes it stale
 */
export type Quality = {
    key: string;
    quality: string;
    stale?: boolean;
    exchange: string;
    market: string;
    symbol: string;
    channel: string;
    since: number | null;
    reason: string;
    last_ts: number | null;
    threshold_ms: number | null;
    messages: number;
    gaps: number;
    resyncs: number;
    duplicates: number;
    out_of_order: number;
};
/**
 * and the leg that has it
 */
export type BestPrice = {
    price: number;
    size: number | null;
    key: string;
    exchange: string;
    quote: string;
};
/**
 * over some legs
 */
export type Best = {
    bid: BestPrice | null;
    ask: BestPrice | null;
    spread_bps: number | null;
    legs: number;
};
/**
 * a perpetual's mid above a spot mid, in 1/10000 of it
 */
export type Basis = {
    perpetual: string;
    spot: string;
    bps: number;
};
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type FundingDifference = {
    lowest_key: string;
    lowest_8h: number;
    highest_key: string;
    highest_8h: number;
    difference_8h: number;
    difference_apr: number;
};
/**
 * `left_out` says why it does not count; `null` if it does
 */
export type LegFields = {
    exchange: string;
    market: string;
    symbol: string;
    quote: string;
    multiplier: number;
    bid: number | null;
    ask: number | null;
    bid_size: number | null;
    ask_size: number | null;
    mid: number | null;
    price: number | null;
    funding_rate_8h: number | null;
    funding_apr: number | null;
    open_interest_value: number | null;
    turnover_24h: number | null;
    left_out: string | null;
};
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type Leg = Current & LegFields;
/**
 * one asset over all exchanges; `key` is such as "BTC-USD"
 */
export type Spread = {
    key: string;
    base: string;
    quote: string;
    best: Best;
    spot: Best;
    linear: Best;
    basis: Basis[];
    funding: FundingDifference | null;
    legs: Leg[];
    stale?: boolean;
};
/**
 * what a plugin of the hub makes of bars or tickers; `name` tells it from what else that plugin
 * says. `values` belong to `value`, `inputs` are the keys that it rests on, and `ts` is the exchange's time up to which it
 * was told. `quality` is that of its worst input
 */
export type Derived = {
    key: string;
    quality: string;
    stale?: boolean;
    plugin: string;
    name: string;
    value: number | null;
    values: Record<string, number | null>;
    inputs: string[];
    source: "bar" | "ticker";
    ts: number | null;
};
/**
 * what a rule told. `key` is the instrument, an asset such as "BTC-USD", or empty where it is about
 * the whole rule; `subject` is the same, or `null` then. `value` and `bound` are in the unit of the rule; `muted`: no
 * notifier was told. It happened at `ts`, and had held since `since`
 */
export type Alert = {
    key: string;
    /**
     * its own for ever
     */
    id: string;
    /**
     * its place in the history
     */
    number: number;
    /**
     * `stale`: all data of the rule is
     */
    kind: "fired" | "resolved" | "stale" | "fresh";
    rule: string;
    severity: "info" | "warning" | "critical";
    subject: string | null;
    value: number | null;
    bound: number | null;
    text: string;
    note: string;
    muted: boolean;
    ts: number;
    since: number;
};
/**
 * what the hub missed, feeds that go and come
 */
export type SystemEvent = {
    type: "gap" | "feed";
    data: Record<string, any>;
};
/**
 * events are missing. `reason`: `slow_consumer` (we took them too slowly), `not_recovered` (we were
 * away for longer than the hub remembers, or it was restarted), `slow_reader` (a loop was too slow, here), or the hub's
 * word for what it missed itself of the exchange: then `key` names the instrument, `cause` says why, `from` and `to` when
 * (Unix ms), and `healed` whether it was fetched since
 */
export type Gap = {
    channel: string;
    reason: string;
    /**
     * `null` where nobody knows how many
     */
    missed: number | null;
    sub?: number;
    key?: string;
    cause?: string;
    recovered?: number;
    from_offset?: number | null;
    to_offset?: number | null;
    from?: number;
    to?: number | null;
    healed?: boolean;
};
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type Rejection = {
    symbol: string;
    code: string;
    message: string;
    nearest: string[];
};
/**
 * the answer to `subscribe`
 */
export type Accepted = {
    sub: number;
    channel: string;
    keys: string[];
    rejected: Rejection[];
    warnings: string[];
    max_rate_hz: number;
    epoch: string;
    offset: number;
    recovered: boolean;
};
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type Welcome = {
    connection_id: string;
    protocol: number;
    server: string;
    epoch: string;
    ts: number;
    heartbeat_ms: number;
    formats: string[];
    limits: {
        subscriptions: number;
        messages_per_s: number;
        message_bytes: number;
        symbols: number;
        rate_hz: number;
    };
};
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type Interval = "1s" | "1m" | "5m" | "15m" | "1h" | "4h" | "1d";
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type Position = {
    epoch: string;
    offset: number;
};
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type EventParams = {
    /**
     * at most so many frames per second; 0, the default: as soon as the hub knows
     */
    max_rate_hz?: number;
    /**
     * only these of each record
     */
    fields?: string[];
    /**
     * begin with what is known now
     */
    snapshot?: boolean;
    /**
     * where the last frame was
     */
    resume?: Position;
};
/**
 * `changes_only`: the wire carries only what changed; you
 * get whole records all the same
 */
export type SymbolParams = EventParams & {
    changes_only?: boolean;
};
/**
 * `depth` is levels per side, 1 to 200;
 * `grouping` the width of a level, `null` for the exchange's own
 */
export type BookParams = EventParams & {
    depth?: number;
    grouping?: number | null;
};
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type BarsParams = SymbolParams & {
    interval?: Interval;
};
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type SpreadsParams = SymbolParams & {
    bases?: string[];
    quote?: string;
    legs_min?: number;
    limit?: number;
};
/**
 * What the hub tells, as types; nothing of this exists when the program runs.
 *
 * Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `null` means
 * unknown. Only a record whose `quality` is `live` is current; `stale` marks what was known before the connection was lost.
 */
export type ScreenerParams = EventParams & {
    filter?: string;
    sort?: string;
    limit?: number;
};
/**
 * Records that came together. `kind` is `snapshot` (everything, in place of what you had) or `update` (what changed);
 * `removed` are the keys that are gone. `offset` and `epoch` say where the hub stood, `ts_out` when it built the frame.
 */
export type Batch<R> = {
    kind: "snapshot" | "update";
    records: R[];
    removed: string[];
    offset: number | null;
    epoch: string | null;
    ts_out: number | null;
};
