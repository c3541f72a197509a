/** The funding of one asset beside itself at other exchanges. Pure. */

import type { Funding } from "tickwell/records";

import { isDollar, quoteOf } from "~/format/dollars";
import { fitOfAny } from "~/list/fuzzy";
import type { Unit } from "~/pages/funding/view";

/** One asset: all its perpetuals, the busiest first, and of each exchange the busiest. */
export interface AssetRow {
  /** The coin; with its quote where that is no dollar: `BTC`, `BTC-EUR`. */
  readonly key: string;
  readonly perpetuals: readonly Funding[];
  readonly byExchange: ReadonlyMap<string, Funding>;
  readonly lowest: Funding | null;
  readonly highest: Funding | null;
  /** Highest less lowest, percent per year; null with fewer than two live rates. */
  readonly difference_apr: number | null;
  /** When anybody pays next, Unix ms. */
  readonly next_ts: number | null;
  readonly open_interest: number | null;
}

/** The assets of all `records`, by key. `baseOf` is the coin that a perpetual trades; undefined while that is unknown. */
export function assetsOf(records: Iterable<Funding>, baseOf: (record: Funding) => string | undefined): Map<string, AssetRow> {
  const groups = new Map<string, Funding[]>();
  for (const record of records) {
    const key = keyOf(record, baseOf(record)), group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  return new Map([...groups].map(([key, group]) => [key, assetOf(key, group)]));
}

/** Only what is live may be shown as current. */
export const isCurrent = ({ quality, stale }: Pick<Funding, "quality" | "stale">): boolean => quality === "live" && stale !== true;

/** A rate in percent of the unit. */
export function rateIn(unit: Unit, { funding_rate, funding_rate_8h, funding_apr }: Funding): number | null {
  if (unit === "apr") return funding_apr;
  const rate = unit === "8h" ? funding_rate_8h : funding_rate;
  return rate === null ? null : rate * 100;
}

/** How many decimals tell rates of a unit apart. */
export const decimalsIn = (unit: Unit): number => (unit === "apr" ? 2 : 4);

/** The exchanges that have any of `records`, in order. */
export const exchangesOf = (records: Iterable<Funding>): string[] => [...new Set([...records].map(({ exchange }) => exchange))].sort();

/** Whether an asset fits a search. */
export const fits = (row: AssetRow, search: string): boolean =>
  search.trim() === "" || fitOfAny(search, [row.key, ...row.perpetuals.map(({ symbol }) => symbol)]) > 0;

function assetOf(key: string, group: readonly Funding[]): AssetRow {
  const perpetuals = [...group].sort((a, b) => (b.open_interest_value ?? -1) - (a.open_interest_value ?? -1) || (a.key < b.key ? -1 : 1));
  const byExchange = new Map<string, Funding>();
  for (const each of perpetuals) if (!byExchange.has(each.exchange)) byExchange.set(each.exchange, each);
  const rated = perpetuals.filter((each) => isCurrent(each) && each.funding_apr !== null).sort((a, b) => a.funding_apr! - b.funding_apr!);
  const lowest = rated[0] ?? null, highest = rated.at(-1) ?? null;
  return {
    key, perpetuals, byExchange, lowest, highest,
    difference_apr: rated.length < 2 ? null : highest!.funding_apr! - lowest!.funding_apr!,
    next_ts: least(perpetuals.filter(isCurrent).map(({ next_funding_ts }) => next_funding_ts)),
    open_interest: sumOf(perpetuals.filter(isCurrent).map(({ open_interest_value }) => open_interest_value)),
  };
}

function keyOf(record: Funding, base: string | undefined): string {
  const { name, symbol } = record, quote = quoteOf(name), told = name ? name.slice(0, name.lastIndexOf("-")) : symbol;
  const coin = (base ?? told).toUpperCase();
  return quote === "" || isDollar(quote) ? coin : `${coin}-${quote}`;
}

const known = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
const least = (values: readonly (number | null)[]): number | null => (known(values).length ? Math.min(...known(values)) : null);
const sumOf = (values: readonly (number | null)[]): number | null =>
  (known(values).length ? known(values).reduce((sum, value) => sum + value, 0) : null);
