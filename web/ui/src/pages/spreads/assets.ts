/** What the spreads of an asset come to, for a reader who pays fees. Pure. */

import type { Basis, Best, BestPrice, Leg, Spread } from "tickwell/records";

import { fitOfAny } from "~/list/fuzzy";
import type { Compared, View } from "~/pages/spreads/view";

/** One asset as the table shows it. Spreads are in 1/10000; `net_bps` is what stays of one after a fee on both trades. */
export interface AssetRow {
  readonly key: string;
  readonly base: string;
  readonly quote: string;
  /** Where it is bought: the lowest ask. */
  readonly ask: BestPrice | null;
  /** Where it is sold: the highest bid. */
  readonly bid: BestPrice | null;
  readonly spread_bps: number | null;
  readonly net_bps: number | null;
  /** The perpetual that is furthest from spot. */
  readonly basis: Basis | null;
  readonly funding_apr: number | null;
  /** How many legs count, of how many. */
  readonly counted: number;
  readonly legs: number;
  /** By pair of exchanges, such as `binance bybit`. */
  readonly pairs: ReadonlyMap<string, PairSpread>;
  readonly isStale: boolean;
}

/** The better way round between two exchanges: bought at `buy`, sold at `sell`. */
export interface PairSpread { readonly buy: Leg; readonly sell: Leg; readonly net_bps: number }

/** An asset by the view; a leg that is not live counts nowhere, and one of another market not here. */
export function rowOf(spread: Spread, { compared, feeBps }: Pick<View, "compared" | "feeBps">): AssetRow {
  const best = bestOf(spread, compared), legs = spread.legs.filter((leg) => isCompared(leg, compared));
  return {
    key: spread.key, base: spread.base, quote: spread.quote, ask: best.ask, bid: best.bid, spread_bps: best.spread_bps,
    net_bps: best.bid && best.ask ? netBps(best.ask.price, best.bid.price, feeBps) : null,
    basis: widest(spread.basis), funding_apr: spread.funding?.difference_apr ?? null,
    counted: legs.filter(counts).length, legs: legs.length, pairs: pairsOf(legs, feeBps),
    isStale: spread.stale === true || !legs.some(counts),
  };
}

/** What stays when one coin is bought at `ask` and sold at `bid`, each for a fee: in 1/10000 of what it cost. */
export function netBps(ask: number, bid: number, feeBps: number): number | null {
  const fee = feeBps / 10_000, cost = ask * (1 + fee);
  return cost > 0 ? ((bid * (1 - fee)) / cost - 1) * 10_000 : null;
}

/** The pairs of exchanges that any of `rows` has, by name. */
export function pairNames(rows: Iterable<Spread>, compared: Compared): string[] {
  const legs = [...rows].flatMap((spread) => spread.legs).filter((leg) => isCompared(leg, compared));
  return pairsAmong([...new Set(legs.map(({ exchange }) => exchange))]);
}

/** Whether the view shows an asset, and how well its name fits the search; 0 for no. */
export function fitOfRow(row: AssetRow, { search, quote, legsMin }: Pick<View, "search" | "quote" | "legsMin">): number {
  if (row.legs < legsMin || (quote !== "" && row.quote !== quote)) return 0;
  return search.trim() === "" ? 1 : fitOfAny(search, [row.base, row.key]);
}

/** Whether a leg's quote counts: what does not says why in `left_out`. */
export const counts = (leg: Leg): boolean => leg.left_out === null && leg.stale !== true;

const isCompared = (leg: Leg, compared: Compared): boolean => compared === "all" || leg.market === compared;

const bestOf = (spread: Spread, compared: Compared): Best => (compared === "all" ? spread.best : spread[compared]);

const widest = (bases: readonly Basis[]): Basis | null =>
  bases.reduce<Basis | null>((most, each) => (most === null || Math.abs(each.bps) > Math.abs(most.bps) ? each : most), null);

function pairsOf(legs: readonly Leg[], feeBps: number): Map<string, PairSpread> {
  const counted = legs.filter(counts), found = new Map<string, PairSpread>();
  for (const buy of counted) {
    for (const sell of counted) {
      if (buy.exchange === sell.exchange || buy.ask === null || sell.bid === null) continue;
      const name = nameOf(buy.exchange, sell.exchange), net = netBps(buy.ask, sell.bid, feeBps), known = found.get(name);
      if (net !== null && (known === undefined || net > known.net_bps)) found.set(name, { buy, sell, net_bps: net });
    }
  }
  return found;
}

const nameOf = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

const pairsAmong = (exchanges: readonly string[]): string[] => {
  const sorted = [...exchanges].sort();
  return sorted.flatMap((a, index) => sorted.slice(index + 1).map((b) => nameOf(a, b)));
};
