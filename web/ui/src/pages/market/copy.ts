/** What "Copy" gives: the rows and columns that are shown, as they are, not as they look. Pure. */

import type { Column } from "~/list/columns";
import { csvOf } from "~/list/csv";
import type { SortValue } from "~/list/order";
import type { MarketRecord } from "~/pages/market/market";

/** Comma-separated values: what a row is and whether it is current come first. Columns without a value are left out. */
export function csvOfRows(records: readonly MarketRecord[], columns: readonly Column<MarketRecord>[]): string {
  const told = columns.filter(({ value, copied }) => value !== undefined || copied !== undefined);
  const names = ["key", "quality", ...told.map(({ id }) => NAMES[id] ?? id)];
  const values = (record: MarketRecord): SortValue[] => told.map(({ copied, value }) => (copied ?? value)?.(record));
  return csvOf(names, records.map((record) => [record.key, record.quality, ...values(record)]));
}

/** Where a column is copied as something that has another name. */
const NAMES: Readonly<Record<string, string>> = { age: "ts_recv" };
