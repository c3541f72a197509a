import { describe, expect, it } from "vitest";

import { KEPT_MAX, Liquidations } from "~/pages/terminal/chart/liquidations";
import { markText, timeInFull } from "~/pages/terminal/chart/times";
import { liquidation } from "./made";

const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

describe("Liquidations", () => {
  it("adds up what happened within a bar, each side by itself", () => {
    const liquidations = new Liquidations();
    liquidations.add([liquidation(61_000, "long", 100), liquidation(119_000, "long", 50), liquidation(61_000, "short", 7), liquidation(5, "long", 1)]);
    expect(liquidations.marks(MINUTE)).toEqual([
      { start: 0, side: "long", value: 1, count: 1 },
      { start: MINUTE, side: "long", value: 150, count: 2 },
      { start: MINUTE, side: "short", value: 7, count: 1 },
    ]);
  });

  it("takes each once, and says whether any was new", () => {
    const liquidations = new Liquidations();
    expect(liquidations.add([liquidation(1, "long", 5)])).toBe(true);
    expect(liquidations.add([liquidation(1, "long", 5)])).toBe(false);
    expect(liquidations.marks(MINUTE)[0]?.count).toBe(1);
  });

  it("keeps the newest of very many", () => {
    const liquidations = new Liquidations();
    liquidations.add(Array.from({ length: KEPT_MAX + 5 }, (_, index) => liquidation((KEPT_MAX + 5 - index) * MINUTE, "long", 1)));
    expect(liquidations.marks(MINUTE)).toHaveLength(KEPT_MAX);
    expect(liquidations.marks(MINUTE)[0]?.start).toBe(6 * MINUTE);
  });
});

describe("times of a chart", () => {
  const moment = Date.UTC(2026, 10, 21, 9, 5, 7);

  it("are told in full at the crosshair, with seconds where bars are shorter than a minute", () => {
    expect(timeInFull(moment, "utc", MINUTE)).toBe("21 Nov 2026 09:05");
    expect(timeInFull(moment, "utc", 1000)).toBe("21 Nov 2026 09:05:07");
  });

  it("are days of UTC for bars of a day, wherever one is", () => {
    expect(timeInFull(Date.UTC(2026, 10, 21), "local", DAY)).toBe("21 Nov 2026 UTC");
  });

  it("are short on the axis", () => {
    expect(markText(moment, "time", "utc", MINUTE)).toBe("09:05");
    expect(markText(moment, "second", "utc", 1000)).toBe("09:05:07");
    expect(markText(Date.UTC(2026, 10, 21), "day", "utc", HOUR)).toBe("21");
    expect(markText(Date.UTC(2026, 10, 1), "month", "utc", HOUR)).toBe("Nov");
    expect(markText(Date.UTC(2026, 0, 1), "year", "utc", DAY)).toBe("2026");
    expect(markText(Date.UTC(2026, 10, 21, 5), "day", "utc", HOUR)).toBe("05:00");
  });
});
