/**
 * The bars of one instrument and interval, from three tellers: the stream, the hub's memory and its history.
 *
 * Whichever was told last counts, by the hub's clock, so that an answer that was long on its way changes nothing.
 */

import type { Bar } from "tickwell/records";

/** A place on the time axis: a bar, or none because nobody traded, or nobody knows. */
export interface Point { readonly start: number; readonly bar: Bar | null }

/** What to paint: nothing, `points` at the end in place of those that begin as late, or all of it. */
export type Change = { readonly kind: "none" } | { readonly kind: "tail"; readonly points: Point[] } | { readonly kind: "all" };

export const BARS_MAX = 20_000;
/** A pause of more bars than this is a cut in the time axis. */
export const FILLED_MAX = 500;

export class Bars {
  readonly #told = new Map<number, { bar: Bar; toldAt: number }>();
  #starts: number[] = [];
  #isSorted = true;
  /** The last start that was painted; null while nothing was. */ #paintedTo: number | null = null;
  #changed = new Set<number>();

  constructor(readonly lengthMs: number, readonly max = BARS_MAX) {}

  get size(): number { return this.#told.size; }
  get first(): Bar | undefined { return this.at(this.#sorted()[0]); }
  get last(): Bar | undefined { return this.at(this.#sorted().at(-1)); }

  /** The bar that begins at `start`. */
  at(start: number | undefined): Bar | undefined { return start === undefined ? undefined : this.#told.get(start)?.bar; }

  /** Takes what was told at `toldAt` (Unix ms, the hub's clock); of bars that are known, what was told later stays. */
  merge(bars: Iterable<Bar>, toldAt: number): void {
    for (const bar of bars) {
      const known = this.#told.get(bar.start);
      if (known && known.toldAt > toldAt) continue;
      if (!known) this.#insert(bar.start);
      this.#told.set(bar.start, { bar, toldAt });
      this.#changed.add(bar.start);
    }
    if (this.size > this.max + FILLED_MAX) this.#forgetOldest();
  }

  /** What changed since the last call. */
  take(): Change {
    const changed = this.#changed, paintedTo = this.#paintedTo;
    if (changed.size === 0) return { kind: "none" };
    this.#changed = new Set();
    this.#paintedTo = this.#sorted().at(-1) ?? null;
    if (paintedTo === null || [...changed].some((start) => start < paintedTo)) return { kind: "all" };
    return { kind: "tail", points: this.#pointsFrom(paintedTo) };
  }

  /** All places, without a hole but where the time axis is cut. */
  points(): Point[] { return this.#pointsFrom(-Infinity); }

  #pointsFrom(from: number): Point[] {
    const starts = this.#sorted(), points: Point[] = [];
    let index = starts.length;
    while (index > 0 && starts[index - 1]! >= from) index -= 1;
    for (; index < starts.length; index += 1) {
      const start = starts[index]!, before = points.at(-1)?.start ?? start;
      if ((start - before) / this.lengthMs <= FILLED_MAX) {
        for (let empty = before + this.lengthMs; empty < start; empty += this.lengthMs) points.push({ start: empty, bar: null });
      }
      points.push({ start, bar: this.at(start)! });
    }
    return points;
  }

  #insert(start: number): void {
    if (this.#starts.length > 0 && start < this.#starts.at(-1)!) this.#isSorted = false;
    this.#starts.push(start);
  }

  #sorted(): readonly number[] {
    if (!this.#isSorted) this.#starts.sort((a, b) => a - b);
    this.#isSorted = true;
    return this.#starts;
  }

  #forgetOldest(): void {
    this.#sorted();
    for (const start of this.#starts.splice(0, this.size - this.max)) {
      this.#told.delete(start);
      this.#changed.add(start);
    }
  }
}
