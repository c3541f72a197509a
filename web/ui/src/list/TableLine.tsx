/** One line of a list: the elements of a row, used again for whichever row comes into sight. */

import { createMemo, For, type JSX } from "solid-js";

import type { Column, Line } from "~/list/columns";
import { rowOfLine, type Window } from "~/list/window";

export interface TableLineProps<R> {
  readonly line: number;
  readonly lines: number;
  readonly window: Window;
  readonly rowHeight: number;
  readonly columns: readonly Column<R>[];
  readonly keys: readonly string[];
  readonly record: (key: string) => R | undefined;
  readonly selectedRow: number;
  readonly onSelect: (key: string) => void;
  readonly onOpen: (key: string) => void;
  readonly isStale: (record: R) => boolean;
}

export const rowId = (row: number): string => `row-${row}`;

export function TableLine<R>(props: TableLineProps<R>): JSX.Element {
  const row = createMemo(() => rowOfLine(props.line, props.lines, props.window.from));
  const isShown = createMemo(() => row() < props.window.to);
  // A line that is not shown keeps its last record: nothing is written that nobody sees.
  const key = createMemo<string>((before) => (isShown() ? props.keys[row()] : undefined) ?? before, "");
  const record = createMemo<R | undefined>((before) => (isShown() ? props.record(key()) : before));
  const line: Line<R> = { key, record };
  const isStale = createMemo(() => { const now = record(); return now !== undefined && props.isStale(now); });
  return (
    <div
      class="list-row" role="row" id={rowId(row())} aria-rowindex={row() + 2} hidden={!isShown()}
      aria-selected={row() === props.selectedRow} classList={{ stale: isStale() }}
      style={{ transform: `translateY(${row() * props.rowHeight}px)` }}
      onClick={() => props.onSelect(key())} onDblClick={() => props.onOpen(key())}
    >
      <For each={props.columns}>
        {(column, index) => (
          <div class="list-cell" role={index() === 0 ? "rowheader" : "gridcell"} classList={{ end: column.align === "end" }}>
            {column.cell(line)}
          </div>
        )}
      </For>
    </div>
  );
}
