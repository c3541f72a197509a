/** `/spreads`: every asset across all exchanges, where it is cheapest and where it is dearest. */

import { createMemo, createSignal, Show, untrack, type JSX } from "solid-js";
import type { Spread } from "tickwell/records";

import { addressed } from "~/list/addressed";
import { fitting, type Column } from "~/list/columns";
import { Choices, Field, Picker, SearchBox, type Option } from "~/list/controls";
import { onHotkey } from "~/list/hotkeys";
import { opening } from "~/list/opening";
import { ordered, sameKeys, sortOf, sortText, turned, type Sort } from "~/list/order";
import { paced, pointerHeld } from "~/list/paced";
import { VirtualTable, type TableControl } from "~/list/VirtualTable";
import { follow } from "~/live/channels";
import { connectionState, hub } from "~/live/hub";
import { fitOfRow, pairNames, rowOf, type AssetRow } from "~/pages/spreads/assets";
import { heatColumns, TABLE, type SpreadColumn } from "~/pages/spreads/columns";
import { Legs } from "~/pages/spreads/Legs";
import { explainKeys, type Keys } from "~/shell/help";
import { BEST_FIRST, FEE_MAX_BPS, USUAL, viewOf, type Compared, type Shape } from "~/pages/spreads/view";

import "~/pages/spreads/spreads.css";

const PAINT_EVERY_MS = 1000; // the hub tells spreads once a second
const ASSETS_MAX = 1000;
const SHAPES: readonly Option<Shape>[] = [{ value: "table", words: "Table" }, { value: "heat", words: "Heat map" }];
const COMPARED: readonly Option<Compared>[] = [
  { value: "all", words: "All legs", meaning: "Between spot and perpetuals a spread may be just the basis" },
  { value: "linear", words: "Perpetuals" }, { value: "spot", words: "Spot" },
];
const KEYS: Keys = [
  ["j k ↓ ↑ g G", "move in the list"], ["Enter", "the legs of an asset, or close it"], ["1 … 9", "sort by that column"],
  ["/", "search"], ["Esc", "clear, close"],
];

