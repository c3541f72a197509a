/** What the page's keys do, and their help. */

import { onHotkey } from "~/list/hotkeys";
import { explainKeys, type Keys } from "~/shell/help";

const KEYS: Keys = [
  ["j  k, ↓  ↑", "the row below, the row above"],
  ["PgDn  PgUp", "a page further, a page back"],
  ["g  G, Home  End", "the first row, the last row"],
  ["Enter", "open the row's instrument"],
  ["f", "give the row a star, or take it away"],
  ["/", "search: parts of symbol, name, exchange and market, in any order"],
  ["Esc", "end the search; without one, choose no row"],
  ["1 … 9  0", "sort by the first … tenth column; again: the other way round"],
];

export interface MarketCommands {
  readonly search: () => void;
  readonly star: () => void;
  readonly leave: () => void;
  /** By the column at this place, from 0. */
  readonly sort: (place: number) => void;
  /** `false` if the key moves nothing. */
  readonly move: (key: string) => boolean;
}

/** Gives the keys to `commands`, for as long as the component that calls. */
export function onMarketKeys(commands: MarketCommands): void {
  const byKey: Readonly<Record<string, () => void>> = { "/": commands.search, f: commands.star, Escape: commands.leave };
  explainKeys("Market", KEYS);
  onHotkey((key) => {
    if (/^\d$/.test(key)) commands.sort((Number(key) + 9) % 10);
    else if (Object.hasOwn(byKey, key)) byKey[key]!();
    else return commands.move(key);
    return true;
  });
}
