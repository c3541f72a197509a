/** The columns of the feed. */

import { A } from "@solidjs/router";
import type { JSX } from "solid-js";

import { compact, price } from "~/format/number";
import { timeOfDay } from "~/format/time";
import type { Column, Line } from "~/list/columns";
import { tickSizeOf } from "~/live/instruments";
import { inPath } from "~/live/rest";
import type { Entry } from "~/pages/liquidations/feed";
import type { Side } from "~/pages/liquidations/summary";
import { zone } from "~/shell/preferences";

/** From here on, in quote units, one is set off from the rest. */
const BIG = 100_000;
const HUGE = 1_000_000;

export const COLUMNS: readonly Column<Entry>[] = [
  { id: "time", title: "Time", meaning: "When the exchange closed the position", width: 5.4, rank: 1, cell: (line) => <>{clock(line)}</> },
  { id: "side", title: "Side", meaning: "The side of the position: a long is closed by selling", width: 4.6, rank: 1, cell: sideCell },
  { id: "value", title: "Value", meaning: "Value in the quote", width: 5.6, rank: 1, align: "end", cell: (line) => <Value line={line} /> },
  {
    id: "symbol", title: "Symbol", meaning: "Symbol, as the exchange spells it", width: 8, rank: 1,
    cell: (line) => <A class="name liquidations-symbol" tabindex="-1" href={`/terminal/${inPath(keyOf(line))}`}>{line.record()?.told.symbol}</A>,
  },
  {
    id: "exchange", title: "Exchange", meaning: "Exchange; ~ where it tells only some of its liquidations", width: 6.4, rank: 2,
    cell: (line) => <span class="name" title={samplingTold(line)}>{line.record()?.told.sampled ? "~ " : ""}{line.record()?.told.exchange}</span>,
  },
  {
    id: "price", title: "Price", meaning: "Price in the quote", width: 7, rank: 3, align: "end",
    cell: (line) => <>{price(line.record()?.told.price, tickSizeOf(keyOf(line)))}</>,
  },
  {
    id: "size", title: "Size", meaning: "Size in the base coin", width: 6, rank: 3, align: "end",
    cell: (line) => <>{compact(line.record()?.told.size)}</>,
  },
];

const SIDE_WORDS: Readonly<Record<Side, string>> = { long: "↘ long", short: "↗ short" };

export function SideWords(props: { side: Side | undefined }): JSX.Element {
  return <span class={props.side === "long" ? "down" : "up"}>{props.side && SIDE_WORDS[props.side]}</span>;
}

function sideCell(line: Line<Entry>): JSX.Element {
  return <SideWords side={line.record()?.told.side} />;
}

/** An amount of quote in few characters. */
export const amount = (value: number | null | undefined): string => (value === 0 ? "0" : compact(value));

/** How much a value is set off: by weight, for the colour tells the side. */
export const weightOf = (value: number): "" | "big" | "huge" => (value >= HUGE ? "huge" : value >= BIG ? "big" : "");

function Value(props: { line: Line<Entry> }): JSX.Element {
  const value = (): number => props.line.record()?.told.value ?? 0;
  return <span class="liquidations-value" data-weight={weightOf(value())}>{compact(props.line.record()?.told.value)}</span>;
}

const clock = (line: Line<Entry>): string => { const entry = line.record(); return entry ? timeOfDay(entry.ts, zone()) : ""; };
const keyOf = (line: Line<Entry>): string => line.record()?.told.key ?? "";
const samplingTold = (line: Line<Entry>): string =>
  (line.record()?.told.sampled ? "This exchange tells only some of its liquidations" : "This exchange tells every liquidation");
