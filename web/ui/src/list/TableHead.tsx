/** What stands above a list's columns, and sorts by them. */

import { For, Show, type JSX } from "solid-js";

import type { Column } from "~/list/columns";
import type { Sort } from "~/list/order";

export interface TableHeadProps<R> {
  readonly columns: readonly Column<R>[];
  readonly sort: Sort | null;
  readonly onSort: (column: Column<R>) => void;
}

export function TableHead<R>(props: TableHeadProps<R>): JSX.Element {
  return (
    <div class="list-head" role="rowgroup">
      <div class="list-row" role="row" aria-rowindex="1">
        <For each={props.columns}>
          {(column) => (
            <div
              class="list-cell" role="columnheader" title={column.meaning}
              classList={{ end: column.align === "end" }} aria-sort={sortTold(props.sort, column)}
            >
              <Show when={column.value} fallback={column.title}>
                <button type="button" aria-label={spokenName(column)} onClick={() => props.onSort(column)}>{column.title}</button>
              </Show>
            </div>
          )}
        </For>
      </div>
    </div>
  );
}

/** What is read out holds what is seen, so that whoever speaks to the page can say it. */
const spokenName = <R,>({ title, meaning }: Column<R>): string =>
  (wordsOf(meaning).includes(wordsOf(title)) ? meaning : `${title}: ${meaning}`);

/** Between blanks, so that `24 h` is not found in `24 hours`. */
const wordsOf = (text: string): string => ` ${text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim()} `;

function sortTold<R>(sort: Sort | null, column: Column<R>): "ascending" | "descending" | "none" | undefined {
  if (column.value === undefined) return undefined;
  if (sort?.column !== column.id) return "none";
  return sort.descending ? "descending" : "ascending";
}
