/** An order book as a ladder: rows of price, size and what adds up from the best price on. */

import type { Level } from "tickwell/book";

export interface Row extends Level { readonly total: number }

/** The best `count` levels of a side, each with the size that waits up to it. */
export function rowsOf(levels: readonly Level[], count: number): Row[] {
  let total = 0;
  return levels.slice(0, count).map(({ price, size }) => ({ price, size, total: (total += size) }));
}

/** The bids' share of all that the rows hold, from 0 to 1; null while there is nothing. */
export function bidShare(bids: readonly Row[], asks: readonly Row[]): number | null {
  const bid = bids.at(-1)?.total ?? 0, ask = asks.at(-1)?.total ?? 0;
  return bid + ask > 0 ? bid / (bid + ask) : null;
}

const FACTORS = [1, 2, 5];
const COARSEST = 0.01;

/** The step in which prices move: the tick size, or the fifth digit of the price where the exchange has none. */
export function stepOf(tickSize: number | null, price: number | null): number | null {
  if (tickSize !== null && tickSize > 0) return tickSize;
  return price !== null && price > 0 ? exact(10 ** (Math.floor(Math.log10(price)) - 4)) : null;
}

/** The widths to which levels can be grouped: of a step, then 2, 5, 10, … times it, up to a hundredth of the price. */
export function groupings(step: number | null, price: number | null): number[] {
  if (step === null) return [];
  const widths = [step], most = (price ?? 0) * COARSEST;
  for (let power = 1; widths.length < 16; power *= 10) {
    for (const factor of FACTORS) {
      const width = exact(step * factor * power);
      if (factor * power === 1) continue;
      if (width > most) return widths;
      widths.push(width);
    }
  }
  return widths;
}

/** The next coarser (1) or finer (-1) of `widths`; null stands for the exchange's own levels, the first of them. */
export function regrouped(widths: readonly number[], grouping: number | null, direction: 1 | -1): number | null {
  const index = grouping === null ? 0 : Math.max(0, widths.indexOf(grouping));
  const next = Math.min(widths.length - 1, Math.max(0, index + direction));
  return next <= 0 ? null : widths[next]!;
}

/** The number that a multiple of a tick means: 0.30000000000000004 is 0.3. */
const exact = (value: number): number => Number(value.toPrecision(12));
