/** Liquidations as marks at the bars in which they happened: per bar and side one, with their sum. */

import type { Liquidation } from "tickwell/records";

import { startOf } from "~/pages/terminal/chart/intervals";

export interface Mark { readonly start: number; readonly side: "long" | "short"; readonly value: number; readonly count: number }

export const KEPT_MAX = 1000;

/** The newest liquidations of one instrument, each once. */
export class Liquidations {
  #kept = new Map<string, Liquidation>();
  #revision = 0;

  /** Grows whenever one is new. */
  get revision(): number { return this.#revision; }

  /** Takes some; whether any was new. */
  add(liquidations: Iterable<Liquidation>): boolean {
    const before = this.#kept.size;
    for (const each of liquidations) this.#kept.set(`${each.ts_event} ${each.side} ${each.price} ${each.size}`, each);
    const isChanged = this.#kept.size !== before;
    if (isChanged) this.#revision += 1;
    if (this.#kept.size > KEPT_MAX) this.#kept = new Map([...this.#kept].sort(byTime).slice(-KEPT_MAX));
    return isChanged;
  }

  /** The marks at bars of `lengthMs`, the oldest first. */
  marks(lengthMs: number): Mark[] {
    const marks = new Map<string, Mark>();
    for (const { ts_event, ts_recv, side, value } of this.#kept.values()) {
      const start = startOf(ts_event ?? ts_recv ?? 0, lengthMs), name = `${start} ${side}`, known = marks.get(name);
      marks.set(name, { start, side, value: (known?.value ?? 0) + value, count: (known?.count ?? 0) + 1 });
    }
    return [...marks.values()].sort((a, b) => a.start - b.start);
  }
}

const byTime = ([, a]: [string, Liquidation], [, b]: [string, Liquidation]): number => (a.ts_event ?? 0) - (b.ts_event ?? 0);
