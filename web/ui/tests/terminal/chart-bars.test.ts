import { describe, expect, it } from "vitest";

import { Bars, FILLED_MAX } from "~/pages/terminal/chart/bars";
import { bar } from "./made";

const MINUTE = 60_000;
const starts = (points: readonly { start: number }[]): number[] => points.map(({ start }) => start / MINUTE);

describe("Bars", () => {
  it("keeps what was told last by the hub's clock, whoever told it", () => {
    const bars = new Bars(MINUTE);
    bars.merge([bar(0, { close: 2 })], 100);
    bars.merge([bar(0, { close: 1 })], 99);
    expect(bars.last?.close).toBe(2);
    bars.merge([bar(0, { close: 3 })], 100);
    expect(bars.last?.close).toBe(3);
  });

  it("paints a bar that changes at the end, and nothing else", () => {
    const bars = new Bars(MINUTE);
    bars.merge([bar(0), bar(MINUTE)], 1);
    expect(bars.take()).toEqual({ kind: "all" });
    expect(bars.take()).toEqual({ kind: "none" });
    bars.merge([bar(MINUTE, { close: 9 })], 2);
    expect(bars.take()).toEqual({ kind: "tail", points: [{ start: MINUTE, bar: bar(MINUTE, { close: 9 }) }] });
  });

  it("fills a pause with empty places, at the end too", () => {
    const bars = new Bars(MINUTE);
    bars.merge([bar(0), bar(3 * MINUTE)], 1);
    expect(starts(bars.points())).toEqual([0, 1, 2, 3]);
    bars.take();
    bars.merge([bar(5 * MINUTE)], 2);
    const change = bars.take();
    expect(change.kind === "tail" && change.points.map(({ start, bar: held }) => [start / MINUTE, held !== null])).toEqual([[3, true], [4, false], [5, true]]);
  });

  it("cuts the time axis where nothing was for long", () => {
    const bars = new Bars(MINUTE);
    bars.merge([bar(0), bar((FILLED_MAX + 1) * MINUTE)], 1);
    expect(starts(bars.points())).toEqual([0, FILLED_MAX + 1]);
  });

  it("paints all anew when an earlier bar came or was revised", () => {
    const bars = new Bars(MINUTE);
    bars.merge([bar(2 * MINUTE)], 1);
    bars.take();
    bars.merge([bar(0), bar(MINUTE)], 0);
    expect(bars.take()).toEqual({ kind: "all" });
    expect(starts(bars.points())).toEqual([0, 1, 2]);
    bars.merge([bar(0, { revision: 1 })], 5);
    expect(bars.take()).toEqual({ kind: "all" });
  });

  it("forgets the oldest beyond its bound", () => {
    const bars = new Bars(MINUTE, 10);
    bars.merge(Array.from({ length: 10 + FILLED_MAX + 1 }, (_, index) => bar(index * MINUTE)), 1);
    expect(bars.size).toBe(10);
    expect(bars.first?.start).toBe((FILLED_MAX + 1) * MINUTE);
    expect(bars.last?.start).toBe((FILLED_MAX + 10) * MINUTE);
  });
});
