/** What a reader chose to see, as the page's address carries it. Pure. */

import { sortOf, sortText, type Sort } from "~/list/order";

export interface View {
  readonly search: string;
  readonly exchanges: readonly string[];
  readonly markets: readonly string[];
  /** Empty for any. */
  readonly quote: string;
  /** An expression of the screener. */
  readonly filter: string;
  readonly favouritesOnly: boolean;
  /** Null: the best matches of the search first, or else the greatest turnover. */
  readonly sort: Sort | null;
  /** Null: as many as there is room for. */
  readonly columns: readonly string[] | null;
}

export const EVERYTHING: View = {
  search: "", exchanges: [], markets: [], quote: "", filter: "", favouritesOnly: false, sort: null, columns: null,
};

/** How the list is sorted as long as nobody wants it otherwise. */
export const BUSIEST: Sort = { column: "turnover_24h", descending: true };

/** What narrows the list, by its name in a view. */
export type Condition = "search" | "exchanges" | "markets" | "quote" | "filter" | "favouritesOnly";

/** What an address may say, and what holds where it does not. */
export const USUAL = { q: "", exchange: "", market: "", quote: "", filter: "", favourites: "", sort: "", columns: "" };

/** The view that an address means. Columns that there are not are passed over: they may have been renamed. */
export function viewOf(texts: typeof USUAL, columns: readonly string[]): View {
  return {
    search: texts.q, exchanges: listOf(texts.exchange), markets: listOf(texts.market), quote: texts.quote, filter: texts.filter,
    favouritesOnly: texts.favourites === "1", sort: sortOf(texts.sort, columns),
    columns: texts.columns === "" ? null : listOf(texts.columns).filter((column) => columns.includes(column)),
  };
}

/** What an address says of a view. */
export function textsOfView(view: View): typeof USUAL {
  return {
    q: view.search, exchange: view.exchanges.join(), market: view.markets.join(), quote: view.quote, filter: view.filter,
    favourites: view.favouritesOnly ? "1" : "", sort: view.sort ? sortText(view.sort) : "", columns: view.columns?.join() ?? "",
  };
}

/** What narrows the list now, in words, each with the name to lift it by. */
export function conditionsOf(view: View): { name: Condition; words: string }[] {
  const all: { name: Condition; words: string }[] = [
    { name: "search", words: view.search.trim() && `the search “${view.search.trim()}”` },
    { name: "exchanges", words: view.exchanges.join(", ") },
    { name: "markets", words: view.markets.join(", ") },
    { name: "quote", words: view.quote && `in ${view.quote}` },
    { name: "filter", words: view.filter.trim() && `the filter ${view.filter.trim()}` },
    { name: "favouritesOnly", words: view.favouritesOnly ? "favourites only" : "" },
  ];
  return all.filter(({ words }) => words !== "");
}

/** The view without one of its conditions, or without any. */
export function lifted(view: View, name?: Condition): View {
  if (name !== undefined) return { ...view, [name]: EVERYTHING[name] };
  return { ...EVERYTHING, sort: view.sort, columns: view.columns };
}

/** `values` with `value`, or without it if it was there. */
export const toggled = (values: readonly string[], value: string): string[] =>
  values.includes(value) ? values.filter((each) => each !== value) : [...values, value];

const listOf = (text: string): string[] => [...new Set(text.split(",").filter(Boolean))];
