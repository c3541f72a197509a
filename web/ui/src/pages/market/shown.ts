/** The rows that are shown, kept up with the records and with what the reader chooses. */

import { createMemo, untrack, type Accessor } from "solid-js";

import { sameKeys } from "~/list/order";
import { paced } from "~/list/paced";
import { favourites } from "~/pages/market/favourites";
import type { Market } from "~/pages/market/market";
import { choicesOf, fitsOf, rowsOf, type Choice } from "~/pages/market/rows";
import { followScreener } from "~/pages/market/screened";
import type { View } from "~/pages/market/view";

const SORT_EVERY_MS = 500;

export interface Shown {
  /** Their keys, in their order. */
  readonly keys: Accessor<readonly string[]>;
  /** What there is to choose from. */
  readonly choices: Accessor<ReturnType<typeof choicesOf>>;
  /** Why the hub does not understand the filter, in its own words. */
  readonly problem: Accessor<string | null>;
  /** Whether the filter's answer has not come yet. */
  readonly isScreening: Accessor<boolean>;
}

/** What the reader does is answered at once; what the market does twice a second, and not while `isHeld`. */
export function showRows({ records }: Market, view: Accessor<View>, sortValue: Choice["sortValue"], isHeld: Accessor<boolean>): Shown {
  const beat = paced(records.revision, SORT_EVERY_MS, isHeld);
  const screened = followScreener(createMemo(() => view().filter));
  const search = createMemo(() => view().search.trim());
  const fits = createMemo(() => {
    records.keys();
    return search() === "" ? null : fitsOf(search(), records.all());
  });
  const keys = createMemo<readonly string[]>(() => {
    beat();
    const choice = { view: view(), favourites: favourites(), screened: screened.keys(), fits: fits(), sortValue };
    return untrack(() => rowsOf(records.all(), choice)).map(({ key }) => key);
  }, [], { equals: sameKeys });
  const choices = createMemo(() => {
    records.keys();
    return choicesOf(records.all());
  });
  const isScreening = (): boolean => view().filter !== "" && screened.keys() === null && screened.problem() === null;
  return { keys, choices, problem: screened.problem, isScreening };
}
