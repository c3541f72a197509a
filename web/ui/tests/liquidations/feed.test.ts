import { createRoot, createSignal } from "solid-js";
import { describe, expect, it } from "vitest";
import type { Liquidation } from "tickwell/records";

import { Feed, isShown, KEPT_MAX, type Entry } from "~/pages/liquidations/feed";
import { standing } from "~/pages/liquidations/follow";
import { amountOf, coinsOf, USUAL, viewOf } from "~/pages/liquidations/view";

const liquidation = (ts: number, value = 100, changes: Partial<Liquidation> = {}): Liquidation => ({
  key: "a:linear:BTCUSDT", exchange: "a", market: "linear", symbol: "BTCUSDT", side: "long", price: 10, size: value / 10, value, sampled: false,
  ts_event: ts, ts_recv: ts, quality: "live", ...changes,
});

const times = (feed: Feed): number[] => feed.entries.map(({ ts }) => ts);

describe("the feed", () => {
  it("tells the newest first, each once", () => {
    const feed = new Feed();
    expect(feed.take([liquidation(1), liquidation(3)])).toBe(2);
    expect(feed.take([liquidation(2), liquidation(3), liquidation(3)])).toBe(1);
    expect(times(feed)).toEqual([3, 2, 1]);
  });

  it("tells apart what happened at one moment", () => {
    const feed = new Feed();
    feed.take([liquidation(1, 100), liquidation(1, 200), liquidation(1, 100, { side: "short" })]);
    expect(feed.entries.length).toBe(3);
  });

  it("puts a snapshot in place of everything", () => {
    const feed = new Feed();
    feed.take([liquidation(1), liquidation(2)]);
    feed.take([liquidation(2), liquidation(9)], true);
    expect(times(feed)).toEqual([9, 2]);
  });

  it("keeps no more than it may, and takes again what it let go", () => {
    const feed = new Feed();
    feed.take(Array.from({ length: KEPT_MAX + 5 }, (_, ts) => liquidation(ts)));
    expect([feed.entries.length, times(feed).at(-1)]).toEqual([KEPT_MAX, 5]);
    expect(feed.take([liquidation(0)])).toBe(1);
    expect(feed.entries.length).toBe(KEPT_MAX);
  });
});

describe("what is shown", () => {
  const entry: Entry = { id: "x", told: liquidation(1, 5000), ts: 1 };
  const shown = (address: Partial<typeof USUAL>, base: string | undefined = "BTC"): boolean => isShown(entry, viewOf({ ...USUAL, ...address }), () => base);

  it("is narrowed down by exchange, worth and coin", () => {
    expect([shown({}), shown({ exchange: "a" }), shown({ exchange: "b" })]).toEqual([true, true, false]);
    expect([shown({ value: "5k" }), shown({ value: "5001" })]).toEqual([true, false]);
    expect([shown({ coins: "eth btc" }), shown({ coins: "ETH" }), shown({ coins: "BTC" }, undefined)]).toEqual([true, false, true]);
  });

  it("leaves out a coin that is not known where coins are asked for", () => {
    expect(isShown(entry, viewOf({ ...USUAL, coins: "BTC" }), () => undefined)).toBe(false);
  });
});

describe("amounts and coins", () => {
  it.each([["25k", 25_000], ["1.5M", 1_500_000], ["2 b", 2e9], ["1,000", 1000], ["7", 7], ["", null], ["-5", null], ["k", null], ["1e5", null]])("%s is %s", (text, amount) => {
    expect(amountOf(text)).toBe(amount);
  });

  it("are written in any way", () => {
    expect(coinsOf(" btc,ETH  btc ,, sol")).toEqual(["BTC", "ETH", "SOL"]);
    expect(coinsOf(Array.from({ length: 99 }, (_, index) => `C${index}`).join()).length).toBe(20);
  });
});

describe("standing still", () => {
  it("shows what was there, until the last reason is gone", () => {
    createRoot((dispose) => {
      const first: Entry = { id: "1", told: liquidation(1), ts: 1 }, second: Entry = { id: "2", told: liquidation(2), ts: 2 };
      const [live, setLive] = createSignal<readonly Entry[]>([first]);
      const { shown, stand, isStill } = standing(live);
      stand("pointer", true);
      setLive([second, first]);
      stand("space", true);
      stand("pointer", false);
      expect([isStill(), shown()]).toEqual([true, [first]]);
      stand("space", false);
      expect([isStill(), shown()]).toEqual([false, [second, first]]);
      dispose();
    });
  });
});
