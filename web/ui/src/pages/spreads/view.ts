/** What a reader chose to see of the spreads, as the page's address carries it. Pure. */

import { numberIn, oneOf } from "~/list/address";
import type { Sort } from "~/list/order";

/** Which legs are compared: between spot and perpetuals a spread may be nothing but the basis. */
export type Compared = "all" | "linear" | "spot";
export type Shape = "table" | "heat";

export const FEE_MAX_BPS = 500;
const FEE_BPS = 5;

export const USUAL = { q: "", compare: "all", view: "table", quote: "", legs: "2", fee: String(FEE_BPS), sort: "-net_bps", open: "" };
export type Address = typeof USUAL;

export interface View {
  readonly search: string;
  readonly compared: Compared;
  readonly shape: Shape;
  /** A group of quotes such as `USD`; empty for all. */
  readonly quote: string;
  readonly legsMin: number;
  /** What each of the two trades costs, in 1/10000 of its value. */
  readonly feeBps: number;
  /** The asset whose legs are shown, such as `BTC-USD`; empty for none. */
  readonly open: string;
}

export const BEST_FIRST: Sort = { column: "net_bps", descending: true };

export function viewOf(address: Address): View {
  return {
    search: address.q,
    compared: oneOf(address.compare, ["all", "linear", "spot"]),
    shape: oneOf(address.view, ["table", "heat"]),
    quote: address.quote,
    legsMin: Math.round(numberIn(address.legs, 2, 20, 2)),
    feeBps: numberIn(address.fee, 0, FEE_MAX_BPS, FEE_BPS),
    open: address.open,
  };
}
