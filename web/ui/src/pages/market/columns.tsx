/** The columns of the market table. */

import type { JSX } from "solid-js";

import { isDollar, quoteOf } from "~/format/dollars";
import { compact, fixed, percent, price } from "~/format/number";
import type { Column, Line } from "~/list/columns";
import type { SortValue } from "~/list/order";
import { tickSizeOf } from "~/live/instruments";
import { AgeCell, FundingCell, LastCell, SymbolCell } from "~/pages/market/cells";
import { isCurrent, type Market, type MarketRecord } from "~/pages/market/market";
import { dollarTurnover } from "~/pages/market/rows";
import { Sparkline } from "~/pages/market/Sparkline";
import type { Trends } from "~/pages/market/trends";

export type MarketColumn = Column<MarketRecord>;
type Text = (record: MarketRecord) => string;
type Head = Pick<MarketColumn, "title" | "meaning" | "width" | "rank">;
type FieldOf<T> = { [F in keyof MarketRecord]: MarketRecord[F] extends T ? F : never }[keyof MarketRecord] & string;
type Figure = FieldOf<number | null>;

/** All columns. The first shows exchange and market below the symbol where `hasPlace()`: where they have no columns. */
export function marketColumns({ records, movements }: Market, trends: Trends, hasPlace: () => boolean): MarketColumn[] {
  const symbol: MarketColumn = {
    id: "symbol", title: "Symbol", meaning: "Symbol, as the exchange spells it", width: 9.2, rank: 1,
    value: (record) => record.symbol, cell: (line) => <SymbolCell line={line} hasPlace={hasPlace()} />,
  };
  const last: MarketColumn = {
    id: "price", title: "Last", meaning: "Last price", width: 8.1, rank: 1, align: "end",
    value: (record) => record.price, cell: (line) => <LastCell line={line} movements={movements} />,
  };
  const trend: MarketColumn = {
    id: "trend", title: "Last hour", meaning: "Price over the last hour, a point per minute", width: 8, rank: 5,
    cell: (line) => <Sparkline line={line} trends={trends} recordOf={(key) => records.peek(key)} />,
  };
  return [
    symbol, ...PLACE, last, change("change_1m", "1 m", "a minute", 4), change("change_1h", "1 h", "an hour", 3),
    change("change_24h", "24 h", "24 hours", 1), trend, ...QUOTE, ...SIZE, ...ASKED_FOR, age,
  ];
}

/** A name. */
const word = (id: "exchange" | "market", head: Head): MarketColumn => ({
  id, ...head, value: (record) => record[id], cell: (line) => <span class="name">{told(line, (record) => record[id])}</span>,
});

/** A figure, as `text` writes it. */
const figure = (id: Figure, head: Head, text: Text, more: Partial<MarketColumn> = {}): MarketColumn => ({
  id, ...head, align: "end", value: (record) => record[id], cell: (line) => <>{told(line, text)}</>, ...more,
});

/** A signed percentage, in the colour of its sign. */
const change = (id: Figure, title: string, within: string, rank: number): MarketColumn => {
  const head = { title, meaning: `Change of the price within ${within}, in percent`, width: 5, rank };
  const text: Text = (record) => percent(record[id]);
  return figure(id, head, text, { cell: (line) => <Signed text={told(line, text)} /> });
};

/** A price, with the decimals of its instrument. */
const priced = (id: Figure, title: string, meaning: string, rank: number): MarketColumn =>
  figure(id, { title, meaning, width: 7, rank }, (record) => price(record[id], tickSizeOf(record.key)));

/** An amount of quote. It is sorted by only where it is dollars: other amounts cannot be compared. */
const amount = (id: Figure, head: Head): MarketColumn =>
  figure(id, head, (record) => inQuote(record[id], record.name), { value: inDollars(id), copied: (record) => record[id] });

const PLACE = [
  word("exchange", { title: "Exchange", meaning: "Exchange", width: 6.6, rank: 3 }),
  word("market", { title: "Market", meaning: "Market: linear (perpetuals) or spot", width: 4.8, rank: 3 }),
];

const QUOTE = [
  priced("bid", "Bid", "Best bid", 6),
  priced("ask", "Ask", "Best ask", 6),
  figure(
    "spread_bps", { title: "Spread", meaning: "Spread in bps, 1/10000 of the mid", width: 5.2, rank: 4 },
    (record) => fixed(record.spread_bps, 2),
  ),
];

const SIZE = [
  amount("turnover_24h", { title: "Turnover", meaning: "Turnover of 24 hours, in the quote", width: 6.4, rank: 2 }),
  figure(
    "funding_rate_8h",
    { title: "Funding 8 h", meaning: "Funding per 8 hours, and the time until it is next paid", width: 10.9, rank: 5 },
    () => "", { cell: (line) => <FundingCell line={line} /> },
  ),
  amount("open_interest_value", { title: "Open interest", meaning: "Open interest of one side, in the quote", width: 7, rank: 5 }),
];

/** Shown when they are chosen only. */
const ASKED_FOR = [
  change("change_5m", "5 m", "five minutes", 9),
  priced("high_24h", "High", "Highest price of 24 hours", 9),
  priced("low_24h", "Low", "Lowest price of 24 hours", 9),
  figure(
    "volume_24h", { title: "Volume", meaning: "Volume of 24 hours, in the base coin", width: 6.4, rank: 9 },
    (record) => compact(record.volume_24h),
  ),
  priced("mark_price", "Mark", "Mark price", 9),
  priced("index_price", "Index", "Index price", 9),
  figure(
    "premium_bps", { title: "Premium", meaning: "Mark over index, in bps", width: 5.6, rank: 9 },
    (record) => fixed(record.premium_bps, 2),
  ),
  figure(
    "funding_apr", { title: "Funding APR", meaning: "Funding in percent per year, without compounding", width: 7, rank: 9 },
    (record) => percent(record.funding_apr),
  ),
];

/** Sorted by how new it is; what is not current comes after all that is. */
const NOT_CURRENT_MS = 1e13;
const age: MarketColumn = {
  id: "age", title: "Age", meaning: "How long ago the newest part came, and how far it can be trusted", width: 5.2, rank: 1,
  align: "end", copied: (record) => record.ts_recv, cell: (line) => <AgeCell line={line} />,
  value: (record) => (record.ts_recv === null ? null : record.ts_recv - (isCurrent(record) ? 0 : NOT_CURRENT_MS)),
};

function Signed(props: { text: string }): JSX.Element {
  return <span classList={{ up: props.text.startsWith("+"), down: props.text.startsWith("−") }}>{props.text}</span>;
}

/** What is told of a line; an empty one says nothing. */
function told(line: Line<MarketRecord>, text: Text): string {
  const record = line.record();
  return record === undefined ? "" : text(record);
}

/** With the quote where that is none that is meant to be a dollar. */
function inQuote(value: number | null, name: string | null): string {
  const quote = quoteOf(name);
  return value === null || quote === "" || isDollar(quote) ? compact(value) : `${compact(value)} ${quote}`;
}

function inDollars(id: Figure): (record: MarketRecord) => SortValue {
  if (id === "turnover_24h") return dollarTurnover;
  return (record) => (isDollar(quoteOf(record.name)) ? record[id] : null);
}
