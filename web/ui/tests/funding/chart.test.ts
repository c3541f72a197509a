import { describe, expect, it } from "vitest";

import { frameOf, stepsOf, ticksOf, valueAt, yOf } from "~/pages/funding/chart";

const frame = { from: 0, to: 100, low: -10, high: 10 };

describe("steps", () => {
  it("hold a value until the next, and the last until the end", () => {
    expect(stepsOf([{ ts: 0, value: 10 }, { ts: 50, value: 0 }], frame, 200, 100)).toBe("M0.0 0.0H100.0V50.0H200.0");
  });

  it("begin where the first is, and no later than the frame", () => {
    expect(stepsOf([{ ts: 25, value: -10 }], frame, 200, 100)).toBe("M50.0 100.0H200.0");
    expect(stepsOf([{ ts: -40, value: 0 }], frame, 200, 100)).toBe("M0.0 50.0H200.0");
    expect(stepsOf([], frame, 200, 100)).toBe("");
  });
});

describe("a frame", () => {
  it("always holds nothing, and some room beside what is drawn", () => {
    expect(frameOf([[{ ts: 0, value: 5 }], [{ ts: 0, value: 20 }]], 0, 1)).toMatchObject({ low: 0, high: 21.6 });
    expect(frameOf([[{ ts: 0, value: -10 }]], 0, 1)).toMatchObject({ low: -10.8, high: 0 });
    expect(frameOf([[]], 0, 1)).toMatchObject({ low: 0, high: 1 });
  });

  it("has ticks of round values within it", () => {
    expect(ticksOf(frame)).toEqual([-10, -5, 0, 5, 10]);
    expect(ticksOf({ ...frame, low: 0, high: 0.031 }).map((tick) => tick.toFixed(2))).toEqual(["0.00", "0.01", "0.02", "0.03"]);
    expect(yOf(0, frame, 100)).toBe("50.0");
  });
});

describe("the value at a time", () => {
  it("is that of the newest point before it", () => {
    const points = [{ ts: 10, value: 1 }, { ts: 20, value: 2 }];
    expect([5, 10, 19, 20, 99].map((ts) => valueAt(points, ts))).toEqual([null, 1, 1, 2, 2]);
  });
});
