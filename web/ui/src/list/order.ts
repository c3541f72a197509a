/** Sorting records by what a column tells of them. Pure. */

export type SortValue = number | string | null | undefined;

export interface Sort { readonly column: string; readonly descending: boolean }

const TEXTS = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** `records` by `value`. What is unknown comes last either way, and equal values stay in the order in which they came. */
export function ordered<R>(records: Iterable<R>, value: (record: R) => SortValue, descending: boolean): R[] {
  const rows = Array.from(records, (record) => ({ record, value: known(value(record)) }));
  const sign = descending ? -1 : 1;
  rows.sort((a, b) => compared(a.value, b.value, sign));
  return rows.map(({ record }) => record);
}

/** What a click on a column's head makes of the sort: what was sorted by is turned round, numbers begin with the greatest. */
export function turned(sort: Sort | null, column: string, isText: boolean): Sort {
  return { column, descending: sort?.column === column ? !sort.descending : !isText };
}

/** `-turnover_24h` or `symbol`, as it stands in an address. */
export const sortText = ({ column, descending }: Sort): string => (descending ? `-${column}` : column);

/** The sort that a text means; null for one by a column that there is not. */
export function sortOf(text: string | undefined, columns: readonly string[]): Sort | null {
  const descending = text?.startsWith("-") ?? false, column = (descending ? text?.slice(1) : text) ?? "";
  return columns.includes(column) ? { column, descending } : null;
}

/** Whether two lists hold the same, in the same order. */
export const sameKeys = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((key, index) => key === b[index]);

const known = (value: SortValue): number | string | null =>
  value === undefined || value === "" || Number.isNaN(value) ? null : value;

function compared(a: number | string | null, b: number | string | null, sign: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === "number" && typeof b === "number") return (a - b) * sign;
  return TEXTS.compare(String(a), String(b)) * sign;
}
