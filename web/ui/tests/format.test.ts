import { describe, expect, it } from "vitest";

import { compact, decimalsOf, fixed, percent, price, UNKNOWN } from "~/format/number";
import { span, timeOfDay } from "~/format/time";

describe("prices", () => {
  it("have the decimals of the tick size", () => {
    expect(price(64321.4, 0.1)).toBe("64,321.4");
    expect(price(64321, 0.1)).toBe("64,321.0");
    expect(price(0.00001234, 1e-8)).toBe("0.00001234");
    expect(price(1234.5, 5)).toBe("1,235");
  });

  it("have five significant digits where the tick size is unknown", () => {
    expect(price(0.000012345)).toBe("0.000012345");
    expect(price(64321.44, null)).toBe("64,321.44");
  });

  it("are a dash when unknown, and 0 only when they are", () => {
    for (const unknown of [null, undefined, Number.NaN, Infinity]) expect(price(unknown, 0.1)).toBe(UNKNOWN);
    expect(price(0, 0.1)).toBe("0.0");
  });
});

describe("decimalsOf", () => {
  it.each([[0.1, 1], [0.0005, 4], [1e-8, 8], [1, 0], [25, 0], [0.25, 2], [100, 0]])("%d has %d", (step, decimals) => {
    expect(decimalsOf(step)).toBe(decimals);
  });
});

describe("percentages and amounts", () => {
  it("have a sign unless they round to nothing", () => {
    expect(percent(1.254)).toBe("+1.25 %");
    expect(percent(-1.256)).toBe("−1.26 %");
    expect(percent(-0.001)).toBe("0.00 %");
    expect(percent(null)).toBe(UNKNOWN);
  });

  it("are short", () => {
    expect(compact(1_240_000_000)).toBe("1.240 B");
    expect(compact(803_100)).toBe("803.1 K");
    expect(compact(12)).toBe("12.00");
    expect(fixed(-0.0001, 2)).toBe("0.00");
  });
});

describe("spans", () => {
  it.each([[0, "0 ms"], [850.4, "850 ms"], [4999, "4 s"], [125_000, "2 m 05 s"], [12_000_000, "3 h 20 m"], [187_200_000, "2 d 4 h"]])(
    "%d ms is %s", (ms, text) => expect(span(ms)).toBe(text),
  );

  it("tell the time of day", () => {
    expect(timeOfDay(Date.UTC(2026, 0, 2, 9, 5, 7, 123), "utc", true)).toBe("09:05:07.123");
  });
});
