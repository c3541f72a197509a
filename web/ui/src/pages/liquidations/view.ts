/** What a reader chose to see of the liquidations, as the page's address carries it. Pure. */

import { oneOf } from "~/list/address";

export type Window = "1h" | "24h";

export const USUAL = { exchange: "", coins: "", value: "", window: "1h" };
export type Address = typeof USUAL;

export interface View {
  /** Empty for all. */
  readonly exchange: string;
  /** In capital letters; none for all. */
  readonly coins: readonly string[];
  /** In quote units. */
  readonly valueMin: number;
  readonly window: Window;
}

const COINS_MAX = 20;
const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, b: 1e9 };

export const viewOf = (address: Address): View => ({
  exchange: address.exchange, coins: coinsOf(address.coins), valueMin: amountOf(address.value) ?? 0,
  window: oneOf(address.window, ["1h", "24h"]),
});

/** The coins of a text such as `btc, eth`. */
export const coinsOf = (text: string): string[] =>
  [...new Set(text.toUpperCase().split(/[\s,]+/).filter(Boolean))].slice(0, COINS_MAX);

/** The whole amount that a text such as `25k` or `1.5M` means; null for one that means none. */
export function amountOf(text: string): number | null {
  const found = /^(\d+(?:\.\d+)?)\s*([kmb]?)$/.exec(text.trim().toLowerCase().replaceAll(",", ""));
  return found ? Math.min(1e15, Math.round(Number(found[1]) * UNITS[found[2] ?? ""]!)) : null;
}
