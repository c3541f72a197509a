/** `/market`: every instrument of every exchange, live. */

import { useNavigate } from "@solidjs/router";
import { createMemo, createSignal, Show, untrack, type JSX } from "solid-js";

import { addressed } from "~/list/addressed";
import { copyText } from "~/list/clipboard";
import { chosen, fitting } from "~/list/columns";
import { turned, type Sort } from "~/list/order";
import { pointerHeld } from "~/list/paced";
import { VirtualTable, type TableControl } from "~/list/VirtualTable";
import { terminalOf } from "~/pages/market/cells";
import { ColumnChooser } from "~/pages/market/ColumnChooser";
import { marketColumns, type MarketColumn } from "~/pages/market/columns";
import { csvOfRows } from "~/pages/market/copy";
import { Empty } from "~/pages/market/Empty";
import { toggleFavourite } from "~/pages/market/favourites";
import { onMarketKeys } from "~/pages/market/keys";
import { followMarket, isCurrent, type MarketRecord } from "~/pages/market/market";
import { showRows } from "~/pages/market/shown";
import { Toolbar } from "~/pages/market/Toolbar";
import { Trends } from "~/pages/market/trends";
import { BUSIEST, textsOfView, USUAL, viewOf, type View } from "~/pages/market/view";

import "~/pages/market/market.css";

const TEXTS = ["symbol", "exchange", "market"];

export default function MarketPage(): JSX.Element {
  const market = followMarket(), { records } = market, pointer = pointerHeld(), navigate = useNavigate();
  const all: MarketColumn[] = marketColumns(market, new Trends(), () => columns().every(({ id }) => id !== "exchange"));
  const [texts, tell] = addressed(USUAL), ids = all.map(({ id }) => id);
  const view = createMemo(() => viewOf(texts(), ids));
  const change = (changed: (view: View) => View): void => tell(textsOfView(changed(untrack(view))));
  const [width, setWidth] = createSignal(0);
  const [selected, setSelected] = createSignal<string>();
  const [isChoosing, setIsChoosing] = createSignal(false);
  let table!: TableControl, search!: HTMLInputElement;

  const columns = createMemo(() => columnsOf(all, view().columns, width()), [], { equals: same });
  const rows = showRows(market, view, (id) => all.find((column) => column.id === id)?.value, pointer.isHeld);
  const sort = (): Sort | null => view().sort ?? (view().search.trim() === "" ? BUSIEST : null);
  const sortBy = (column: MarketColumn | undefined): void => {
    if (column?.value === undefined) return;
    change((before) => ({ ...before, sort: turned(sort(), column.id, TEXTS.includes(column.id)) }));
  };
  const copy = (): Promise<boolean> => {
    const shown = rows.keys().map((key) => records.peek(key)).filter((record) => record !== undefined);
    return copyText(csvOfRows(shown, columns()));
  };
  onMarketKeys({
    search: () => search.select(),
    star: () => { if (selected() !== undefined) toggleFavourite(selected()!); },
    leave: () => { if (view().search) change((before) => ({ ...before, search: "" })); else setSelected(undefined); },
    sort: (place) => sortBy(columns()[place]),
    move: (key) => table.press(key),
  });

  return (
    <section class="page fixed market">
      <h1 class="spoken">Market</h1>
      <Toolbar
        view={view()} onChange={change} choices={rows.choices()} problem={rows.problem()} shown={rows.keys().length}
        all={records.keys().length} searchRef={(input) => { search = input; }} onLeave={() => table.focus()} onCopy={copy}
        onColumns={() => setIsChoosing(true)}
      />
      <VirtualTable<MarketRecord>
        label="Instruments" columns={columns()} keys={rows.keys()} record={(key) => records.get(key)} sort={sort()} onSort={sortBy}
        selected={selected()} onSelect={setSelected} onOpen={(key) => navigate(terminalOf(key))} onPress={pointer.down}
        isStale={(record) => !isCurrent(record)} onWidth={setWidth} ref={(control) => { table = control; }}
      />
      <Show when={rows.keys().length === 0}>
        <Empty view={view()} onChange={change} hasRecords={records.keys().length > 0} isScreening={rows.isScreening()} />
      </Show>
      <Show when={isChoosing()}>
        <ColumnChooser
          columns={all} shown={columns()} onClose={() => setIsChoosing(false)}
          onChoose={(ids) => change((before) => ({ ...before, columns: ids }))}
        />
      </Show>
    </section>
  );
}

const columnsOf = (all: readonly MarketColumn[], ids: readonly string[] | null, width: number): MarketColumn[] =>
  (ids === null ? fitting(all, width) : chosen(all, ids));

const same = (a: readonly MarketColumn[], b: readonly MarketColumn[]): boolean =>
  a.length === b.length && a.every((column, index) => column === b[index]);
