import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { isDollar, quoteOf } from "~/format/dollars";
import { searchOf, textsOf } from "~/list/address";
import type { Column } from "~/list/columns";
import { csvOfRows } from "~/pages/market/copy";
import type { MarketRecord } from "~/pages/market/market";
import { Movements } from "~/pages/market/movements";
import { choicesOf, fitsOf, rowsOf, type Choice } from "~/pages/market/rows";
import { conditionsOf, EVERYTHING, lifted, textsOfView, toggled, USUAL, viewOf, type View } from "~/pages/market/view";

const UNKNOWN = {
  price: null, bid: null, ask: null, spread_bps: null, change_1m: null, change_5m: null, change_1h: null, change_24h: null, high_24h: null,
  low_24h: null, volume_24h: null, turnover_24h: null, mark_price: null, index_price: null, premium_bps: null, funding_rate_8h: null,
  funding_apr: null, next_funding_ts: null, open_interest_value: null, ts_recv: null, quality: "live",
};

function record(key: string, name: string, rest: Partial<MarketRecord> = {}): MarketRecord {
  const [exchange = "", market = "", symbol = ""] = key.split(":");
  return { ...UNKNOWN, key, exchange, market, symbol, name, ...rest };
}

const RECORDS = [
  record("bybit:spot:ETHBTC", "ETH-BTC", { turnover_24h: 9e9, price: 0.04 }),
  record("bybit:linear:ETHUSDT", "ETH-USDT", { turnover_24h: 2e9, price: 3000 }),
  record("binance:linear:BTCUSDT", "BTC-USDT", { turnover_24h: 5e9, price: 90_000 }),
  record("hyperliquid:linear:BTC", "BTC-USDC", { turnover_24h: 1e9, price: null }),
];

const keysOf = (choice: Partial<Choice>): string[] =>
  rowsOf(RECORDS, {
    view: EVERYTHING, favourites: new Set(), screened: null, fits: null, sortValue: (id) => (id === "price" ? ({ price }) => price : undefined), ...choice,
  }).map(({ key }) => key);
const seen = (view: Partial<View>): string[] => keysOf({ view: { ...EVERYTHING, ...view } });

describe("the rows", () => {
  it("begin with the greatest turnover in dollars", () => {
    expect(seen({})).toEqual(["binance:linear:BTCUSDT", "bybit:linear:ETHUSDT", "hyperliquid:linear:BTC", "bybit:spot:ETHBTC"]);
  });

  it("fulfil every condition", () => {
    expect(seen({ exchanges: ["bybit"] })).toEqual(["bybit:linear:ETHUSDT", "bybit:spot:ETHBTC"]);
    expect(seen({ exchanges: ["bybit", "binance"], markets: ["linear"] })).toEqual(["binance:linear:BTCUSDT", "bybit:linear:ETHUSDT"]);
    expect(seen({ quote: "USDC" })).toEqual(["hyperliquid:linear:BTC"]);
    expect(keysOf({ screened: new Set(["bybit:spot:ETHBTC"]) })).toEqual(["bybit:spot:ETHBTC"]);
    expect(keysOf({ view: { ...EVERYTHING, favouritesOnly: true }, favourites: new Set(["hyperliquid:linear:BTC"]) })).toEqual(["hyperliquid:linear:BTC"]);
  });

  it("stand as the reader sorts them, the unknown last", () => {
    expect(seen({ sort: { column: "price", descending: false } })).toEqual(
      ["bybit:spot:ETHBTC", "bybit:linear:ETHUSDT", "binance:linear:BTCUSDT", "hyperliquid:linear:BTC"],
    );
  });

  it("begin with the best matches of a search, and of equal ones with the busiest", () => {
    expect(keysOf({ fits: fitsOf("btc", RECORDS) })).toEqual(["hyperliquid:linear:BTC", "binance:linear:BTCUSDT", "bybit:spot:ETHBTC"]);
    expect(keysOf({ fits: fitsOf("usdt linear", RECORDS) })).toEqual(["binance:linear:BTCUSDT", "bybit:linear:ETHUSDT"]);
    expect(keysOf({ fits: fitsOf("eth perp", RECORDS) })).toEqual(["bybit:linear:ETHUSDT"]);
    expect(keysOf({ fits: fitsOf("<img", RECORDS) })).toEqual([]);
  });

  it("are what there is to choose from", () => {
    expect(choicesOf([...RECORDS, record("bybit:spot:NEW", "", { name: null })])).toEqual({
      exchanges: ["binance", "bybit", "hyperliquid"], markets: ["linear", "spot"], quotes: ["USDT", "BTC", "USDC"],
    });
  });
});

