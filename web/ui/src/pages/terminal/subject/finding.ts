/** Which instruments fit what somebody writes. Pure. */

import { fitOfAny } from "~/list/fuzzy";
import type { Instrument } from "~/live/instruments";

const SHOWN_MAX = 50;

/** The instruments that fit best, the best first; all in their order, as long as nothing is written. */
export function bestFits(query: string, instruments: readonly Instrument[], most = SHOWN_MAX): Instrument[] {
  if (query.trim() === "") return instruments.slice(0, most);
  return instruments
    .map((instrument) => ({ instrument, score: fitOfAny(query, textsOf(instrument)) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ instrument }) => instrument);
}

const textsOf = ({ symbol, name, exchange, market }: Instrument): string[] => [symbol, name, exchange, market];
