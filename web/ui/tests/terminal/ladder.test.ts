import { describe, expect, it } from "vitest";

import { curveOf, totalAt } from "~/pages/terminal/book/curve";
import { bidShare, groupings, regrouped, rowsOf, stepOf } from "~/pages/terminal/book/ladder";
import { priceAt, xOf } from "~/pages/terminal/book/paint-curve";

const levels = (...pairs: [number, number][]) => pairs.map(([price, size]) => ({ price, size }));

describe("the ladder", () => {
  it("adds sizes up from the best price on", () => {
    expect(rowsOf(levels([100, 1], [99, 2], [98, 4]), 2)).toEqual([{ price: 100, size: 1, total: 1 }, { price: 99, size: 2, total: 3 }]);
  });

  it("says which share of what is shown is bids", () => {
    expect(bidShare(rowsOf(levels([100, 3]), 5), rowsOf(levels([101, 1]), 5))).toBe(0.75);
    expect(bidShare([], rowsOf(levels([101, 1]), 5))).toBe(0);
    expect(bidShare([], [])).toBeNull();
  });

  it("offers widths of 1, 2, 5 … ticks up to a hundredth of the price", () => {
    expect(groupings(0.1, 10_000)).toEqual([0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]);
    expect(groupings(0.00001, 0.01)).toEqual([0.00001, 0.00002, 0.00005, 0.0001]);
    expect(groupings(0.1, null)).toEqual([0.1]);
    expect(groupings(null, 100)).toEqual([]);
  });

  it("takes the fifth digit of the price for a step where there is no tick size", () => {
    expect([stepOf(0.5, 3038), stepOf(null, 3038), stepOf(null, 0.00001234), stepOf(null, null), stepOf(0, 10)]).toEqual([0.5, 0.1, 1e-9, null, 0.001]);
  });

  it("goes from one width to the next, and no further than there are any", () => {
    const widths = [0.1, 0.2, 0.5];
    expect(regrouped(widths, null, 1)).toBe(0.2);
    expect(regrouped(widths, 0.2, 1)).toBe(0.5);
    expect(regrouped(widths, 0.5, 1)).toBe(0.5);
    expect(regrouped(widths, 0.2, -1)).toBeNull();
    expect(regrouped(widths, null, -1)).toBeNull();
    expect(regrouped([], null, 1)).toBeNull();
  });
});

describe("the depth curve", () => {
  const curve = curveOf(levels([99, 1], [98, 2], [90, 50]), levels([101, 4], [103, 1]))!;

  it("reaches as far as both sides are known", () => {
    expect(curve).toMatchObject({ mid: 100, reach: 3, totalMax: 5 });
    expect(curve.bids.map(({ price, total }) => [price, total])).toEqual([[99, 1], [98, 3]]);
  });

  it("tells what waits up to a price", () => {
    expect([97.5, 98, 98.5, 99.5, 100.5, 101, 102, 103].map((price) => totalAt(curve, price))).toEqual([3, 3, 1, 0, 0, 4, 4, 5]);
  });

  it("is none while a side is empty, or both have one level", () => {
    expect(curveOf([], levels([101, 1]))).toBeNull();
    expect(curveOf(levels([99, 1]), levels([99, 1]))).toBeNull();
  });

  it("stands with its middle in the middle", () => {
    expect(xOf(curve, 97, 300)).toBe(0);
    expect(xOf(curve, 100, 300)).toBe(150);
    expect(priceAt(curve, xOf(curve, 101.5, 300), 300)).toBeCloseTo(101.5);
  });
});
