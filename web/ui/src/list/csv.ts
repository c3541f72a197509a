/** A list as comma-separated values, for a spreadsheet. Pure. */

import type { SortValue } from "~/list/order";

/** RFC 4180: a line of names, then the rows. What is unknown is empty, never 0. */
export const csvOf = (names: readonly string[], rows: readonly (readonly SortValue[])[]): string =>
  [names, ...rows].map((row) => row.map(csvCell).join(",")).join("\r\n") + "\r\n";

function csvCell(value: SortValue): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (typeof value === "number") return String(value);
  const text = harmless(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A spreadsheet would run a text that begins like a formula, and symbols are named by strangers. */
const harmless = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
