/** Times and spans as text. */

import { UNKNOWN } from "~/format/number";

/** A span in its two largest units: 850 ms, 4 s, 2 m 05 s, 3 h 20 m, 2 d 4 h. */
export function span(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return UNKNOWN;
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor(minutes / 60) % 24} h`;
}

/** The time of day in UTC or here: 09:05:07, with `milliseconds` 09:05:07.123. */
export function timeOfDay(ms: number, zone: "utc" | "local" = "local", milliseconds = false): string {
  const date = new Date(zone === "utc" ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(11, milliseconds ? 23 : 19);
}

const two = (value: number): string => String(value).padStart(2, "0");
