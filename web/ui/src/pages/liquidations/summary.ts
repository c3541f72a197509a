/** What liquidations come to, as `GET /api/v1/liquidations/summary` tells it, or as the page can tell by itself. Pure. */

import type { Entry } from "~/pages/liquidations/feed";
import type { View, Window } from "~/pages/liquidations/view";

export type Side = "long" | "short";

export interface Total {
  readonly exchange: string;
  readonly market: string;
  readonly side: Side;
  readonly sampled: boolean;
  readonly count: number;
  readonly value: number;
}

export interface Slice { readonly start: number; readonly long: number; readonly short: number; readonly count: number }

export interface Big {
  readonly key: string;
  readonly exchange: string;
  readonly symbol: string;
  readonly side: Side;
  readonly price: number;
  readonly size: number;
  readonly value: number;
  readonly ts_event: number;
}

/** Times are Unix ms, values quote units. `since` is when the oldest that is known at all was. */
export interface Summary {
  readonly from: number;
  readonly to: number;
  readonly slice_ms: number;
  readonly since: number | null;
  readonly totals: readonly Total[];
  readonly slices: readonly Slice[];
  readonly biggest: readonly Big[];
}

export interface SummaryMeta {
  readonly as_of: number;
  readonly not_offered: readonly string[];
  readonly switched_off: readonly string[];
  readonly gaps: readonly Gap[];
}

/** What was missed of a market, or of all history where there is no exchange; `to` is null while it lasts. */
export interface Gap { readonly exchange: string | null; readonly market: string | null; readonly from: number; readonly to: number | null }

/** A summary, and what is missing of it. */
export interface Told { readonly summary: Summary; readonly gaps: readonly Gap[] }

export const WINDOW_MS: Readonly<Record<Window, number>> = { "1h": 3_600_000, "24h": 86_400_000 };
export const SLICES: Readonly<Record<Window, string>> = { "1h": "1m", "24h": "15m" };
const SLICE_MS: Readonly<Record<Window, number>> = { "1h": 60_000, "24h": 900_000 };
export const BIGGEST_MAX = 10;

/** The question that a view means. */
export const parametersOf = ({ exchange, coins, valueMin }: View, window: Window): Record<string, string | number | null> => ({
  window, slice: SLICES[window], limit: BIGGEST_MAX, exchange: exchange || null, bases: coins.join() || null, value_min: valueMin || null,
});

export interface Sum { readonly count: number; readonly value: number }

/** All totals of one side together, or those of one market. */
export const sumOf = (totals: readonly Total[], side: Side, exchange?: string, market?: string): Sum =>
  totals.filter((each) => each.side === side && (exchange === undefined || (each.exchange === exchange && each.market === market)))
    .reduce<Sum>((sum, { count, value }) => ({ count: sum.count + count, value: sum.value + value }), { count: 0, value: 0 });

/** How long, of the window, any market was missed: holes that overlap count once. */
export function missedMs({ summary: { from, to }, gaps }: Told): number {
  let until = from, sum = 0;
  for (const gap of [...gaps].sort((a, b) => a.from - b.from)) {
    const begin = Math.max(gap.from, until), end = Math.min(gap.to ?? to, to);
    sum += Math.max(0, end - begin);
    until = Math.max(until, end);
  }
  return sum;
}

/** The part of all that was liquidated which was long, from 0 to 1; null where nothing was. */
export function longPart(totals: readonly Total[]): number | null {
  const long = sumOf(totals, "long").value, all = long + sumOf(totals, "short").value;
  return all > 0 ? long / all : null;
}

/** The same of what the page has seen: where the hub keeps no history. */
export function summaryOf(entries: readonly Entry[], window: Window, nowMs: number): Summary {
  const from = nowMs - WINDOW_MS[window], within = entries.filter(({ ts }) => ts >= from);
  return {
    from, to: nowMs, slice_ms: SLICE_MS[window], since: entries.at(-1)?.ts ?? null,
    totals: totalsOf(within), slices: slicesOf(within, SLICE_MS[window]),
    biggest: within.map(({ told, ts }) => ({ ...told, ts_event: ts })).sort((a, b) => b.value - a.value).slice(0, BIGGEST_MAX),
  };
}

function totalsOf(entries: readonly Entry[]): Total[] {
  const totals = new Map<string, Total>();
  for (const { told: { exchange, market, side, sampled, value } } of entries) {
    const name = `${exchange} ${market} ${side}`, known = totals.get(name);
    totals.set(name, { exchange, market, side, sampled, count: (known?.count ?? 0) + 1, value: (known?.value ?? 0) + value });
  }
  return [...totals.values()];
}

function slicesOf(entries: readonly Entry[], sliceMs: number): Slice[] {
  const slices = new Map<number, Slice>();
  for (const { told: { side, value }, ts } of entries) {
    const start = Math.floor(ts / sliceMs) * sliceMs, known = slices.get(start) ?? { start, long: 0, short: 0, count: 0 };
    slices.set(start, { ...known, [side]: known[side] + value, count: known.count + 1 });
  }
  return [...slices.values()].sort((a, b) => a.start - b.start);
}
