/** What perpetuals paid in the past, asked of the hub's history. */

import { createEffect, createSignal, onCleanup, type Accessor } from "solid-js";

import { ask, inPath, Problem, type Answer } from "~/live/rest";
import type { Point } from "~/pages/funding/chart";
import type { Range } from "~/pages/funding/view";

interface PastFunding { readonly ts: number; readonly funding_apr: number | null }
interface Gap { readonly from: number; readonly to: number | null }

export interface PastRates {
  /** Where the range begins, or where history does. */
  readonly from: number;
  readonly to: number;
  /** Percent per year, the oldest first, by key. */
  readonly lines: ReadonlyMap<string, readonly Point[]>;
  /** What history missed of any of them. */
  readonly gaps: readonly Gap[];
}

export interface Histories { readonly past: Accessor<PastRates | undefined>; readonly problem: Accessor<string | null> }

const SPAN_MS: Readonly<Record<Range, number>> = { "24h": 86_400_000, "7d": 604_800_000, "30d": 2_592_000_000 };
const EVERY: Readonly<Record<Range, string>> = { "24h": "2m", "7d": "1h", "30d": "4h" };
const AGAIN_AFTER_MS = 60_000, FAILED_AGAIN_AFTER_MS = 5000;
const LEAST_MS = 600_000;

/** The past of `keys`, asked again every minute, for as long as the component that calls. */
export function histories(keys: Accessor<readonly string[]>, range: Accessor<Range>): Histories {
  const [past, setPast] = createSignal<PastRates>();
  const [problem, setProblem] = createSignal<string | null>(null);
  createEffect(() => {
    const wanted = keys(), chosen = range(), asking = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const attempt = async (): Promise<void> => {
      let wait = AGAIN_AFTER_MS;
      try {
        const rates = await pastRates(wanted, chosen, asking.signal);
        if (asking.signal.aborted) return;
        setPast(rates);
        setProblem(null);
      } catch (error) {
        if (asking.signal.aborted) return;
        setProblem(error instanceof Problem ? error.message : "The hub does not answer.");
        wait = FAILED_AGAIN_AFTER_MS;
      }
      timer = setTimeout(() => void attempt(), wait);
    };
    setPast(undefined);
    void attempt();
    onCleanup(() => {
      asking.abort();
      clearTimeout(timer);
    });
  });
  return { past, problem };
}

/** One question after the other: history answers few at a time, and others ask too. */
async function pastRates(keys: readonly string[], range: Range, signal: AbortSignal): Promise<PastRates> {
  const lines = new Map<string, Point[]>(), gaps: Gap[] = [];
  let to = Date.now();
  for (const key of keys) {
    const path = `/api/v1/funding/${inPath(key)}/history`;
    const parameters = { from: `-${range}`, order: "oldest", every: EVERY[range], limit: 1000 };
    const { data, meta } = await ask<Answer<PastFunding[], { as_of: number; gaps: Gap[] | null }>>(path, parameters, signal);
    lines.set(key, data.flatMap(({ ts, funding_apr }) => (funding_apr === null ? [] : [{ ts, value: funding_apr }])));
    gaps.push(...(meta.gaps ?? []));
    to = meta.as_of;
  }
  return { from: begin(to - SPAN_MS[range], to, lines.values()), to, lines, gaps };
}

/** A history that is younger than the range is not drawn as a splinter at its end. */
function begin(from: number, to: number, lines: Iterable<readonly Point[]>): number {
  const first = Math.min(to, ...[...lines].flatMap((line) => (line[0] ? [line[0].ts] : [])));
  return Math.min(to - LEAST_MS, Math.max(from, first));
}
