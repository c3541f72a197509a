/** Where something is missing of the past, as spans of the time axis. */

import type { Point } from "~/pages/terminal/chart/bars";

/** A gap as history and the stream tell it: `to` is null while it lasts; times are Unix ms. */
export interface Gap {
  readonly channel: string;
  readonly from: number;
  readonly to: number | null;
  readonly cause: string;
  readonly reason: string;
  readonly healed: boolean;
}

/** From when to before when; `isCut`: more time is left out here than the axis shows. */
export interface Span { readonly from: number; readonly to: number; readonly isCut: boolean }

/** The gaps of these channels make bars incomplete. The outbox lost rows of all history. */
const OF_BARS: ReadonlySet<string> = new Set(["trades", "candles", "outbox"]);

/** Gaps by where they begin; a later word about one replaces the earlier, and one that is healed is gone. */
export class Gaps {
  readonly #gaps = new Map<string, Gap>();
  #revision = 0;

  /** Grows whenever one came, changed or went. */
  get revision(): number { return this.#revision; }

  get all(): readonly Gap[] { return [...this.#gaps.values()]; }

  /** Takes what concerns bars of it; whether that changed anything. */
  merge(gaps: Iterable<Gap>): boolean {
    let isChanged = false;
    for (const gap of gaps) {
      if (!OF_BARS.has(gap.channel)) continue;
      const name = `${gap.channel} ${gap.from}`, known = this.#gaps.get(name);
      if (gap.healed) isChanged = this.#gaps.delete(name) || isChanged;
      else if (known?.to !== gap.to || known === undefined) isChanged = this.#gaps.set(name, gap).has(name);
    }
    if (isChanged) this.#revision += 1;
    return isChanged;
  }

  /** The first gap that touches [from, to). */
  within(from: number, to: number): Gap | undefined {
    return this.all.find((gap) => gap.from < to && (gap.to ?? Infinity) > from);
  }
}

/**
 * What to shade: bars that may lack trades, and places without a bar within a gap, each as far as they touch.
 *
 * A bar that the hub calls whole is not shaded, whatever gap it lies in: it was fetched since.
 */
export function spansOf(points: readonly Point[], gaps: readonly Gap[], lengthMs: number): Span[] {
  const spans: { from: number; to: number; isCut: boolean }[] = [], holes = merged(gaps);
  let hole = 0, before: number | null = null;
  for (const { start, bar } of points) {
    const end = start + lengthMs;
    if (before !== null && start > before) spans.push({ from: before, to: start, isCut: true });
    while (hole < holes.length && holes[hole]!.to <= start) hole += 1;
    if (bar ? bar.gap : hole < holes.length && holes[hole]!.from < end) {
      const last = spans.at(-1);
      if (last && last.to === start && !last.isCut) last.to = end;
      else spans.push({ from: start, to: end, isCut: false });
    }
    before = end;
  }
  return spans;
}

function merged(gaps: readonly Gap[]): { from: number; to: number }[] {
  const holes: { from: number; to: number }[] = [];
  for (const gap of [...gaps].sort((a, b) => a.from - b.from)) {
    const last = holes.at(-1), to = gap.to ?? Infinity;
    if (last && gap.from <= last.to) last.to = Math.max(last.to, to);
    else holes.push({ from: gap.from, to });
  }
  return holes;
}
