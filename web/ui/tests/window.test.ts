import { describe, expect, it } from "vitest";

import { scrollTo, windowOf } from "~/list/window";

describe("windowOf", () => {
  it("holds what is seen, and some more on either side", () => {
    expect(windowOf(3200, 640, 32, 3000, 8)).toEqual({ from: 92, to: 128 });
  });

  it("begins and ends with the list", () => {
    expect(windowOf(0, 640, 32, 3000)).toEqual({ from: 0, to: 28 });
    expect(windowOf(1e9, 640, 32, 3000)).toEqual({ from: 3000, to: 3000 });
    expect(windowOf(0, 640, 32, 0)).toEqual({ from: 0, to: 0 });
    expect(windowOf(-50, 640, 32, 5)).toEqual({ from: 0, to: 5 });
  });
});

describe("scrollTo", () => {
  it("moves no further than it must", () => {
    expect(scrollTo(10, 0, 640, 32)).toBe(0);
    expect(scrollTo(30, 0, 640, 32)).toBe(352);
    expect(scrollTo(3, 640, 640, 32)).toBe(96);
    expect(scrollTo(19, 0, 640, 32, 32)).toBe(32);
  });
});
