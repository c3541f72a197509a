import { describe, expect, it } from "vitest";

import { Feed } from "~/pages/liquidations/feed";
import { barsOf, mostOf, unknownPart } from "~/pages/liquidations/histogram";
import { sourcesOf } from "~/pages/liquidations/sources";
import { longPart, missedMs, parametersOf, sumOf, summaryOf, type Summary } from "~/pages/liquidations/summary";
import { USUAL, viewOf } from "~/pages/liquidations/view";

const MINUTE = 60_000, NOW = 1_000 * MINUTE;

const summary = (changes: Partial<Summary> = {}): Summary => ({ from: 0, to: 100, slice_ms: 10, since: 0, totals: [], slices: [], biggest: [], ...changes });

function seen(...each: readonly [minutesAgo: number, value: number, side: "long" | "short"][]): Feed {
  const feed = new Feed();
  feed.take(each.map(([ago, value, side]) => ({
    key: "a:linear:X", exchange: "a", market: "linear", symbol: "X", side, price: 1, size: value, value, sampled: false,
    ts_event: NOW - ago * MINUTE, ts_recv: null, quality: "live",
  })));
  return feed;
}

describe("what the page can tell by itself", () => {
  it("is of the window only, by side, by slice, and the biggest first", () => {
    const told = summaryOf(seen([1, 10, "long"], [1.5, 5, "short"], [30, 70, "long"], [90, 1000, "short"]).entries, "1h", NOW);
    expect([sumOf(told.totals, "long"), sumOf(told.totals, "short")]).toEqual([{ count: 2, value: 80 }, { count: 1, value: 5 }]);
    expect(told.slices.map(({ start, long, short }) => [(NOW - start) / MINUTE, long, short])).toEqual([[30, 70, 0], [2, 0, 5], [1, 10, 0]]);
    expect(told.biggest.map(({ value }) => value)).toEqual([70, 10, 5]);
    expect(told.since).toBe(NOW - 90 * MINUTE);
  });

  it("is nothing where nothing was seen", () => {
    expect(summaryOf([], "24h", NOW)).toMatchObject({ since: null, totals: [], slices: [] });
  });
});

describe("totals", () => {
  it("are of one market where that is asked for", () => {
    const totals = [
      { exchange: "a", market: "linear", side: "long", sampled: false, count: 1, value: 30 }, { exchange: "b", market: "linear", side: "long", sampled: true, count: 2, value: 40 },
      { exchange: "b", market: "linear", side: "short", sampled: true, count: 1, value: 30 },
    ] as const;
    expect(sumOf(totals, "long", "b", "linear")).toEqual({ count: 2, value: 40 });
    expect(longPart(totals)).toBeCloseTo(0.7);
    expect(longPart([])).toBeNull();
  });

  it("are asked for as the view says", () => {
    expect(parametersOf(viewOf({ ...USUAL, exchange: "a", coins: "btc, eth", value: "10k" }), "24h")).toEqual({
      window: "24h", slice: "15m", limit: 10, exchange: "a", bases: "BTC,ETH", value_min: 10_000,
    });
    expect(parametersOf(viewOf(USUAL), "1h")).toMatchObject({ exchange: null, bases: null, value_min: null });
  });
});

describe("the histogram", () => {
  it("draws both sides to one scale, and the slices at the ends in part", () => {
    const slices = [{ start: -5, long: 50, short: 0, count: 1 }, { start: 95, long: 0, short: 100, count: 1 }];
    expect(barsOf(summary({ slices })).map(({ x, width, up, down }) => [x, Number(width.toFixed(6)), up, down])).toEqual([[0, 0.05, 0, 0.5], [0.95, 0.05, 1, 0]]);
    expect(mostOf([])).toBe(1);
  });

  it("knows from when on anything is known", () => {
    expect([summary({ since: 40 }), summary({ since: -9 }), summary({ since: null })].map(unknownPart)).toEqual([0.4, 0, 1]);
  });
});

describe("what is missing", () => {
  const gap = (from: number, to: number | null) => ({ exchange: "a", market: "linear", from, to });

  it("counts once where holes overlap, and within the window only", () => {
    const missed = (...gaps: ReturnType<typeof gap>[]): number => missedMs({ summary: summary(), gaps });
    expect([missed(), missed(gap(-50, 10)), missed(gap(10, 30), gap(20, 40), gap(25, 26)), missed(gap(90, null)), missed(gap(80, 300), gap(10, 20))]).toEqual([0, 10, 30, 10, 30]);
  });
});

describe("sources", () => {
  const offer = (exchange: string, market: string, changes = {}) => ({ exchange, market, channels: ["ticker", "liquidations"], sampled: [], switched_off: [], ...changes });

  it("say how much of it they tell, and those that tell most come first", () => {
    const offers = [offer("n", "linear", { channels: ["ticker"] }), offer("o", "linear", { switched_off: ["liquidations"] }), offer("s", "linear", { sampled: ["liquidations"] }), offer("a", "linear"), offer("a", "spot")];
    expect(sourcesOf(offers).map(({ exchange, tells }) => [exchange, tells])).toEqual([["a", "all"], ["s", "some"], ["o", "switched_off"], ["n", "none"]]);
    expect(sourcesOf(offers, "s").length).toBe(1);
  });
});
