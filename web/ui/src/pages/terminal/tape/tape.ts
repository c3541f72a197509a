/** The newest trades of one instrument, and of them the ones that are large enough to be shown. */

import type { Trade } from "tickwell/records";

/** A trade, or the place at which some are missing. */
export type TapeRow = { readonly trade: Trade; readonly missed?: never } | { readonly trade?: never; readonly missed: string };

export const KEPT_MAX = 2000;
export const SHOWN_MAX = 150;

export class Tape {
  #kept: TapeRow[] = [];
  #shown: TapeRow[] = [];
  #minimum = 0;

  /** What is shown, the newest first: a new list whenever it changed. */
  get rows(): readonly TapeRow[] { return this.#shown; }

  /** Takes trades in the order in which they happened; `isWhole` puts them in place of all. */
  add(trades: readonly Trade[], isWhole = false): void {
    if (isWhole) this.#kept = this.#shown = [];
    this.#push(trades.map((trade) => ({ trade })));
  }

  /** Some trades are missing here; `count` of them, where that is known. */
  miss(count: number | null): void {
    if (this.#kept[0]?.missed === undefined) this.#push([{ missed: count ? `${count} trades missed` : "some trades missed" }]);
  }

  /** Shows only trades of at least this value in quote units, of all that are kept. */
  setMinimum(value: number): void {
    this.#minimum = value;
    this.#shown = this.#kept.filter((row) => this.#isShown(row)).slice(0, SHOWN_MAX);
  }

  #push(rows: TapeRow[]): void {
    const newest = rows.slice(-KEPT_MAX).reverse();
    this.#kept = [...newest, ...this.#kept].slice(0, KEPT_MAX);
    const shown = newest.filter((row) => this.#isShown(row));
    if (shown.length > 0 || this.#shown.length === 0) this.#shown = [...shown, ...this.#shown].slice(0, SHOWN_MAX);
  }

  #isShown({ trade }: TapeRow): boolean { return trade === undefined || trade.price * trade.size >= this.#minimum; }
}

const FACTORS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, b: 1e9 };

/** An amount as people write it: 2500, 10k, 1.5M. Nothing is 0; what means nothing is null. */
export function amountOf(text: string): number | null {
  const found = /^(\d*\.?\d*)\s*([kmb]?)$/i.exec(text.trim().replaceAll(",", ""));
  if (!found) return null;
  const value = Number(found[1] || (found[2] ? NaN : 0)) * FACTORS[found[2]!.toLowerCase()]!;
  return Number.isFinite(value) ? value : null;
}
