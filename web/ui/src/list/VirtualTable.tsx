/**
 * A table of thousands of rows, of which only those that can be seen have elements.
 *
 * The page owns the order (`keys`), the sort and the selection; this owns scrolling, and what a screen reader needs to
 * know about rows that are not there. Lines are used again: a cell writes only what has changed.
 */

import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, type JSX } from "solid-js";

import { tracksOf, widthOf, type Column } from "~/list/columns";
import { moved } from "~/list/moving";
import type { Sort } from "~/list/order";
import { TableHead } from "~/list/TableHead";
import { rowId, TableLine } from "~/list/TableLine";
import { scrollTo, windowOf } from "~/list/window";

import "~/list/table.css";

export interface VirtualTableProps<R> {
  readonly label: string;
  readonly columns: readonly Column<R>[];
  /** All rows, in their order. */
  readonly keys: readonly string[];
  /** The newest record of a row; told anew when it changes. */
  readonly record: (key: string) => R | undefined;
  readonly sort: Sort | null;
  readonly onSort: (column: Column<R>) => void;
  readonly selected: string | undefined;
  readonly onSelect: (key: string) => void;
  readonly onOpen: (key: string) => void;
  readonly isStale: (record: R) => boolean;
  /** A pointer went down on a row: a good time not to sort them. */
  readonly onPress?: () => void;
  /** How wide the table is, in rem. */
  readonly onWidth?: (width: number) => void;
  readonly ref?: (control: TableControl) => void;
}

export interface TableControl {
  /** Does what a key means to a list; `false` if it means nothing to it. */
  readonly press: (key: string) => boolean;
  readonly focus: () => void;
}

/** All in pixels, but for the width, which is in rem. */
interface Size { readonly height: number; readonly head: number; readonly row: number; readonly width: number }

const UNMEASURED: Size = { height: 0, head: 26, row: 26, width: 0 };

export function VirtualTable<R>(props: VirtualTableProps<R>): JSX.Element {
  let scroller!: HTMLDivElement;
  let probe!: HTMLDivElement;
  const [scrollTop, setScrollTop] = createSignal(0);
  const [size, setSize] = createSignal<Size>(UNMEASURED);
  const seen = createMemo(() => windowOf(scrollTop(), size().height, size().row, props.keys.length), undefined, {
    equals: (a, b) => a.from === b.from && a.to === b.to,
  });
  const lines = createMemo<number[]>((before) => grown(before, seen().to - seen().from), []);
  const selectedRow = createMemo(() => (props.selected === undefined ? -1 : props.keys.indexOf(props.selected)));

  onMount(() => {
    const measure = (): void => {
      setSize(measuredSize(scroller, probe));
      props.onWidth?.(size().width);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(scroller);
    observer.observe(probe);
    measure();
    onCleanup(() => observer.disconnect());
  });
  // A list that became shorter is scrolled by the browser, which may tell so only with the next frame.
  createEffect(on(() => props.keys.length, () => setScrollTop(scroller.scrollTop), { defer: true }));

  const reveal = (row: number): void => {
    const { height, row: rowHeight, head } = size();
    scroller.scrollTop = scrollTo(row, scroller.scrollTop, height + head, rowHeight, head);
    setScrollTop(scroller.scrollTop);
  };
  const focus = (): void => scroller.focus({ preventScroll: true });
  const press = (key: string): boolean => {
    if (key === "Enter" && selectedRow() >= 0) {
      props.onOpen(props.keys[selectedRow()]!);
      return true;
    }
    const { height, row: rowHeight } = size();
    const first = Math.ceil(scroller.scrollTop / rowHeight), page = Math.floor(height / rowHeight) - 1;
    const row = moved(key, selectedRow(), props.keys.length, page, first);
    if (row === null) return false;
    props.onSelect(props.keys[row]!);
    reveal(row);
    focus(); // from a button of the page, which would take Enter for itself
    return true;
  };
  props.ref?.({ press, focus });

  return (
    <div
      class="list" role="grid" tabindex="0" ref={scroller} onScroll={() => setScrollTop(scroller.scrollTop)}
      aria-label={props.label} aria-rowcount={props.keys.length + 1} aria-colcount={props.columns.length}
      aria-activedescendant={isWithin(selectedRow(), seen()) ? rowId(selectedRow()) : undefined}
      style={{ "--tracks": tracksOf(props.columns), "--width": `${widthOf(props.columns)}rem` }}
    >
      <div class="list-probe" ref={probe} role="presentation" />
      <TableHead columns={props.columns} sort={props.sort} onSort={props.onSort} />
      <div
        class="list-body" role="rowgroup" style={{ height: `${props.keys.length * size().row}px` }}
        onPointerDown={() => props.onPress?.()}
      >
        <For each={lines()}>
          {(line) => (
            <TableLine
              line={line} lines={lines().length} window={seen()} rowHeight={size().row} columns={props.columns}
              keys={props.keys} record={props.record} selectedRow={selectedRow()} isStale={props.isStale}
              onSelect={props.onSelect} onOpen={props.onOpen}
            />
          )}
        </For>
      </div>
    </div>
  );
}

const isWithin = (row: number, { from, to }: { from: number; to: number }): boolean => row >= from && row < to;

/** As many numbers as were ever needed: lines are hidden rather than thrown away. */
const grown = (before: number[], count: number): number[] =>
  (count <= before.length ? before : Array.from({ length: count }, (_, index) => index));

function measuredSize(scroller: HTMLElement, probe: HTMLElement): Size {
  const { height, width } = probe.getBoundingClientRect(), row = height || UNMEASURED.row;
  const head = scroller.querySelector<HTMLElement>(".list-head")?.offsetHeight ?? row;
  return { height: Math.max(0, scroller.clientHeight - head), head, row, width: width ? scroller.clientWidth / width : 0 };
}
