/** Histograms and rates from counters. Pure. */

import type { ClientTold, MarketQuality } from "~/pages/quality/told";

export interface Bucket { readonly upTo: number | null; readonly count: number; readonly share: number; readonly height: number }

/** The buckets of a histogram, each with its share of all, and its height relative to the tallest. Empty where nothing was counted. */
export function buckets(bounds: readonly number[], counts: readonly number[]): Bucket[] {
  const all = counts.reduce((sum, count) => sum + count, 0), tallest = Math.max(...counts, 0);
  if (all === 0) return [];
  return counts.map((count, index) => ({ upTo: bounds[index] ?? null, count, share: count / all, height: count / tallest }));
}

/** What was counted between two answers; all of it where the counter began anew meanwhile. */
export function since(counts: readonly number[], before: readonly number[]): number[] {
  const came = counts.map((count, index) => count - (before[index] ?? 0));
  return came.some((count) => count < 0) ? [...counts] : came;
}

/** Every cause of reconnects that any market has, the most frequent first. */
export function causesOf(markets: readonly MarketQuality[]): string[] {
  const total = new Map<string, number>();
  for (const { reconnects_by_cause: causes } of markets) {
    for (const [cause, count] of Object.entries(causes)) total.set(cause, (total.get(cause) ?? 0) + count);
  }
  return [...total].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([cause]) => cause);
}

export interface Clients { readonly asOf: number; readonly clients: readonly ClientTold[] }

/** Messages per second to each client between two answers, by its id; of who was not there before, nothing is known. */
export function clientRates(now: Clients, before: Clients | undefined): Map<string, number> {
  const seconds = before === undefined ? 0 : (now.asOf - before.asOf) / 1000;
  if (before === undefined || seconds <= 0) return new Map();
  const known = new Map(before.clients.map((client) => [client.id, client.messages]));
  return new Map(now.clients.flatMap(({ id, messages }) => {
    const then = known.get(id);
    return then === undefined ? [] : [[id, (messages - then) / seconds] as const];
  }));
}

/** A number of bytes in few characters: 1.4 MB. */
export function bytes(count: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, count > 0 ? Math.floor(Math.log10(count) / 3) : 0);
  return `${power ? (count / 1000 ** power).toFixed(1) : count} ${units[power]}`;
}
