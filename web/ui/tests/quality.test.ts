import { describe, expect, it } from "vitest";

import { buckets, bytes, causesOf, clientRates, since } from "~/pages/quality/figures";
import { fateOf, lanes, ticks } from "~/pages/quality/gaps";
import { cellState, channelsOf, countsOf, sifted } from "~/pages/quality/grid";
import type { ChannelQuality, ChannelSummary, ClientTold, Hole, MarketQuality } from "~/pages/quality/told";
import { placeOf } from "~/pages/quality/view";

const NOON = Date.UTC(2026, 0, 2, 12, 0, 0), MINUTE = 60_000;

const summary = (changes: Partial<ChannelSummary> = {}): ChannelSummary => ({
  channel: "trades", offered: true, sampled: false, states: { live: 3 }, messages: 0, gaps: 0, resyncs: 0, duplicates: 0, out_of_order: 0, ...changes,
});

const market = (changes: Partial<MarketQuality> = {}): MarketQuality => ({
  exchange: "bybit", market: "linear", running: true, state: "live", symbols: 3, producing: 3, refused: {}, messages_per_s: 1, age_ms: 1,
  reconnects: 0, reconnects_by_cause: {}, decode_errors: 0, resyncs: 0, last_error: null, next_attempt_ts: null, latency: null,
  channels: [summary()], ...changes,
});

const hole = (changes: Partial<Hole> = {}): Hole => ({
  key: "bybit:linear:BTCUSDT", exchange: "bybit", market: "linear", symbol: "BTCUSDT", channel: "trades", from_ts: NOON - 2 * MINUTE,
  to_ts: NOON - MINUTE, cause: "network", reason: "reset", missed: null, recovered: 0, healed: false, ...changes,
});

const instrument = (symbol: string, quality: ChannelQuality["quality"]): ChannelQuality => ({
  key: `bybit:linear:${symbol}`, symbol, channel: "trades", quality, since: 0, reason: "", last_ts: null, threshold_ms: null,
  messages: 0, gaps: 0, resyncs: 0, duplicates: 0, out_of_order: 0,
});

describe("a cell of the grid", () => {
  it.each([
    [{ live: 40, stale: 1 }, "stale"], [{ live: 40 }, "live"], [{ stale: 2, gapped: 1 }, "gapped"], [{ live: 1, syncing: 4 }, "syncing"], [{}, "idle"],
  ] as const)("of %j is %s: the worst counts", (states, expected) => expect(cellState(market(), summary({ states }))).toBe(expected));

  it("tells what is not offered and what was stopped from what has failed", () => {
    expect(cellState(market(), undefined)).toBe("none");
    expect(cellState(market(), summary({ offered: false }))).toBe("none");
    expect(cellState(market({ running: false }), summary({ states: { stale: 3 } }))).toBe("stopped");
  });

  it("counts the worst first", () => {
    expect(countsOf(summary({ states: { live: 9, stale: 2, gapped: 1 } })).map(({ state }) => state)).toEqual(["gapped", "stale", "live"]);
  });

  it("stands under every channel that any market has", () => {
    const rich = market({ channels: [summary({ channel: "ticker" }), summary({ channel: "funding" })] });
    expect(channelsOf([market(), rich])).toEqual(["ticker", "funding", "trades"]);
  });
});

describe("the instruments of a cell", () => {
  const all = [instrument("ETH10", "live"), instrument("ETH2", "live"), instrument("BTC", "stale"), instrument("<img>", "gapped")];

  it("stand with what is wrong first, then by symbol as people count", () => {
    expect(sifted(all, "", undefined).map(({ symbol }) => symbol)).toEqual(["<img>", "BTC", "ETH2", "ETH10"]);
  });

  it("are found by a part of their symbol, and by state", () => {
    expect(sifted(all, " eth ", undefined)).toHaveLength(2);
    expect(sifted(all, "", "stale").map(({ symbol }) => symbol)).toEqual(["BTC"]);
  });

  it("are those of a place that the address names", () => {
    expect(placeOf("bybit:linear:trades")).toEqual({ exchange: "bybit", market: "linear", channel: "trades" });
    for (const wrong of [undefined, "", "bybit:linear", "a:b:c:d", "::"]) expect(placeOf(wrong)).toBeNull();
  });
});

describe("the line of time", () => {
  it("shows what of a gap lies within it, by what became of it", () => {
    const [lane] = lanes([hole(), hole({ from_ts: NOON - 20 * MINUTE, to_ts: NOON - 9 * MINUTE, healed: true }), hole({ from_ts: NOON - MINUTE, to_ts: null })], NOON, 10 * MINUTE);
    expect(lane?.name).toBe("Bybit linear trades");
    expect(lane?.bars.map(({ x, width, fate }) => [x, width, fate])).toEqual([
      [0, expect.closeTo(0.1), "healed"], [expect.closeTo(0.8), expect.closeTo(0.1), "ended"], [expect.closeTo(0.9), expect.closeTo(0.1), "open"],
    ]);
  });

  it("leaves out what was before it, and puts open gaps first", () => {
    const old = hole({ from_ts: NOON - 60 * MINUTE, to_ts: NOON - 50 * MINUTE }), open = hole({ channel: "zzz", to_ts: null });
    expect(lanes([old], NOON, 10 * MINUTE)).toEqual([]);
    expect(lanes([hole(), open], NOON, 10 * MINUTE).map(({ name }) => name)).toEqual(["Bybit linear zzz", "Bybit linear trades"]);
    expect(fateOf(open)).toBe("open");
  });

  it("has few, round marks", () => {
    const marks = ticks(NOON + 7_000, 30 * MINUTE);
    expect(marks.map(({ ms }) => (ms - NOON) / MINUTE)).toEqual([-25, -20, -15, -10, -5, 0]);
    expect(ticks(NOON, 12 * 60 * MINUTE).length).toBeLessThanOrEqual(7);
  });
});

describe("figures", () => {
  it("of a histogram are shares of all, and heights of the tallest", () => {
    expect(buckets([1, 5], [1, 2, 1])).toEqual([
      { upTo: 1, count: 1, share: 0.25, height: 0.5 }, { upTo: 5, count: 2, share: 0.5, height: 1 }, { upTo: null, count: 1, share: 0.25, height: 0.5 },
    ]);
    expect(buckets([1, 5], [])).toEqual([]);
    expect(buckets([1], [0, 0])).toEqual([]);
  });

  it("since the page was opened are the difference, or all after a restart", () => {
    expect(since([5, 7], [5, 2])).toEqual([0, 5]);
    expect(since([1, 2], [5, 2])).toEqual([1, 2]);
    expect(since([1, 2], [])).toEqual([1, 2]);
  });

  it("of reconnects name every cause once, the most frequent first", () => {
    expect(causesOf([market({ reconnects_by_cause: { stall: 1 } }), market({ reconnects_by_cause: { network: 3, stall: 1 } })])).toEqual(["network", "stall"]);
  });

  it("of clients are rates, unknown for who is new", () => {
    const client = (id: string, messages: number) => ({ id, messages }) as ClientTold;
    const rates = clientRates({ asOf: 4000, clients: [client("a", 30), client("b", 5)] }, { asOf: 2000, clients: [client("a", 10)] });
    expect([...rates]).toEqual([["a", 10]]);
    expect(clientRates({ asOf: 1, clients: [client("a", 1)] }, undefined).size).toBe(0);
  });

  it("of bytes are short", () => {
    expect([0, 999, 1400, 2_500_000_000].map(bytes)).toEqual(["0 B", "999 B", "1.4 KB", "2.5 GB"]);
  });
});
