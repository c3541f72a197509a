/** The columns of the spreads: as a table, and as a heat map by pairs of exchanges. */

import type { JSX } from "solid-js";
import type { BestPrice } from "tickwell/records";

import { percent, price, signed, UNKNOWN } from "~/format/number";
import type { Column, Line } from "~/list/columns";
import { heatOf } from "~/list/heat";
import { tickSizeOf } from "~/live/instruments";
import type { AssetRow, PairSpread } from "~/pages/spreads/assets";

export type SpreadColumn = Column<AssetRow>;
type AssetLine = Line<AssetRow>;

/** Only what would earn something is coloured. */
const EARNING_BPS = [0.01, 2, 5, 10] as const;
const earning = (bps: number | null | undefined): number => Math.max(0, heatOf(bps, EARNING_BPS));

const ASSET: SpreadColumn = {
  id: "asset", title: "Asset", meaning: "Coin, and the group of quotes in which it is compared",
  width: 7.5, rank: 1, value: ({ key }) => key,
  cell: (line) => <><span class="name">{line.record()?.base}</span><span class="muted spreads-quote">{line.record()?.quote}</span></>,
};

const NET: SpreadColumn = {
  id: "net_bps", title: "After fees", meaning: "What stays of the spread after a fee on both trades, in bps",
  width: 6.4, rank: 1, align: "end", value: ({ net_bps }) => net_bps, cell: (line) => <Heat line={line} value={(row) => row.net_bps} />,
};

export const TABLE: readonly SpreadColumn[] = [
  ASSET,
  {
    id: "spread_bps", title: "Spread", meaning: "Best bid over best ask in bps: above 0 one can buy lower than sell",
    width: 6, rank: 1, align: "end", value: ({ spread_bps }) => spread_bps, cell: (line) => <>{signed(line.record()?.spread_bps, 2)}</>,
  },
  NET,
  side("ask", "Buy at", "The lowest ask, and where it is"),
  side("bid", "Sell at", "The highest bid, and where it is"),
  {
    id: "basis", title: "Basis", meaning: "The perpetual furthest from spot, in bps of the spot price", width: 5.6, rank: 4, align: "end",
    value: ({ basis }) => basis?.bps, cell: (line) => <span title={basisTold(line)}>{signed(line.record()?.basis?.bps, 2)}</span>,
  },
  {
    id: "funding", title: "Funding diff.", meaning: "Highest less lowest funding, in percent per year", width: 7, rank: 4, align: "end",
    value: ({ funding_apr }) => funding_apr, cell: (line) => <>{percent(line.record()?.funding_apr)}</>,
  },
  {
    id: "legs", title: "Legs", meaning: "How many legs count, of how many there are", width: 4.4, rank: 3, align: "end",
    value: ({ counted }) => counted, cell: (line) => <Counted line={line} />,
  },
];

/** The asset and a column for each pair of exchanges. */
export const heatColumns = (pairs: readonly string[]): SpreadColumn[] => [ASSET, ...pairs.map(pairColumn), NET];

function pairColumn(pair: string): SpreadColumn {
  const [a = "", b = ""] = pair.split(" ");
  return {
    id: pair, title: `${a} · ${b}`, meaning: `The better way round between ${a} and ${b} after fees, in bps`,
    width: 9, rank: 1, align: "end", value: (row) => row.pairs.get(pair)?.net_bps, cell: (line) => <PairCell line={line} pair={pair} left={a} />,
  };
}

/** The arrow leads from where one buys to where one sells. */
function PairCell(props: { line: AssetLine; pair: string; left: string }): JSX.Element {
  const found = (): PairSpread | undefined => props.line.record()?.pairs.get(props.pair);
  return (
    <span
      class="heat" data-heat={earning(found()?.net_bps)} classList={{ stale: props.line.record()?.isStale === true }}
      title={pairTold(found())}
    >
      <span class="muted" aria-hidden="true">{found() && (found()!.buy.exchange === props.left ? "→" : "←")}</span>
      {signed(found()?.net_bps, 2)}
    </span>
  );
}

function pairTold(found: PairSpread | undefined): string {
  if (found === undefined) return "Not both of them have a live quote";
  const { buy, sell } = found;
  return `Buy ${buy.key} at ${price(buy.ask, tickSizeOf(buy.key))}, sell ${sell.key} at ${price(sell.bid, tickSizeOf(sell.key))}`;
}

function Heat(props: { line: AssetLine; value: (row: AssetRow) => number | null }): JSX.Element {
  const value = (): number | null => { const row = props.line.record(); return row ? props.value(row) : null; };
  const isStale = (): boolean => props.line.record()?.isStale === true;
  return <span class="heat" data-heat={earning(value())} classList={{ stale: isStale() }}>{signed(value(), 2)}</span>;
}

function Counted(props: { line: AssetLine }): JSX.Element {
  const row = (): AssetRow | undefined => props.line.record();
  const isWhole = (): boolean => row()?.counted === row()?.legs;
  return (
    <span classList={{ problem: !isWhole() }} title={isWhole() ? "All legs count" : "Some legs are left out: open the asset to see why"}>
      {row()?.counted ?? UNKNOWN}/{row()?.legs ?? UNKNOWN}
    </span>
  );
}

function side(id: "ask" | "bid", title: string, meaning: string): SpreadColumn {
  const best = (line: AssetLine): BestPrice | null => line.record()?.[id] ?? null;
  return {
    id, title, meaning, width: 13, rank: 2, align: "end",
    cell: (line) => (
      <>
        <span class="muted spreads-place" title={best(line)?.key}>{placeOf(best(line))}</span>
        <span class="spreads-price">{price(best(line)?.price, best(line) && tickSizeOf(best(line)!.key))}</span>
      </>
    ),
  };
}

const placeOf = (best: BestPrice | null): string => (best ? `${best.exchange} ${best.key.split(":")[1]} ${best.quote}` : "");

function basisTold(line: AssetLine): string {
  const basis = line.record()?.basis;
  return basis ? `${basis.perpetual} against ${basis.spot}` : "No perpetual and spot that are both live";
}
