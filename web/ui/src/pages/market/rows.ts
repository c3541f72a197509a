/** Which records the table shows, and in which order. Pure. */

import { isDollar, quoteOf } from "~/format/dollars";
import { fitOfAny } from "~/list/fuzzy";
import { ordered, type SortValue } from "~/list/order";
import type { MarketRecord } from "~/pages/market/market";
import type { View } from "~/pages/market/view";

type Value = (record: MarketRecord) => SortValue;
type Test = (record: MarketRecord) => boolean;

export interface Choice {
  readonly view: View;
  readonly favourites: ReadonlySet<string>;
  /** The keys that fulfil the view's filter; null where there is none. */
  readonly screened: ReadonlySet<string> | null;
  /** How well each key fits the search; null where there is none. */
  readonly fits: ReadonlyMap<string, number> | null;
  /** What each column is sorted by. */
  readonly sortValue: (column: string) => Value | undefined;
}

/** The records to show, in their order. */
export function rowsOf(records: Iterable<MarketRecord>, choice: Choice): MarketRecord[] {
  const { view, fits, sortValue } = choice;
  const passing = [...records].filter(all(testsOf(choice)));
  const value = view.sort && sortValue(view.sort.column);
  if (view.sort && value) return ordered(passing, value, view.sort.descending);
  const busiest = ordered(passing, dollarTurnover, true);
  return fits === null ? busiest : ordered(busiest, ({ key }) => fits.get(key), true);
}

/** How well each record fits a search; those that do not are left out. */
export function fitsOf(search: string, records: Iterable<MarketRecord>): Map<string, number> {
  const fits = new Map<string, number>();
  for (const record of records) {
    const { symbol, name, exchange, market } = record;
    const fit = fitOfAny(search, [symbol, name ?? "", exchange, MARKET_WORDS[market] ?? market]);
    if (fit > 0) fits.set(record.key, fit);
  }
  return fits;
}

/** 24 hours of turnover where it is in dollars; what is not cannot be compared, and so has no place among them. */
export const dollarTurnover: Value = ({ name, turnover_24h }) => (isDollar(quoteOf(name)) ? turnover_24h : null);

const MARKET_WORDS: Readonly<Record<string, string>> = { linear: "linear perpetual", spot: "spot" };

function testsOf({ view, favourites, screened, fits }: Choice): Test[] {
  const tests: Test[] = [];
  if (view.favouritesOnly) tests.push(({ key }) => favourites.has(key));
  if (view.exchanges.length) tests.push(({ exchange }) => view.exchanges.includes(exchange));
  if (view.markets.length) tests.push(({ market }) => view.markets.includes(market));
  if (view.quote) tests.push(({ name }) => quoteOf(name) === view.quote);
  if (screened !== null) tests.push(({ key }) => screened.has(key));
  if (fits !== null) tests.push(({ key }) => fits.has(key));
  return tests;
}

const all = (tests: readonly Test[]): Test => (record) => tests.every((test) => test(record));

/** What there is to choose from; of the quotes the most frequent first. */
export function choicesOf(records: Iterable<MarketRecord>): { exchanges: string[]; markets: string[]; quotes: string[] } {
  const exchanges = new Set<string>(), markets = new Set<string>(), quotes = new Map<string, number>();
  for (const { exchange, market, name } of records) {
    const quote = quoteOf(name);
    exchanges.add(exchange);
    markets.add(market);
    if (quote) quotes.set(quote, (quotes.get(quote) ?? 0) + 1);
  }
  const frequent = [...quotes].sort(([a, as], [b, bs]) => bs - as || (a < b ? -1 : 1));
  return { exchanges: [...exchanges].sort(), markets: [...markets].sort(), quotes: frequent.map(([quote]) => quote) };
}
