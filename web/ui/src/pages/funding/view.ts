/** What a reader chose to see of the funding, as the page's address carries it. Pure. */

import { oneOf } from "~/list/address";
import type { Sort } from "~/list/order";

/** Per 8 hours and per year can be compared; `interval` is what is paid, whenever that is. */
export type Unit = "8h" | "apr" | "interval";
export type Range = "24h" | "7d" | "30d";

export const USUAL = { q: "", unit: "8h", sort: "-open_interest", open: "", range: "24h" };
export type Address = typeof USUAL;

export interface View {
  readonly search: string;
  readonly unit: Unit;
  readonly range: Range;
  /** The asset that is shown by itself, such as `BTC`; empty for none. */
  readonly open: string;
}

export const BUSIEST_FIRST: Sort = { column: "open_interest", descending: true };

export const viewOf = (address: Address): View => ({
  search: address.q, unit: oneOf(address.unit, ["8h", "apr", "interval"]),
  range: oneOf(address.range, ["24h", "7d", "30d"]), open: address.open,
});