describe("the view", () => {
  const view: View = {
    search: "btc perp", exchanges: ["bybit", "binance"], markets: ["linear"], quote: "USDT", filter: "turnover_24h>10m and base~*PEPE",
    favouritesOnly: true, sort: { column: "price", descending: true }, columns: ["price"],
  };

  it("survives an address", () => {
    expect(viewOf(textsOf(searchOf(textsOfView(view), USUAL), USUAL), ["symbol", "price"])).toEqual(view);
    expect(searchOf(textsOfView(EVERYTHING), USUAL)).toBe("");
    expect(viewOf(USUAL, ["price"])).toEqual(EVERYTHING);
  });

  it("takes no harm from an address that somebody made up", () => {
    const odd = viewOf(textsOf("?sort=-nothing&columns=price,price,<b>&exchange=,,bybit,&favourites=yes&x=y", USUAL), ["price"]);
    expect(odd).toEqual({ ...EVERYTHING, columns: ["price"], exchanges: ["bybit"] });
  });

  it("says what narrows it, and lifts it", () => {
    expect(conditionsOf(view).map(({ name }) => name)).toEqual(["search", "exchanges", "markets", "quote", "filter", "favouritesOnly"]);
    expect(conditionsOf(EVERYTHING)).toEqual([]);
    expect(lifted(view, "filter")).toEqual({ ...view, filter: "" });
    expect(lifted(view)).toEqual({ ...EVERYTHING, sort: view.sort, columns: view.columns });
    expect([toggled(["a"], "b"), toggled(["a", "b"], "a")]).toEqual([["a", "b"], ["b"]]);
  });
});

describe("movements", () => {
  const at = (price: number | null, quality = "live") => ({ key: "a", price, quality });

  it("are flat until the price moves, and then as it moved last", () => {
    const movements = new Movements(), told: string[] = [];
    for (const price of [5, 6, 6, 4]) {
      movements.take([at(price)]);
      const { direction, count } = movements.of("a");
      told.push(`${direction} ${count}`);
    }
    expect(told).toEqual(["flat 0", "up 1", "up 1", "down 2"]);
  });

  it("do not go on over a time without current prices", () => {
    const movements = new Movements();
    movements.take([at(5), at(6)]);
    movements.take([at(6, "stale")]);
    expect(movements.of("a").direction).toBe("flat");
    movements.take([at(9)]);
    expect(movements.of("a").direction).toBe("flat");
    movements.take([at(9), at(10)], ["a"]);
    expect(movements.of("a")).toEqual({ direction: "flat", count: 0 });
  });
});

describe("what is copied", () => {
  it("is what is shown, unrounded, with what it is and whether it is current", () => {
    const columns = [
      { id: "price", value: ({ price }: MarketRecord) => price }, { id: "trend" }, { id: "age", value: () => -1, copied: () => 7 },
    ] as unknown as Column<MarketRecord>[];
    expect(csvOfRows([record("bybit:linear:X", "X-USDT", { price: 0.1234567 })], columns)).toBe("key,quality,price,ts_recv\r\nbybit:linear:X,live,0.1234567,7\r\n");
  });
});

describe("dollars", () => {
  it("are those of the hub", () => {
    const source = readFileSync("../../actors/market/legs.py", "utf8");
    const names = /DOLLARS = frozenset\(\s*\{([^}]*)\}/.exec(source)?.[1]?.match(/[A-Z0-9]+/g) ?? [];
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !isDollar(name))).toEqual([]);
    for (const quote of ["BTC", "EUR", "TRY", ""]) expect(isDollar(quote)).toBe(false);
  });

  it("are told from the name", () => {
    expect([quoteOf("BTC-USDT"), quoteOf("A-B-USDC"), quoteOf(null)]).toEqual(["USDT", "USDC", ""]);
  });
});
