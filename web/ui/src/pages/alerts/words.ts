/** Rules in words. Pure. */

import { compact, UNKNOWN } from "~/format/number";
import { span, timeOfDay } from "~/format/time";
import type { Kind, Rule, RuleState, Schedule, When } from "~/pages/alerts/told";

export const STATE_MEANINGS: Readonly<Record<RuleState, string>> = {
  firing: "It has fired, and is not over",
  pending: "It holds, and waits for its time, its cooldown or its schedule",
  stale: "Nothing that it looks at can be trusted now: it cannot fire",
  unknown: "It means nothing that is followed",
  idle: "It is judged, and does not hold",
  disabled: "It is not judged",
};

/** Each kind of condition: its name, and what it is for. */
export const KINDS: Readonly<Record<Kind, readonly [name: string, meaning: string]>> = {
  above: ["above a value", "Holds while a field is greater."],
  below: ["below a value", "Holds while a field is less."],
  crosses: ["crosses a value", "Fires when a field gets to the other side. What is beyond already has not crossed."],
  moves: ["moves by a percentage", "Holds while a field is that far from what it was a while ago."],
  across: ["differs across exchanges", "One asset on several exchanges: keys must mean at least two live instruments of it."],
  liquidations: ["is liquidated", "Holds while positions worth so much, in quote units, were liquidated within the window."],
  volume: ["trades unusually much", "Holds while the newest bar's volume is so many standard deviations above the mean of the bars before it."],
  quality: ["cannot be trusted", "Holds while a channel is in one of these states. The one condition that looks at stale data."],
};

/** A number with all digits that were given, grouped. */
export const exact = (value: number | null): string =>
  value === null ? UNKNOWN : value.toLocaleString("en", { maximumSignificantDigits: 12 });

/** A number of seconds in its largest units. */
export const seconds = (value: number): string => (value === 0 ? "at once" : span(value * 1000).replace(/ 00? [smh]$/, ""));

const WAYS = { up: "up", down: "down", any: "up or down" } as const;
const ALL_DAYS = 7;

/** What must hold, in a few words: `price > 100,000`. */
export function conditionWords(when: When): string {
  switch (when.kind) {
    case "above": return `${when.field} > ${exact(when.value)}`;
    case "below": return `${when.field} < ${exact(when.value)}`;
    case "crosses": return `${when.field} crosses ${exact(when.value)} ${WAYS[when.direction]}`;
    case "moves": return `${when.field} moves ${exact(when.percent)} % ${WAYS[when.direction]} within ${seconds(when.window_s)}`;
    case "across": return `${when.measure} across exchanges > ${exact(when.value)}`;
    case "liquidations": return `${when.side === "any" ? "" : `${when.side} `}liquidations ≥ ${compact(when.value)} within ${seconds(when.window_s)}`;
    case "volume": return `${when.interval} volume ≥ ${exact(when.deviations)} σ above the last ${when.bars}`;
    case "quality": return `${when.channel} is ${when.states.join(" or ")}`;
  }
}

/** When it may fire: `mon–fri 07–22 UTC`. */
export function scheduleWords(schedule: Schedule | null): string {
  if (schedule === null) return "always";
  const two = (hour: number): string => String(hour).padStart(2, "0");
  const days = schedule.weekdays.length === ALL_DAYS ? "every day" : schedule.weekdays.join(", ");
  return `${days}, ${two(schedule.from_hour)}–${two(schedule.to_hour)} h UTC`;
}

/** How a rule behaves beyond its condition, one thing each. */
export function timingWords(rule: Rule): string[] {
  return [
    rule.for_s ? `after ${seconds(rule.for_s)} of it` : "",
    rule.hysteresis ? `over when ${exact(rule.hysteresis)} off the bound` : "",
    rule.cooldown_s ? `at most once in ${seconds(rule.cooldown_s)}` : "",
  ].filter(Boolean);
}

/** Whether a subject is an instrument, which has a terminal; an asset such as BTC-USD has none. */
export const isInstrument = (subject: string): boolean => subject.split(":").length >= 3;

/** A moment of any day: `21 Nov 20:35:28`. */
export function dayAndTime(ms: number, zone: "utc" | "local"): string {
  const day = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", ...(zone === "utc" && { timeZone: "UTC" }) }).format(ms);
  return `${day} ${timeOfDay(ms, zone)}`;
}
