/** Records for the tests of the terminal. */

import type { Bar, Leg, Liquidation, Trade } from "tickwell/records";

export const KEY = "bybit:linear:BTCUSDT";

export function bar(start: number, changes: Partial<Bar> = {}): Bar {
  return {
    key: KEY, quality: "live", start, interval: "1m", open: 1, high: 2, low: 0.5, close: 1.5, volume: 3, turnover: null, trades: null,
    taker_buy_volume: null, vwap: null, closed: true, revision: 0, gap: false, source: "trades", ...changes,
  };
}

export function trade(id: number, changes: Partial<Trade> = {}): Trade {
  return { key: KEY, quality: "live", trade_id: String(id), price: 100, size: 1, side: "buy", count: 1, backfill: false, ts_event: id, ts_recv: id, ...changes };
}

export function liquidation(ts: number, side: "long" | "short", value: number): Liquidation {
  return { key: KEY, quality: "live", exchange: "bybit", market: "linear", symbol: "BTCUSDT", side, price: 1, size: value, value, sampled: false, ts_event: ts, ts_recv: ts };
}

export function leg(key: string, bid: number | null, ask: number | null, changes: Partial<Leg> = {}): Leg {
  const [exchange = "", market = "", symbol = ""] = key.split(":");
  return {
    key, exchange, market, symbol, quote: "USDT", multiplier: 1, bid, ask, bid_size: 1, ask_size: 1, mid: bid !== null && ask !== null ? (bid + ask) / 2 : null,
    price: bid, funding_rate_8h: null, funding_apr: null, open_interest_value: null, turnover_24h: null, left_out: null, quality: "live",
    ts_event: 1, ts_recv: 1, ...changes,
  };
}
