/** `/funding`: what perpetuals pay, each asset beside itself at other exchanges. */

import { createMemo, createSignal, Show, untrack, type JSX } from "solid-js";
import type { Funding } from "tickwell/records";

import { addressed } from "~/list/addressed";
import { fitting } from "~/list/columns";
import { Choices, SearchBox } from "~/list/controls";
import { onHotkey } from "~/list/hotkeys";
import { opening } from "~/list/opening";
import { ordered, sameKeys, sortOf, sortText, turned, type Sort } from "~/list/order";
import { paced, pointerHeld } from "~/list/paced";
import { VirtualTable, type TableControl } from "~/list/VirtualTable";
import { follow } from "~/live/channels";
import { connectionState, hub } from "~/live/hub";
import { allInstruments } from "~/live/instruments";
import { assetsOf, exchangesOf, fits, isCurrent, type AssetRow } from "~/pages/funding/assets";
import { fundingColumns, UNIT_WORDS, type FundingColumn } from "~/pages/funding/columns";
import { Details } from "~/pages/funding/Details";
import { explainKeys, type Keys } from "~/shell/help";
import { BUSIEST_FIRST, USUAL, viewOf, type Unit } from "~/pages/funding/view";

import "~/pages/funding/funding.css";

const RATE_HZ = 1;
const UNITS = [
  { value: "8h", words: "8 h", meaning: UNIT_WORDS["8h"] }, { value: "apr", words: "APR", meaning: UNIT_WORDS.apr },
  { value: "interval", words: "Paid", meaning: UNIT_WORDS.interval },
] as const;
const KEYS: Keys = [
  ["j k ↓ ↑ g G", "move in the list"], ["Enter", "one asset and its past, or close it"], ["1 … 9", "sort by that column"],
  ["u", "another unit"], ["/", "search"], ["Esc", "clear, close"],
];

export default function FundingPage(): JSX.Element {
  const funding = follow<Funding>(hub().funding("*", { max_rate_hz: RATE_HZ, changes_only: true }));
  const [address, change] = addressed(USUAL);
  const view = createMemo(() => viewOf(address()));
  const rowsOpen = opening(() => view().open, (open) => change({ open }));
  const [width, setWidth] = createSignal(0);
  const pointer = pointerHeld();
  const beat = paced(funding.revision, 1000 / RATE_HZ, pointer.isHeld);
  let table: TableControl | undefined, search: HTMLInputElement | undefined;

  const exchanges = createMemo(() => {
    funding.keys();
    return exchangesOf(funding.all());
  }, [], { equals: sameKeys });
  const hasRoom = createMemo(() => width() > 27 + 14 * exchanges().length);
  const columns = createMemo(() => fundingColumns(exchanges(), () => view().unit, hasRoom()));
  const shown = createMemo(() => fitting(columns(), width()), [], { equals: sameColumns });
  const sort = createMemo<Sort>(() => sortOf(address().sort, columns().map(({ id }) => id)) ?? BUSIEST_FIRST);
  const rows = createMemo(() => {
    beat();
    const instruments = allInstruments();
    return untrack(() => assetsOf(funding.all(), ({ key }) => instruments.get(key)?.base));
  });
  const keys = createMemo<string[]>(() => {
    const value = columns().find(({ id }) => id === sort().column)?.value ?? (() => null);
    return ordered([...rows().values()].filter((row) => fits(row, view().search)), value, sort().descending).map(({ key }) => key);
  }, [], { equals: sameKeys });
  const opened = (): AssetRow | undefined => (view().open ? rows().get(view().open) : undefined);

  const sortBy = (column: FundingColumn): void => change({ sort: sortText(turned(sort(), column.id, column.id === "asset")) });
  const escape = (): void => {
    if (address().q) change({ q: "" });
    else if (view().open) change({ open: "" });
    else rowsOpen.select(undefined);
  };
  explainKeys("Funding", KEYS);
  onHotkey((key) => {
    rowsOpen.release();
    const column = /^[1-9]$/.test(key) ? shown()[Number(key) - 1] : undefined;
    if (key === "/") search?.select();
    else if (key === "Escape") escape();
    else if (key === "u") change({ unit: nextUnit(view().unit) });
    else if (column) sortBy(column);
    else return table?.press(key) ?? false;
    return true;
  });

  return (
    <section class="page fixed funding">
      <h1 class="spoken">Funding</h1>
      <div class="toolbar">
        <SearchBox
          label="Search" value={address().q} onChange={(q) => change({ q })} onLeave={() => table?.focus()}
          ref={(input) => { search = input; }}
        />
        <Choices<Unit> label="Unit" chosen={view().unit} onChoose={(unit) => change({ unit })} options={UNITS} />
        <span class="muted funding-unit">{UNIT_WORDS[view().unit]}</span>
        <span class="end muted" role="status">{counted(keys().length, rows().size)}</span>
      </div>
      <VirtualTable<AssetRow>
        label="Funding" columns={shown()} keys={keys()} record={(key) => rows().get(key)} sort={sort()} onSort={sortBy}
        selected={rowsOpen.selected()} onSelect={rowsOpen.select} onOpen={rowsOpen.open} isStale={(row) => !row.perpetuals.some(isCurrent)}
        onPress={() => { pointer.down(); rowsOpen.press(); }} onWidth={setWidth} ref={(control) => { table = control; }}
      />
      <Show when={keys().length === 0}><Empty hasAny={rows().size > 0} search={view().search} onClear={() => change({ q: "" })} /></Show>
      <Show when={opened()}>
        {(row) => <Details row={row()} range={view().range} onRange={(range) => change({ range })} onClose={() => change({ open: "" })} />}
      </Show>
    </section>
  );
}

function Empty(props: { hasAny: boolean; search: string; onClear: () => void }): JSX.Element {
  return (
    <div class="empty" role="status">
      <Show when={props.hasAny} fallback={<h2>{connectionState() === "open" ? "No funding has been told yet" : "No contact with the hub yet"}</h2>}>
        <h2>Nothing matches</h2>
        <p>
          No asset fits <span class="name">“{props.search.trim()}”</span>.{" "}
          <button type="button" onClick={props.onClear}>Clear the search</button>
        </p>
      </Show>
    </div>
  );
}

const nextUnit = (unit: Unit): Unit => UNITS[(UNITS.findIndex(({ value }) => value === unit) + 1) % UNITS.length]!.value;
const sameColumns = (a: readonly FundingColumn[], b: readonly FundingColumn[]): boolean =>
  a.length === b.length && a.every((column, index) => column === b[index]);
const counted = (shown: number, all: number): string => (shown === all ? `${all} assets` : `${shown} of ${all} assets`);
