/** The newest liquidations, the newest first, and not more of them than a page can use. Pure. */

import type { Liquidation } from "tickwell/records";

import type { View } from "~/pages/liquidations/view";

export const KEPT_MAX = 2000;

/** One of them, with a name of its own. */
export interface Entry { readonly id: string; readonly told: Liquidation; readonly ts: number }

export class Feed {
  #entries: Entry[] = [];
  #known = new Set<string>();

  /** The newest first. */
  get entries(): readonly Entry[] { return this.#entries; }

  /** Takes what came, each once; `isWhole` puts it in place of everything. How many were new. */
  take(came: readonly Liquidation[], isWhole = false): number {
    if (isWhole) {
      this.#entries = [];
      this.#known = new Set();
    }
    const fresh = came.map(entryOf).filter(({ id }) => !this.#known.has(id) && this.#known.add(id));
    if (fresh.length === 0) return 0;
    this.#entries = [...fresh, ...this.#entries].sort((a, b) => b.ts - a.ts);
    for (const { id } of this.#entries.splice(KEPT_MAX)) this.#known.delete(id);
    return fresh.length;
  }
}

/** Whether the view shows a liquidation of `base`; that is undefined while it is unknown. */
export function isShown({ told }: Entry, { exchange, coins, valueMin }: View, base: (key: string) => string | undefined): boolean {
  if (exchange !== "" && told.exchange !== exchange) return false;
  if (told.value < valueMin) return false;
  return coins.length === 0 || coins.includes((base(told.key) ?? "").toUpperCase());
}

function entryOf(told: Liquidation): Entry {
  const ts = told.ts_event ?? told.ts_recv ?? 0;
  return { id: `${told.key} ${ts} ${told.side} ${told.price} ${told.size}`, told, ts };
}
