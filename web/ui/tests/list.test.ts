import { describe, expect, it } from "vitest";

import { chosen, fitting, tracksOf, widthOf } from "~/list/columns";
import { csvOf } from "~/list/csv";
import { fit, fitOfAny } from "~/list/fuzzy";
import { moved } from "~/list/moving";
import { ordered, sameKeys, sortOf, sortText, turned } from "~/list/order";
import { rowOfLine } from "~/list/window";

const COLUMNS = [
  { id: "symbol", width: 10, rank: 1 }, { id: "bid", width: 6, rank: 3 }, { id: "price", width: 8, rank: 1 },
  { id: "change", width: 5, rank: 2 }, { id: "extra", width: 1, rank: 9 },
];
const ids = (columns: readonly { id: string }[]): string[] => columns.map(({ id }) => id);

describe("columns", () => {
  it("give way by rank, and stand in their own order", () => {
    expect(ids(fitting(COLUMNS, 29))).toEqual(["symbol", "bid", "price", "change"]);
    expect(ids(fitting(COLUMNS, 28))).toEqual(["symbol", "price", "change"]);
    expect(ids(fitting(COLUMNS, 5))).toEqual(["symbol", "price"]);
  });

  it("are never shown unasked where their rank says so", () => {
    expect(ids(fitting(COLUMNS, 1000))).not.toContain("extra");
    expect(ids(chosen(COLUMNS, ["extra"]))).toEqual(["symbol", "extra"]);
  });

  it("share what is left", () => {
    expect(tracksOf(COLUMNS.slice(0, 2))).toBe("minmax(10rem, 10fr) minmax(6rem, 6fr)");
    expect(widthOf(COLUMNS)).toBe(30);
  });
});

describe("ordered", () => {
  const by = (values: (number | string | null)[], descending: boolean) => ordered(values, (value) => value, descending);

  it("puts what is unknown last, either way", () => {
    expect(by([null, 2, Number.NaN, 1, 3], true)).toEqual([3, 2, 1, null, Number.NaN]);
    expect(by([null, 2, 1], false)).toEqual([1, 2, null]);
  });

  it("reads numbers within texts, and no case", () => {
    expect(by(["c10", "C9", "a"], false)).toEqual(["a", "C9", "c10"]);
  });

  it("keeps the order of equals", () => {
    const records = [{ key: "b", v: 1 }, { key: "a", v: 1 }, { key: "c", v: 2 }];
    expect(ordered(records, ({ v }) => v, true).map(({ key }) => key)).toEqual(["c", "b", "a"]);
    expect(ordered(records, ({ v }) => v, false).map(({ key }) => key)).toEqual(["b", "a", "c"]);
  });

  it("compares lists", () => {
    expect([sameKeys(["a", "b"], ["a", "b"]), sameKeys(["a", "b"], ["b", "a"]), sameKeys(["a"], ["a", "b"])]).toEqual([true, false, false]);
  });
});

describe("a sort", () => {
  it("survives an address", () => {
    for (const text of ["symbol", "-price"]) expect(sortText(sortOf(text, ["symbol", "price"])!)).toBe(text);
    for (const text of [undefined, "", "-", "nothing", "-__proto__"]) expect(sortOf(text, ["symbol"])).toBeNull();
  });

  it("is turned round by a second click", () => {
    const first = turned({ column: "symbol", descending: false }, "price", false);
    expect(first).toEqual({ column: "price", descending: true });
    expect(turned(first, "price", false)).toEqual({ column: "price", descending: false });
    expect(turned(first, "symbol", true)).toEqual({ column: "symbol", descending: false });
  });
});

describe("fuzzy search", () => {
  const best = (query: string, texts: string[]): string[] =>
    texts.map((text) => ({ text, score: fit(query, text) })).filter(({ score }) => score > 0).sort((a, b) => b.score - a.score).map(({ text }) => text);

  it("prefers the whole, then beginnings, then words, then what is within, then letters", () => {
    expect(best("eth", ["EXTRATH", "METHUSDT", "BTC-ETH", "ETHUSDT", "ETH", "BTC"])).toEqual(["ETH", "ETHUSDT", "BTC-ETH", "METHUSDT", "EXTRATH"]);
  });

  it("prefers the shorter of two that begin alike", () => {
    expect(best("btcu", ["BTCUSDT-26DEC25", "BTCUSDT"])).toEqual(["BTCUSDT", "BTCUSDT-26DEC25"]);
  });

  it("wants every word, in any order and in any of the texts", () => {
    const texts = ["ETHUSDT", "ETH-USDT", "bybit", "linear perpetual"];
    expect(fitOfAny("perp bybit ETH", texts)).toBeGreaterThan(0);
    expect(fitOfAny("perp binance eth", texts)).toBe(0);
    expect(fitOfAny("ehus", texts)).toBeGreaterThan(0);
    expect(fitOfAny("  ", texts)).toBeGreaterThan(0);
  });

  it("takes nothing as a pattern", () => {
    expect(fit(".*", "BTCUSDT")).toBe(0);
    expect(fit("(", "BTC(USDT")).toBeGreaterThan(0);
  });
});

describe("comma-separated values", () => {
  it("are quoted where they must be, and empty where nothing is known", () => {
    expect(csvOf(["a", "b,c"], [[1.5, null], ['say "x"', undefined], [0, Number.NaN]])).toBe('a,"b,c"\r\n1.5,\r\n"say ""x""",\r\n0,\r\n');
  });

  it("are no formulas", () => {
    expect(csvOf(["s"], [["=HYPERLINK(1)"], ["@107"], ["-1"], [-1]])).toBe("s\r\n'=HYPERLINK(1)\r\n'@107\r\n'-1\r\n-1\r\n");
  });
});

describe("keys that move", () => {
  it.each([
    ["j", 4, 5], ["ArrowUp", 4, 3], ["ArrowUp", 0, 0], ["j", 99, 99], ["PageDown", 4, 24], ["PageUp", 4, 0], ["G", 4, 99], ["g", 4, 0],
    ["j", -1, 7], ["G", -1, 99], ["g", -1, 0],
  ])("%s leads from %d to %d", (key, from, to) => expect(moved(key, from, 100, 20, 7)).toBe(to));

  it("are these only, and move nothing where nothing is", () => {
    for (const key of ["x", "Enter", "constructor"]) expect(moved(key, 1, 100, 20)).toBeNull();
    expect(moved("j", -1, 0, 20)).toBeNull();
  });
});

describe("rowOfLine", () => {
  it("gives each row of a window a line of its own, and lets it keep it", () => {
    for (const from of [0, 1, 7, 100]) {
      const rows = [0, 1, 2, 3, 4].map((line) => rowOfLine(line, 5, from));
      expect([...rows].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4].map((step) => from + step));
      for (const row of rows.filter((row) => row > from)) expect(rowOfLine(row % 5, 5, from + 1)).toBe(row);
    }
  });
});
