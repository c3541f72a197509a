import { describe, expect, it } from "vitest";
import type { Best, Leg, Spread } from "tickwell/records";

import { fitOfRow, netBps, pairNames, rowOf } from "~/pages/spreads/assets";
import { USUAL, viewOf } from "~/pages/spreads/view";

const NOTHING: Best = { bid: null, ask: null, spread_bps: null, legs: 0 };

function leg(exchange: string, market: string, bid: number | null, ask: number | null, changes: Partial<Leg> = {}): Leg {
  return {
    key: `${exchange}:${market}:BTC`, exchange, market, symbol: "BTC", quote: "USDT", multiplier: 1, bid, ask, bid_size: 1, ask_size: 1,
    mid: null, price: null, funding_rate_8h: null, funding_apr: null, open_interest_value: null, turnover_24h: null, left_out: null,
    ts_event: 0, ts_recv: 0, quality: "live", ...changes,
  };
}

const best = (bid: number, ask: number): Best => ({
  bid: { price: bid, size: 1, key: "a:spot:BTC", exchange: "a", quote: "USDT" }, ask: { price: ask, size: 1, key: "b:linear:BTC", exchange: "b", quote: "USDC" },
  spread_bps: (bid / ask - 1) * 1e4, legs: 2,
});

const asset = (legs: Leg[], changes: Partial<Spread> = {}): Spread => ({
  key: "BTC-USD", base: "BTC", quote: "USD", best: NOTHING, spot: NOTHING, linear: NOTHING, basis: [], funding: null, legs, ...changes,
});

const ALL = { compared: "all", feeBps: 0 } as const;

describe("what stays after fees", () => {
  it("is less by a fee on each of two trades", () => {
    expect(netBps(100, 101, 0)).toBeCloseTo(100, 9);
    expect(netBps(100, 100, 10)).toBeCloseTo(-19.98, 2);
    expect(netBps(0, 100, 0)).toBeNull();
  });

  it("is unknown without a bid or an ask", () => {
    expect(rowOf(asset([]), ALL).net_bps).toBeNull();
    expect(rowOf(asset([], { best: best(101, 100) }), { compared: "all", feeBps: 5 }).net_bps).toBeCloseTo(89.9, 1);
  });
});

describe("a row", () => {
  it("compares the legs that were asked for only", () => {
    const spread = asset([leg("a", "spot", 1, 2), leg("a", "linear", 1, 2), leg("b", "linear", 1, 2)], { best: best(103, 100), linear: best(101, 100) });
    expect(rowOf(spread, ALL)).toMatchObject({ legs: 3, counted: 3, spread_bps: best(103, 100).spread_bps });
    expect(rowOf(spread, { compared: "linear", feeBps: 0 })).toMatchObject({ legs: 2, spread_bps: best(101, 100).spread_bps });
  });

  it("counts no leg that is left out or stale", () => {
    const legs = [leg("a", "spot", 10, 11), leg("b", "spot", 20, 21, { left_out: "stale" }), leg("c", "spot", 30, 31, { stale: true })];
    const row = rowOf(asset(legs), ALL);
    expect([row.counted, row.legs, row.pairs.size]).toEqual([1, 3, 0]);
  });

  it("tells the basis that is furthest from nothing, on either side", () => {
    const basis = [{ perpetual: "p", spot: "s", bps: 3 }, { perpetual: "q", spot: "s", bps: -7 }];
    expect(rowOf(asset([], { basis }), ALL).basis?.perpetual).toBe("q");
  });
});

describe("pairs of exchanges", () => {
  it("hold the better way round of all their legs", () => {
    const legs = [leg("b", "spot", 100, 101), leg("a", "spot", 103, 104), leg("a", "linear", 105, 106), leg("c", "spot", null, 90)];
    const { pairs } = rowOf(asset(legs), ALL);
    expect([...pairs].map(([name, { buy, sell }]) => [name, buy.key, sell.key])).toEqual([
      ["a b", "b:spot:BTC", "a:linear:BTC"], ["b c", "c:spot:BTC", "b:spot:BTC"], ["a c", "c:spot:BTC", "a:linear:BTC"],
    ]);
    expect(pairs.get("a b")!.net_bps).toBeCloseTo((105 / 101 - 1) * 1e4, 6);
  });

  it("are those that any asset has", () => {
    expect(pairNames([asset([leg("b", "spot", 1, 2)]), asset([leg("a", "linear", 1, 2), leg("c", "spot", 1, 2)])], "all")).toEqual(["a b", "a c", "b c"]);
    expect(pairNames([asset([leg("b", "spot", 1, 2), leg("a", "linear", 1, 2)])], "spot")).toEqual([]);
  });
});

describe("a view", () => {
  it("narrows the rows down", () => {
    const row = rowOf(asset([leg("a", "spot", 1, 2), leg("b", "spot", 1, 2)]), ALL), view = viewOf(USUAL);
    expect(fitOfRow(row, view)).toBeGreaterThan(0);
    expect([fitOfRow(row, { ...view, legsMin: 3 }), fitOfRow(row, { ...view, quote: "EUR" }), fitOfRow(row, { ...view, search: "eth" })]).toEqual([0, 0, 0]);
    expect(fitOfRow(row, { ...view, search: "btc", quote: "USD" })).toBeGreaterThan(0);
  });

  it("is as ever where an address says nonsense", () => {
    expect(viewOf({ ...USUAL, fee: "-3", legs: "99", compare: "?", view: "?" })).toMatchObject({ feeBps: 0, legsMin: 20, compared: "all", shape: "table" });
  });
});
