/** The columns of the funding table: the asset, one for each exchange, and how they differ. */

import { Show, type JSX } from "solid-js";
import type { Funding } from "tickwell/records";

import { compact, percent } from "~/format/number";
import { span } from "~/format/time";
import type { Column, Line } from "~/list/columns";
import { heatOf } from "~/list/heat";
import { hubNowMs } from "~/live/clock";
import { decimalsIn, isCurrent, rateIn, type AssetRow } from "~/pages/funding/assets";
import type { Unit } from "~/pages/funding/view";

export type FundingColumn = Column<AssetRow>;
type AssetLine = Line<AssetRow>;

/** Percent per year: around 11 is what perpetuals usually pay. */
const APR_STEPS = [2, 8, 15, 40] as const;

export const UNIT_WORDS: Readonly<Record<Unit, string>> = { "8h": "per 8 hours", apr: "percent per year", interval: "per interval" };

/** With `hasRoom`, what each exchange pays has its own countdown beside it. */
export const fundingColumns = (exchanges: readonly string[], unit: () => Unit, hasRoom: boolean): FundingColumn[] => [
  {
    id: "asset", title: "Asset", meaning: "Coin", width: 6, rank: 1,
    value: ({ key }) => key, cell: (line) => <span class="name">{line.record()?.key}</span>,
  },
  ...exchanges.map((exchange): FundingColumn => ({
    id: exchange, title: exchange, meaning: `Funding at ${exchange}, its interval, and the time until it is next paid`,
    width: hasRoom ? 14 : 8.6, rank: 1, align: "end",
    value: (row) => valueAt(row, exchange), cell: (line) => <RateCell line={line} exchange={exchange} unit={unit()} hasRoom={hasRoom} />,
  })),
  {
    id: "difference", title: "Difference", meaning: "Highest less lowest live rate, percent per year", width: 7.4, rank: 2, align: "end",
    value: ({ difference_apr }) => difference_apr,
    cell: (line) => <span class="funding-difference" title={wayTold(line.record())}>{percent(line.record()?.difference_apr)}</span>,
  },
  {
    id: "next", title: "Next", meaning: "Until anybody pays next", width: 6.6, rank: 3, align: "end",
    value: ({ next_ts }) => next_ts, cell: (line) => <>{untilTold(line.record()?.next_ts)}</>,
  },
  {
    id: "open_interest", title: "Open interest", meaning: "Open interest of all its live perpetuals, one side, in the quote",
    width: 7.4, rank: 4, align: "end", value: ({ open_interest }) => open_interest, cell: (line) => <>{compact(line.record()?.open_interest)}</>,
  },
];

/** How long until `ts`, by the hub's clock. */
export const untilTold = (ts: number | null | undefined): string =>
  (ts === null || ts === undefined ? span(null) : span(Math.max(0, ts - hubNowMs())));

/** A figure on the colour of its rate. What is not live has none. */
export function Rate(props: { record: Funding | undefined; unit: Unit; hasRoom?: boolean }): JSX.Element {
  const isLive = (): boolean => props.record !== undefined && isCurrent(props.record);
  return (
    <span
      class="heat" data-heat={isLive() ? heatOf(props.record?.funding_apr, APR_STEPS) : 0}
      classList={{ stale: props.record !== undefined && !isLive() }} title={rateTold(props.record)}
    >
      {percent(props.record && rateIn(props.unit, props.record), decimalsIn(props.unit))}
      <Show when={props.hasRoom}>
        <span class="funding-interval muted">{intervalTold(props.record)}</span>
        <span class="funding-left muted">{props.record ? untilTold(props.record.next_funding_ts) : ""}</span>
      </Show>
    </span>
  );
}

const RateCell = (props: { line: AssetLine; exchange: string; unit: Unit; hasRoom: boolean }): JSX.Element => (
  <Rate record={props.line.record()?.byExchange.get(props.exchange)} unit={props.unit} hasRoom={props.hasRoom} />
);

/** By what can be compared, whatever the unit; what is not live has no place. */
function valueAt(row: AssetRow, exchange: string): number | null {
  const record = row.byExchange.get(exchange);
  return record && isCurrent(record) ? record.funding_apr : null;
}

export const intervalTold = (record: Funding | undefined): string => (record?.funding_interval_h ? `${record.funding_interval_h} h` : "");

function rateTold(record: Funding | undefined): string {
  if (record === undefined) return "Not followed there";
  const state = isCurrent(record) ? "" : `, ${record.quality === "live" ? "stale" : record.quality}`;
  const paid = `${percent(rateIn("interval", record), 4)} every ${intervalTold(record) || "? h"}`;
  return `${record.key}: ${paid}, ${percent(record.funding_apr)} per year${state}`;
}

function wayTold(row: AssetRow | undefined): string {
  if (row?.difference_apr == null) return "Needs two live rates";
  return `Long ${row.lowest!.key}, short ${row.highest!.key} receives it`;
}
