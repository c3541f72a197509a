import { afterEach, describe, expect, it, vi } from "vitest";

import { bestOf, distanceBps } from "~/pages/terminal/subject/elsewhere";
import { bestFits } from "~/pages/terminal/subject/finding";
import { stateOf } from "~/pages/terminal/subject/states";
import { isCurrent, statsOf } from "~/pages/terminal/subject/stats";
import { findSubject, partsOf, terminalPath } from "~/pages/terminal/subject/subject";
import { carriedOver, groupingOf } from "~/pages/terminal/subject/view";
import { KEY, leg } from "./made";

const instrument = (key: string, name: string) =>
  ({ ...partsOf(key), key, name, base: name.split("-")[0]!, quote: "USDT", tick_size: 0.1, lot_size: 0.001, multiplier: 1, funding_interval_h: 8, halted: null });

function answering(answers: Record<string, [status: number, body: unknown]>): void {
  vi.stubGlobal("fetch", (url: string) => {
    const found = Object.entries(answers).find(([start]) => url.startsWith(start))?.[1] ?? [404, {}];
    return Promise.resolve(new Response(JSON.stringify(found[1]), { status: found[0] }));
  });
}

afterEach(() => vi.unstubAllGlobals());

describe("findSubject", () => {
  const { signal } = new AbortController();
  const markets = [{ exchange: "bybit", market: "linear", channels: ["trades"], sampled: [], switched_off: [], depth_max: 200 }];

  it("takes the instrument as the listing spells it, and what its market offers", async () => {
    answering({ "/api/v1/instruments?": [200, { data: [instrument(KEY, "BTC-USDT")], meta: { markets } }] });
    expect(await findSubject("bybit:linear:btc-usdt", signal)).toMatchObject({ kind: "known", subject: { key: KEY, offer: { depth_max: 200 } } });
  });

  it("says what was perhaps meant", async () => {
    answering({
      "/api/v1/instruments?": [200, { data: [], meta: {} }],
      "/api/v1/tickers/bybit:linear:BTCUST": [404, { detail: "No instrument …", code: "unknown_key", nearest: [KEY] }],
    });
    expect(await findSubject("bybit:linear:BTCUST", signal)).toEqual({ kind: "unknown", detail: "No instrument …", nearest: [KEY] });
  });

  it("knows what is followed but silent, and an exchange that there is not", async () => {
    answering({ "/api/v1/instruments?": [400, { code: "bad_parameter" }], "/api/v1/tickers/": [503, { code: "no_data_yet" }] });
    expect(await findSubject("a:b:C", signal)).toMatchObject({ kind: "known", subject: { key: "a:b:C", tick_size: null } });
  });

  it("tells a hub that is away from an instrument that is not there", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed to fetch")));
    expect(await findSubject(KEY, signal)).toEqual({ kind: "failed", detail: "The hub does not answer." });
  });
});

describe("addresses", () => {
  it("keep a key readable and whatever it holds harmless", () => {
    expect(terminalPath(KEY)).toBe("/terminal/bybit:linear:BTCUSDT");
    expect(terminalPath("x:y:<img src=/ onerror=1>?")).toBe("/terminal/x:y:%3Cimg%20src%3D%2F%20onerror%3D1%3E%3F");
    expect(partsOf("x:y:a:b")).toEqual({ exchange: "x", market: "y", symbol: "a:b" });
  });

  it("carry the view over to another instrument, but not the width of its levels", () => {
    expect(carriedOver("?group=0.5&interval=1h")).toBe("?interval=1h");
    expect(carriedOver("?group=0.5")).toBe("");
  });

  it("mean a width only if the hub takes it", () => {
    expect(["0.5", "", "-1", "1e12", "x", "NaN"].map(groupingOf)).toEqual([0.5, null, null, null, null, null]);
  });
});

describe("what is known at a glance", () => {
  it("leaves out of a spot market what it does not have", () => {
    const names = (market: string) => statsOf({ market } as never, 0.1, 0).map(({ name }) => name);
    expect(names("spot")).toEqual(["24 h high", "24 h low", "24 h turnover", "Spread"]);
    expect(names("linear").slice(0, 2)).toEqual(["Mark", "Index"]);
  });

  it("counts down to the next funding", () => {
    const ticker = { market: "linear", funding_rate: 0.0001, funding_interval_h: 8, next_funding_ts: 7_260_000, funding_apr: 10.95 };
    expect(statsOf(ticker as never, null, 0).slice(2, 4)).toEqual([
      { name: "Funding 8 h", value: "+0.0100 %", title: "+10.95 % a year" }, { name: "Next funding", value: "in 2 h 01 m" },
    ]);
  });

  it("is a dash where nothing is known", () => {
    expect(statsOf(undefined, 0.1, 0).every(({ value }) => value === "–")).toBe(true);
  });

  it("is current only while the hub says so and is there", () => {
    expect([{ quality: "live" }, { quality: "live", stale: true }, { quality: "gapped" }, undefined].map(isCurrent)).toEqual([true, false, false, false]);
  });

  it("is as old as the last that came of a silent stream", () => {
    expect(stateOf({ quality: "stale", since: 100, last_ts: 50, reason: "silent" })).toEqual({ state: "stale", since: 50, why: "silent" });
    expect(stateOf({ quality: "gapped", since: 100, last_ts: 50, reason: "" }).since).toBe(100);
  });
});

describe("the same asset elsewhere", () => {
  const legs = [leg("a:spot:X", 100, 101), leg("b:spot:X", 102, 103), leg("c:spot:X", 999, 1, { quality: "stale" }), leg("d:spot:X", 999, 1, { left_out: "crossed" })];

  it("is best where one can trade now", () => {
    expect(bestOf(legs)).toEqual({ bid: "b:spot:X", ask: "a:spot:X" });
    expect(bestOf([])).toEqual({ bid: undefined, ask: undefined });
  });

  it("is so far away, unless either is old", () => {
    expect(distanceBps(legs[1], legs[0])).toBeCloseTo(199.005, 3);
    expect(distanceBps(legs[2], legs[0])).toBeNull();
    expect(distanceBps(legs[0], undefined)).toBeNull();
  });
});

describe("bestFits", () => {
  const instruments = [instrument("bybit:linear:BTCUSDT", "BTC-USDT"), instrument("binance:spot:ETHUSDT", "ETH-USDT"), instrument("bybit:spot:ETHUSDT", "ETH-USDT")];

  it("finds by words of the symbol and of where it is", () => {
    expect(bestFits("eth byb", instruments).map(({ key }) => key)).toEqual(["bybit:spot:ETHUSDT"]);
    expect(bestFits("zzz", instruments)).toEqual([]);
  });

  it("offers all while nothing is written", () => {
    expect(bestFits(" ", instruments, 2)).toHaveLength(2);
  });
});
