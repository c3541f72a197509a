/** Times on the axis and at the crosshair of a chart, in the zone of the reader. Bars of a day are days of UTC for everybody. */

import type { Zone } from "~/shell/preferences";

const DAY_MS = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** How fine a mark of the time axis is. */
export type Mark = "year" | "month" | "day" | "time" | "second";

/** A time in full, such as 21 Nov 2026 09:05:07. */
export function timeInFull(ms: number, zone: Zone, lengthMs: number): string {
  const date = shifted(ms, zone, lengthMs), day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return lengthMs >= DAY_MS ? `${day} UTC` : `${day} ${clock(date, lengthMs < 60_000)}`;
}

/** A mark on the axis. Where a day begins elsewhere than at a mark of UTC, the mark is told as a time. */
export function markText(ms: number, mark: Mark, zone: Zone, lengthMs: number): string {
  const date = shifted(ms, zone, lengthMs), isMidnight = date.getTime() % DAY_MS === 0;
  if (mark === "time" || mark === "second" || !isMidnight) return isMidnight ? `${date.getUTCDate()}` : clock(date, mark === "second");
  if (mark === "year") return String(date.getUTCFullYear());
  return mark === "month" ? MONTHS[date.getUTCMonth()]! : String(date.getUTCDate());
}

/** A date whose UTC fields are those of the zone. */
function shifted(ms: number, zone: Zone, lengthMs: number): Date {
  return new Date(zone === "utc" || lengthMs >= DAY_MS ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000);
}

const clock = (date: Date, withSeconds: boolean): string => date.toISOString().slice(11, withSeconds ? 19 : 16);