export default function SpreadsPage(): JSX.Element {
  const spreads = follow<Spread>(hub().spreads({ limit: ASSETS_MAX, legs_min: 2, changes_only: true }));
  const [address, change] = addressed(USUAL);
  const view = createMemo(() => viewOf(address()));
  const rowsOpen = opening(() => view().open, (open) => change({ open }));
  const [width, setWidth] = createSignal(0);
  const pointer = pointerHeld();
  const beat = paced(spreads.revision, PAINT_EVERY_MS, pointer.isHeld);
  let table: TableControl | undefined, search: HTMLInputElement | undefined;

  const pairs = createMemo(() => {
    spreads.keys();
    return pairNames(spreads.all(), view().compared);
  }, [], { equals: sameKeys });
  const columns = createMemo<readonly SpreadColumn[]>(
    () => (view().shape === "heat" ? heatColumns(pairs()) : fitting(TABLE, width())), [], { equals: sameColumns },
  );
  const sort = createMemo<Sort>(() => sortOf(address().sort, sortable(columns())) ?? BEST_FIRST);
  const rows = createMemo(() => {
    beat();
    const { compared, feeBps } = view();
    return new Map(untrack(() => [...spreads.all()]).map((spread) => [spread.key, rowOf(spread, { compared, feeBps })]));
  });
  const keys = createMemo<string[]>(() => {
    const value = [...TABLE, ...columns()].find(({ id }) => id === sort().column)?.value;
    const passing = [...rows().values()].filter((row) => fitOfRow(row, view()) > 0);
    return ordered(passing, value ?? ((row) => row.net_bps), sort().descending).map(({ key }) => key);
  }, [], { equals: sameKeys });
  const quotes = createMemo(() => {
    spreads.keys();
    return [...new Set([...spreads.all()].map(({ quote }) => quote))];
  }, [], { equals: sameKeys });
  const opened = (): Spread | undefined => (view().open ? spreads.get(view().open) : undefined);

  const sortBy = (column: Column<AssetRow>): void => change({ sort: sortText(turned(sort(), column.id, column.id === "asset")) });
  const escape = (): void => {
    if (address().q) change({ q: "" });
    else if (view().open) change({ open: "" });
    else rowsOpen.select(undefined);
  };
  explainKeys("Spreads", KEYS);
  onHotkey((key) => {
    rowsOpen.release();
    const column = /^[1-9]$/.test(key) ? columns()[Number(key) - 1] : undefined;
    if (key === "/") search?.select();
    else if (key === "Escape") escape();
    else if (column?.value) sortBy(column);
    else return table?.press(key) ?? false;
    return true;
  });

  return (
    <section class="page fixed spreads">
      <h1 class="spoken">Spreads</h1>
      <div class="toolbar">
        <SearchBox
          label="Search" value={address().q} onChange={(q) => change({ q })} onLeave={() => table?.focus()}
          ref={(input) => { search = input; }}
        />
        <Choices<Shape> label="Shown as" chosen={view().shape} onChoose={(shape) => change({ view: shape })} options={SHAPES} />
        <Choices<Compared> label="Compared legs" chosen={view().compared} onChoose={(compare) => change({ compare })} options={COMPARED} />
        <Field
          label="Fee" unit="bps a trade" value={address().fee} numeric isWrong={!isFee(address().fee)}
          onChange={(fee) => change({ fee })}
        />
        <Field label="Legs ≥" value={address().legs} numeric onChange={(legs) => change({ legs })} />
        <Show when={quotes().length > 1 || view().quote}>
          <Picker label="Quote" any="any quote" values={quotes()} chosen={view().quote} onChoose={(quote) => change({ quote })} />
        </Show>
        <span class="end muted" role="status">{counted(keys().length, rows().size)}</span>
      </div>
      <VirtualTable<AssetRow>
        label="Spreads" columns={columns()} keys={keys()} record={(key) => rows().get(key)} sort={sort()} onSort={sortBy}
        selected={rowsOpen.selected()} onSelect={rowsOpen.select} onOpen={rowsOpen.open} isStale={(row) => row.isStale}
        onPress={() => { pointer.down(); rowsOpen.press(); }} onWidth={setWidth} ref={(control) => { table = control; }}
      />
      <Show when={keys().length === 0}><Empty hasAny={rows().size > 0} onClear={() => change({ q: "", quote: "", legs: "2" })} /></Show>
      <Show when={opened()}>{(spread) => <Legs spread={spread()} view={view()} onClose={() => change({ open: "" })} />}</Show>
    </section>
  );
}

function Empty(props: { hasAny: boolean; onClear: () => void }): JSX.Element {
  return (
    <div class="empty" role="status">
      <Show when={props.hasAny} fallback={<NoneYet />}>
        <h2>Nothing matches</h2>
        <p>No asset fulfils the search and the filters. <button type="button" onClick={props.onClear}>Clear them</button></p>
      </Show>
    </div>
  );
}

function NoneYet(): JSX.Element {
  return (
    <Show when={connectionState() === "open"} fallback={<h2>No contact with the hub yet</h2>}>
      <h2>No spreads yet</h2>
      <p>An asset is shown here as soon as two instruments of it are followed.</p>
    </Show>
  );
}

const sortable = (columns: readonly SpreadColumn[]): string[] => [...TABLE, ...columns].filter(({ value }) => value).map(({ id }) => id);
const sameColumns = (a: readonly SpreadColumn[], b: readonly SpreadColumn[]): boolean =>
  a.length === b.length && a.every((column, index) => column.id === b[index]?.id);
const isFee = (text: string): boolean => text.trim() !== "" && Number(text) >= 0 && Number(text) <= FEE_MAX_BPS;
const counted = (shown: number, all: number): string => (shown === all ? `${all} assets` : `${shown} of ${all} assets`);
