/** Bars, gaps and liquidations of the past, as the hub tells them over HTTP. */

import type { Bar, Interval, Liquidation } from "tickwell/records";

import { ask, inPath, Problem, type Answer } from "~/live/rest";
import type { Gap } from "~/pages/terminal/chart/holes";
import type { Subject } from "~/pages/terminal/subject/subject";

const MEMORY_MAX = 1000, PAGE_MAX = 1000, GAPS_MAX = 1000, LIQUIDATIONS_MAX = 1000;

/** `asOf` is when the hub said so (Unix ms). */
interface Page { readonly bars: Bar[]; readonly gaps: readonly Gap[]; readonly asOf: number; readonly hasMore: boolean }

type Nameless = Omit<Bar, "key" | "quality">;
type MemoryAnswer = Answer<Nameless[], { as_of: number }>;
type HistoryAnswer = Answer<Nameless[], { has_more: boolean; gaps: Omit<Gap, "healed">[] | null }>;
type GapsAnswer = Answer<Gap[]>;

/** The newest bars, with the one that forms, from the hub's memory. */
export async function newestBars(key: string, interval: Interval, signal: AbortSignal): Promise<Page> {
  const { data, meta } = await ask<MemoryAnswer>(`/api/v1/bars/${inPath(key)}`, { interval, limit: MEMORY_MAX }, signal);
  return { bars: named(data, key), gaps: [], asOf: meta.as_of, hasMore: true };
}

/** Bars that began before `before`, from the history; the newest of them. No history is a history without bars. */
export async function earlierBars(key: string, interval: Interval, before: number, signal: AbortSignal): Promise<Page> {
  if (interval === "1s") return NOTHING;
  try {
    const question = { interval, to: before, limit: PAGE_MAX };
    const { data, meta } = await ask<HistoryAnswer>(`/api/v1/bars/${inPath(key)}/history`, question, signal);
    const gaps = (meta.gaps ?? []).map((gap) => ({ ...gap, healed: false }));
    return { bars: named(data, key), gaps, asOf: 0, hasMore: meta.has_more };
  } catch (error) {
    if (error instanceof Problem && error.code === "no_history") return NOTHING;
    throw error;
  }
}

/** What history says is missing of this instrument; nothing where there is no history. */
export async function knownGaps(key: string, signal: AbortSignal): Promise<Gap[]> {
  try {
    return (await ask<GapsAnswer>(`/api/v1/gaps/${inPath(key)}/history`, { limit: GAPS_MAX }, signal)).data;
  } catch (error) {
    if (error instanceof Problem && error.code === "no_history") return [];
    throw error;
  }
}

/** The newest liquidations that the hub remembers of this instrument. */
export async function newestLiquidations(subject: Subject, signal: AbortSignal): Promise<Liquidation[]> {
  const { exchange, market, symbol } = subject, question = { exchange, market, symbols: symbol, limit: LIQUIDATIONS_MAX };
  return (await ask<Answer<Liquidation[]>>("/api/v1/liquidations", question, signal)).data;
}

const NOTHING: Page = { bars: [], gaps: [], asOf: 0, hasMore: false };

const named = (bars: readonly Nameless[], key: string): Bar[] => bars.map((bar) => ({ ...bar, key, quality: "live" }));
