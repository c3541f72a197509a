/** The depth ladder: asks above, bids below, what adds up behind them, and the width of a level to choose. */

import { createMemo, For, Index, Show, type Accessor, type JSX } from "solid-js";

import type { Ticker } from "tickwell/records";

import { decimalsOf, fixed, price, UNKNOWN } from "~/format/number";
import { bidShare, rowsOf, type Row } from "~/pages/terminal/book/ladder";
import { followBook } from "~/pages/terminal/book/follow";
import { observeSize } from "~/pages/terminal/subject/size";
import type { States } from "~/pages/terminal/subject/states";
import type { Subject } from "~/pages/terminal/subject/subject";
import { Trust } from "~/pages/terminal/subject/Trust";
import type { View } from "~/pages/terminal/subject/view";

const DEPTH = 200, ROW_PX = 20, MIDDLE_PX = 30, HEAD_PX = 24, ROWS_MIN = 5;

export interface LadderProps {
  subject: Subject;
  states: States;
  view: View;
  /** The step in which prices move here. */ step: number | null;
  /** The widths of a level that can be chosen. */ widths: readonly number[];
  ticker: Ticker | undefined;
}

interface Best { readonly spread: number | null; readonly bps: number | null }

export function LadderPane(props: LadderProps): JSX.Element {
  const { subject } = props;
  const followed = followBook(subject.key, DEPTH, props.view.grouping);
  const [observe, size] = observeSize();
  const count = createMemo(() => Math.max(ROWS_MIN, Math.floor((size().height - MIDDLE_PX - HEAD_PX) / 2 / ROW_PX)));
  const bids = createMemo(() => rowsOf(followed().book?.bids ?? [], count()));
  const asks = createMemo(() => rowsOf(followed().book?.asks ?? [], count()));
  const most = (): number => Math.max(bids().at(-1)?.total ?? 0, asks().at(-1)?.total ?? 0);
  // Grouped levels say nothing about the spread: their edges are rounded away from each other.
  const best = (): Best | undefined => {
    const { book } = followed(), { ticker } = props;
    if (props.view.grouping() === null) return book && { spread: book.spread, bps: book.spreadBps };
    return ticker && { spread: ticker.spread, bps: ticker.spread_bps };
  };
  const width = (): number | null => props.view.grouping() ?? props.step;
  const sizeDecimals = subject.lot_size ? decimalsOf(subject.lot_size) : 3;
  const side = (rows: Accessor<Row[]>, name: "bid" | "ask"): JSX.Element => (
    <Index each={slots(count(), name)}>
      {(slot) => <LadderRow row={rows()[slot()]} side={name} most={most()} step={width()} decimals={sizeDecimals} />}
    </Index>
  );

  return (
    <section class="panel pane ladder" aria-label="Order book">
      <header>
        <h2>Book</h2>
        <Trust state={props.states("book")} />
        <GroupingPicker widths={props.widths} view={props.view} isGuessed={subject.tick_size === null} />
      </header>
      <div class="pane-body" ref={observe}>
        <Show when={followed().refusal === null} fallback={<p class="empty">{followed().refusal}</p>}>
          <table classList={{ stale: !followed().isCurrent }} aria-busy={!followed().isCurrent}>
            <caption class="spoken">Order book of {subject.key}: asks from the worst, then bids from the best</caption>
            <thead><tr><th scope="col">Price</th><th scope="col">Size</th><th scope="col">Sum</th></tr></thead>
            <tbody class="asks">{side(asks, "ask")}</tbody>
            <tbody><Middle best={best()} bids={bids()} asks={asks()} step={props.step} /></tbody>
            <tbody class="bids">{side(bids, "bid")}</tbody>
          </table>
        </Show>
      </div>
    </section>
  );
}

/** The best ask stands lowest of the asks, right above the middle; the best bid highest of the bids. */
function slots(count: number, side: "bid" | "ask"): number[] {
  const places = Array.from({ length: count }, (_, place) => place);
  return side === "ask" ? places.reverse() : places;
}

interface RowProps { row: Row | undefined; side: "bid" | "ask"; most: number; step: number | null; decimals: number }

function LadderRow(props: RowProps): JSX.Element {
  const share = (total: number | undefined): string => `${props.most > 0 ? (100 * (total ?? 0)) / props.most : 0}%`;
  return (
    <tr class={props.side} style={{ "--sum": share(props.row?.total), "--size": share(props.row?.size) }}>
      <td class="level-price">{props.row ? price(props.row.price, props.step) : ""}</td>
      <td>{props.row ? fixed(props.row.size, props.decimals) : ""}</td>
      <td>{props.row ? fixed(props.row.total, props.decimals) : ""}</td>
    </tr>
  );
}

function Middle(props: { best: Best | undefined; bids: Row[]; asks: Row[]; step: number | null }): JSX.Element {
  const share = createMemo(() => bidShare(props.bids, props.asks));
  const percentage = (): number | null => (share() === null ? null : Math.round(100 * share()!));
  return (
    <tr class="middle" style={{ "--share": `${percentage() ?? 50}%` }}>
      <td title="How far the best ask is above the best bid">{price(props.best?.spread, props.step)}</td>
      <td class="muted">{fixed(props.best?.bps, 2)} bps</td>
      <td title="The bids' share of all that is shown">
        {percentage() === null ? UNKNOWN : `${percentage()} % bids`}
      </td>
    </tr>
  );
}

/** The first of the widths stands for the exchange's own levels. */
function GroupingPicker(props: { widths: readonly number[]; view: View; isGuessed: boolean }): JSX.Element {
  const offered = createMemo(() => withOwn(props.widths.slice(1), props.view.grouping()));
  const own = (): string => (props.isGuessed || props.widths.length === 0 ? "as told" : plain(props.widths[0]!));
  return (
    <label class="end">
      <span class="spoken">Width of a level</span>
      <select
        title="Width of a level: ← finer, → coarser"
        onChange={({ currentTarget: { value } }) => props.view.setGrouping(value === "" ? null : Number(value))}
      >
        <option value="" selected={props.view.grouping() === null}>{own()}</option>
        <For each={offered()}>
          {(width) => <option value={width} selected={props.view.grouping() === width}>{plain(width)}</option>}
        </For>
      </select>
    </label>
  );
}

/** The widths, and the one that the address asks for, should it be another. */
const withOwn = (widths: readonly number[], grouping: number | null): number[] =>
  grouping === null || widths.includes(grouping) ? [...widths] : [...widths, grouping].sort((a, b) => a - b);

const plain = (width: number): string => price(width, width);
