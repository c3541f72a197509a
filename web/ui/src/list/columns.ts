/** What a list's columns are, and which of them there is room for. Pure, but for the cells that a page gives. */

import type { Accessor, JSX } from "solid-js";

import type { SortValue } from "~/list/order";

/** A line of the list on the screen. It is used again for another record when the list is scrolled or sorted. */
export interface Line<R> {
  readonly key: Accessor<string>;
  readonly record: Accessor<R | undefined>;
}

export interface Column<R> {
  readonly id: string;
  /** What stands above it. */
  readonly title: string;
  /** The same in full, for those who ask or listen. */
  readonly meaning: string;
  /** How wide it is at least, in rem; what is left is shared out in proportion. */
  readonly width: number;
  readonly align?: "start" | "end";
  /** Who gives way first where there is little room: 1 is always there, 9 is only shown when asked for. */
  readonly rank: number;
  /** What it is sorted by; without it, it cannot be. */
  readonly value?: (record: R) => SortValue;
  /** What it is copied as, where that is something else. */
  readonly copied?: (record: R) => SortValue;
  /** Made once per line. What it reads of the line it is told anew. */
  readonly cell: (line: Line<R>) => JSX.Element;
}

type Sized = Pick<Column<never>, "id" | "width" | "rank">;

const ASKED_FOR = 9;

/** Those of `columns`, in their order, that fit into `width` rem: the lowest ranks first, and of one rank the first. */
export function fitting<C extends Sized>(columns: readonly C[], width: number): C[] {
  const chosen = new Set<C>();
  let left = width;
  for (const column of [...columns].sort((a, b) => a.rank - b.rank)) {
    if (column.rank >= ASKED_FOR || (column.rank > 1 && column.width > left)) break;
    chosen.add(column);
    left -= column.width;
  }
  return columns.filter((column) => chosen.has(column));
}

/** Those of `columns` that `ids` name, in the order of `columns`. The first is always among them. */
export function chosen<C extends Sized>(columns: readonly C[], ids: readonly string[]): C[] {
  return columns.filter((column, index) => index === 0 || ids.includes(column.id));
}

/** The tracks of the CSS grid that all lines share. */
export const tracksOf = (columns: readonly Sized[]): string =>
  columns.map(({ width }) => `minmax(${width}rem, ${width}fr)`).join(" ");

/** How wide they are together at least, in rem. */
export const widthOf = (columns: readonly Sized[]): number => columns.reduce((sum, { width }) => sum + width, 0);
