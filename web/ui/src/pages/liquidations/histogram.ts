/** Where the bars of a histogram stand: shorts above its middle, longs below it, as the price went. Pure. */

import type { Slice, Summary } from "~/pages/liquidations/summary";

export interface Bar { readonly slice: Slice; readonly x: number; readonly width: number; readonly up: number; readonly down: number }

/** Between 0 and 1, from left to right and from the middle outwards; both sides are drawn to one scale. */
export function barsOf({ from, to, slice_ms, slices }: Summary): Bar[] {
  const most = mostOf(slices);
  return slices.map((slice) => {
    const left = placeOf(slice.start, { from, to }), right = placeOf(slice.start + slice_ms, { from, to });
    return { slice, x: left, width: Math.max(0, right - left), up: slice.short / most, down: slice.long / most };
  });
}

/** The greatest of all slices and sides; 1 where there are none. */
export const mostOf = (slices: readonly Slice[]): number => Math.max(0, ...slices.flatMap(({ long, short }) => [long, short])) || 1;

/** Where a time stands in the window, from 0 to 1; what is beyond it stands at its end. */
export const placeOf = (ts: number, { from, to }: Pick<Summary, "from" | "to">): number =>
  Math.min(1, Math.max(0, (ts - from) / (to - from)));

/** How far into the window nothing is known, from 0 to 1. */
export const unknownPart = (summary: Summary): number => (summary.since === null ? 1 : placeOf(summary.since, summary));
