import { describe, expect, it } from "vitest";

import { Bars } from "~/pages/terminal/chart/bars";
import { Gaps, spansOf, type Gap } from "~/pages/terminal/chart/holes";
import { bar } from "./made";

const MINUTE = 60_000;

const gap = (from: number, to: number | null, changes: Partial<Gap> = {}): Gap =>
  ({ channel: "trades", from, to, cause: "connection", reason: "the connection was lost", healed: false, ...changes });

function points(...bars: ReturnType<typeof bar>[]) {
  const held = new Bars(MINUTE);
  held.merge(bars, 1);
  return held.points();
}

const shaded = (...found: ReturnType<typeof spansOf>): [number, number][] => found.map(({ from, to }) => [from / MINUTE, to / MINUTE]);

describe("spansOf", () => {
  it("shades bars that may lack trades, those side by side as one", () => {
    const at = points(bar(0), bar(MINUTE, { gap: true }), bar(2 * MINUTE, { gap: true }), bar(3 * MINUTE));
    expect(shaded(...spansOf(at, [], MINUTE))).toEqual([[1, 3]]);
  });

  it("shades places without a bar where something is known to be missing, and no others", () => {
    const at = points(bar(0), bar(4 * MINUTE), bar(6 * MINUTE));
    expect(shaded(...spansOf(at, [gap(MINUTE + 1, 2 * MINUTE + 1)], MINUTE))).toEqual([[1, 3]]);
    expect(spansOf(at, [], MINUTE)).toEqual([]);
  });

  it("leaves a bar alone that is whole, whatever gap it lies in", () => {
    expect(spansOf(points(bar(0), bar(MINUTE)), [gap(0, 2 * MINUTE)], MINUTE)).toEqual([]);
  });

  it("takes a gap that lasts as one without an end", () => {
    expect(shaded(...spansOf(points(bar(0), bar(3 * MINUTE)), [gap(30_000, null)], MINUTE))).toEqual([[1, 3]]);
  });

  it("joins gaps that overlap, in whatever order they came", () => {
    const at = points(bar(0), bar(6 * MINUTE));
    expect(shaded(...spansOf(at, [gap(3 * MINUTE, 4 * MINUTE), gap(MINUTE, 3 * MINUTE + 1)], MINUTE))).toEqual([[1, 4]]);
  });

  it("marks where the time axis is cut", () => {
    expect(spansOf(points(bar(0), bar(9000 * MINUTE)), [], MINUTE)).toEqual([{ from: MINUTE, to: 9000 * MINUTE, isCut: true }]);
  });
});

describe("Gaps", () => {
  it("forgets one that is healed, and says whether anything changed", () => {
    const gaps = new Gaps();
    expect(gaps.merge([gap(1, null)])).toBe(true);
    expect(gaps.merge([gap(1, null)])).toBe(false);
    expect(gaps.merge([gap(1, 5)])).toBe(true);
    expect(gaps.within(4, 9)?.to).toBe(5);
    expect(gaps.merge([gap(1, 5, { healed: true })])).toBe(true);
    expect(gaps.all).toEqual([]);
  });

  it("knows which channels bars are made of", () => {
    const gaps = new Gaps();
    gaps.merge([gap(1, 2, { channel: "ticker" }), gap(3, 4, { channel: "outbox" })]);
    expect(gaps.all.map(({ channel }) => channel)).toEqual(["outbox"]);
  });
});
