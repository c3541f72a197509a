/** When something was missing, as bars on a line of time. Pure. */

import type { Hole } from "~/pages/quality/told";
import { properName } from "~/shell/condition";

export const WINDOWS = { "5m": 300_000, "30m": 1_800_000, "2h": 7_200_000, "12h": 43_200_000 } as const;
export type WindowName = keyof typeof WINDOWS;

export type Fate = "open" | "healed" | "ended";

/** One bar: where it begins and how long it is, as fractions of the window. */
export interface Bar { readonly hole: Hole; readonly x: number; readonly width: number; readonly fate: Fate }

export interface Lane { readonly name: string; readonly bars: readonly Bar[] }

/** `open`: it goes on; `healed`: nothing of it is missing any more; `ended`: it is over, and something is missing for ever. */
export const fateOf = (hole: Hole): Fate => (hole.to_ts === null ? "open" : hole.healed ? "healed" : "ended");

/** Lanes of the holes within the window that ends at `nowMs`: one for each channel of a market, those with open ones first. */
export function lanes(holes: readonly Hole[], nowMs: number, windowMs: number): Lane[] {
  const found = new Map<string, Bar[]>();
  for (const hole of holes) {
    const bar = barOf(hole, nowMs - windowMs, nowMs);
    if (bar === null) continue;
    const name = `${properName(hole.exchange)} ${hole.market} ${hole.channel}`;
    found.set(name, [...(found.get(name) ?? []), bar]);
  }
  const made = [...found].map(([name, bars]) => ({ name, bars: bars.sort((a, b) => a.x - b.x) }));
  return made.sort((a, b) => Number(hasOpen(b)) - Number(hasOpen(a)) || a.name.localeCompare(b.name));
}

function barOf(hole: Hole, startMs: number, endMs: number): Bar | null {
  const from = Math.max(hole.from_ts, startMs), to = Math.min(hole.to_ts ?? endMs, endMs);
  if (from > endMs || to < startMs) return null;
  return { hole, x: (from - startMs) / (endMs - startMs), width: Math.max(0, to - from) / (endMs - startMs), fate: fateOf(hole) };
}

const hasOpen = ({ bars }: Lane): boolean => bars.some(({ fate }) => fate === "open");

/** Round times within the window, about `count` of them: for the axis. */
export function ticks(nowMs: number, windowMs: number, count = 6): { ms: number; x: number }[] {
  const steps = [60_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000];
  const step = steps.find((each) => windowMs / each <= count) ?? 7_200_000;
  const start = nowMs - windowMs, first = Math.ceil(start / step) * step;
  return Array.from({ length: Math.floor((nowMs - first) / step) + 1 }, (_, index) => {
    const ms = first + index * step;
    return { ms, x: (ms - start) / windowMs };
  });
}
