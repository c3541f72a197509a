import { createRoot } from "solid-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { directionOf, MINUTES, pathOf, Trend } from "~/pages/market/trend";
import { Trends } from "~/pages/market/trends";

const MINUTE = 60_000;
const known = ({ points }: Trend): number[] => Array.from(points).filter((price) => !Number.isNaN(price));

const hour = (close: number) => Array.from({ length: MINUTES }, (_, index) => ({ start: Date.now() - (MINUTES - index) * MINUTE, close }));

describe("a trend", () => {
  it("has a point per minute, the newest of each", () => {
    const trend = new Trend();
    trend.note(1, 0);
    trend.note(2, MINUTE - 1);
    trend.note(3, MINUTE);
    trend.note(4, 4 * MINUTE);
    expect(known(trend)).toEqual([2, 3, 4]);
    expect([...trend.points.slice(-5)]).toEqual([2, 3, Number.NaN, Number.NaN, 4]);
  });

  it("forgets what is older than an hour, and all of it after a longer silence", () => {
    const trend = new Trend();
    trend.note(1, 0);
    trend.note(2, (MINUTES - 1) * MINUTE);
    expect(known(trend)).toEqual([1, 2]);
    trend.note(3, MINUTES * MINUTE);
    expect(known(trend)).toEqual([2, 3]);
    trend.note(9, 1000 * MINUTE);
    expect(known(trend)).toEqual([9]);
  });

  it("takes bars for the minutes that nobody saw", () => {
    const trend = new Trend();
    trend.note(50, 10 * MINUTE);
    trend.fill([{ start: 8 * MINUTE, close: 8 }, { start: 9 * MINUTE, close: 9 }, { start: 10 * MINUTE, close: 10 }, { start: -900 * MINUTE, close: 1 }, { start: 99 * MINUTE, close: 1 }], 10 * MINUTE);
    expect(known(trend)).toEqual([8, 9, 50]);
  });

  it("is drawn from low to high, over what is missing", () => {
    expect(pathOf([1, Number.NaN, 3, 2], 30, 10)).toBe("M0.0 10.0L20.0 0.0L30.0 5.0");
    expect(pathOf([5, 5], 10, 10)).toBe("M0.0 5.0L10.0 5.0");
    expect(pathOf([Number.NaN, 5], 10, 10)).toBe("");
    expect([directionOf([1, Number.NaN, 2]), directionOf([2, 1]), directionOf([2, 3, 2]), directionOf([])]).toEqual(["up", "down", "flat", "flat"]);
  });
});

describe("trends", () => {
  const asked: string[] = [];
  let answer: () => Promise<Response>;
  beforeEach(() => {
    vi.useFakeTimers();
    asked.length = 0;
    answer = () => Promise.resolve(new Response(JSON.stringify({ data: hour(7) })));
    vi.stubGlobal("fetch", (url: string) => {
      asked.push(url);
      return answer();
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const looking = (trends: Trends, keys: string[]): (() => void) => createRoot((end) => {
    for (const key of keys) trends.look(key);
    return end;
  });

  it("asks for the bars of what is looked at, once", async () => {
    const trends = new Trends(Date.now);
    looking(trends, ["bybit:linear:A/B"]);
    await vi.advanceTimersByTimeAsync(300);
    expect(asked).toEqual(["/api/v1/bars/bybit:linear:A%2FB?interval=1m&limit=60"]);
    expect([known(trends.of("bybit:linear:A/B"))[0], trends.loaded()]).toEqual([7, 1]);
    looking(trends, ["bybit:linear:A/B"]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toHaveLength(1);
  });

  it("asks for nothing that is scrolled past", async () => {
    const end = looking(new Trends(Date.now), ["a", "b"]);
    await vi.advanceTimersByTimeAsync(100);
    end();
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toEqual([]);
  });

  it("asks for three at a time", async () => {
    const waiting: (() => void)[] = [];
    answer = () => new Promise((resolve) => waiting.push(() => resolve(new Response("{}", { status: 404 }))));
    looking(new Trends(Date.now), ["a", "b", "c", "d", "e"]);
    await vi.advanceTimersByTimeAsync(300);
    expect(asked).toHaveLength(3);
    waiting[0]!();
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(4);
  });

  it("asks again after a sleep", async () => {
    const trends = new Trends(Date.now);
    looking(trends, ["a"]);
    await vi.advanceTimersByTimeAsync(300);
    trends.note("a", 1, Date.now());
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    trends.note("a", 2, Date.now());
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ["there was no hub", () => Promise.reject(new TypeError("no hub"))],
    ["the hub had just begun", () => Promise.resolve(new Response(JSON.stringify({ data: hour(7).slice(-2) })))],
  ])("asks again a little later where %s", async (_, answered) => {
    answer = answered;
    const trends = new Trends(Date.now);
    for (const [after, count] of [[0, 1], [5_000, 1], [10_000, 2]] as const) {
      await vi.advanceTimersByTimeAsync(after);
      if (count === 1) looking(trends, ["a"]);
      else trends.note("a", 1, Date.now());
      await vi.advanceTimersByTimeAsync(300);
      expect(asked).toHaveLength(count);
    }
  });
});
