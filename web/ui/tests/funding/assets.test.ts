import { describe, expect, it } from "vitest";
import type { Funding } from "tickwell/records";

import { assetsOf, exchangesOf, fits, rateIn } from "~/pages/funding/assets";

function funding(key: string, name: string | null, apr: number | null, changes: Partial<Funding> = {}): Funding {
  const [exchange = "", market = "", symbol = ""] = key.split(":");
  const rate8h = apr === null ? null : apr / 100 / 1095;
  return {
    key, exchange, market, symbol, name, funding_rate: rate8h === null ? null : rate8h / 8, funding_interval_h: 1, next_funding_ts: 1000, funding_rate_8h: rate8h,
    funding_apr: apr, mark_price: 1, index_price: 1, premium_bps: 0, open_interest: 1, open_interest_value: 1, ts_event: 0, ts_recv: 0, quality: "live", ...changes,
  };
}

const unknown = (): undefined => undefined;

describe("assets", () => {
  it("bring together what trades one coin for dollars, and nothing else", () => {
    const records = [funding("a:linear:BTCUSDT", "BTC-USDT", 1), funding("b:linear:BTC", "BTC-USDC", 2), funding("a:linear:BTCEUR", "BTC-EUR", 3), funding("a:linear:X", null, 4)];
    expect([...assetsOf(records, unknown).keys()]).toEqual(["BTC", "BTC-EUR", "X"]);
  });

  it("go by the coin of the listing where that is known: 1000PEPE is PEPE", () => {
    const records = [funding("a:linear:1000PEPEUSDT", "1000PEPE-USDT", 1), funding("b:linear:kPEPE", "kPEPE-USDC", 2)];
    expect([...assetsOf(records, () => "PEPE").keys()]).toEqual(["PEPE"]);
  });

  it("show of each exchange the busiest, and all of them beside", () => {
    const records = [funding("a:linear:BTCUSDC", "BTC-USDC", 1, { open_interest_value: 5 }), funding("a:linear:BTCUSDT", "BTC-USDT", 2, { open_interest_value: 9 })];
    const row = assetsOf(records, unknown).get("BTC")!;
    expect(row.byExchange.get("a")?.symbol).toBe("BTCUSDT");
    expect(row.perpetuals.map(({ symbol }) => symbol)).toEqual(["BTCUSDT", "BTCUSDC"]);
    expect(row.open_interest).toBe(14);
  });

  it("differ by their live rates only", () => {
    const records = [
      funding("a:linear:BTC", "BTC-USD", 10, { next_funding_ts: 500 }), funding("b:linear:BTC", "BTC-USD", -5), funding("c:linear:BTC", "BTC-USD", 90, { quality: "stale", next_funding_ts: 1 }),
      funding("d:linear:BTC", "BTC-USD", -80, { stale: true }), funding("e:linear:BTC", "BTC-USD", null),
    ];
    const row = assetsOf(records, unknown).get("BTC")!;
    expect([row.difference_apr, row.lowest?.exchange, row.highest?.exchange, row.next_ts]).toEqual([15, "b", "a", 500]);
  });

  it("have no difference with one live rate", () => {
    expect(assetsOf([funding("a:linear:BTC", "BTC-USD", 10)], unknown).get("BTC")?.difference_apr).toBeNull();
  });
});

describe("rates", () => {
  it("are percent of the unit that was asked for", () => {
    const record = funding("a:linear:BTC", "BTC-USD", 10.95);
    expect(rateIn("apr", record)).toBe(10.95);
    expect(rateIn("8h", record)).toBeCloseTo(0.01, 9);
    expect(rateIn("interval", record)).toBeCloseTo(0.00125, 9);
    expect(rateIn("8h", funding("a:linear:BTC", "BTC-USD", null))).toBeNull();
  });
});

describe("a search", () => {
  it("finds an asset by its coin and by its symbols", () => {
    const row = assetsOf([funding("a:linear:1000PEPEUSDT", "PEPE-USDT", 1)], unknown).get("PEPE")!;
    expect([fits(row, ""), fits(row, "pepe"), fits(row, "1000p"), fits(row, "doge")]).toEqual([true, true, true, false]);
    expect(exchangesOf(row.perpetuals)).toEqual(["a"]);
  });
});
