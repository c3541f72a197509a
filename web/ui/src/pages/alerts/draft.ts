/** A rule while somebody writes it: every field a text, as it stands in the form. Pure. */

import type { Kind, Rule } from "~/pages/alerts/told";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
/** What a condition may look at; the hub knows more, and says which are near a wrong one. */
export const FIELDS = [
  "price", "bid", "ask", "mid", "spread_bps", "change_1h", "change_24h", "turnover_24h", "volume_24h", "high_24h", "low_24h",
  "mark_price", "index_price", "premium_bps", "funding_rate", "funding_apr", "open_interest", "open_interest_value",
] as const;

export interface Draft {
  name: string; keys: string; kind: Kind; severity: string; note: string; enabled: boolean;
  field: string; value: string; direction: string; percent: string; window_s: string; measure: string; side: string;
  deviations: string; interval: string; bars: string; channel: string; states: readonly string[];
  for_s: string; hysteresis: string; cooldown_s: string;
  isScheduled: boolean; from_hour: string; to_hour: string; weekdays: readonly string[];
  notify: readonly string[]; notify_on: readonly string[];
}

/** A new rule of a kind, as the hub would fill it up. */
export const blank = (kind: Kind = "above", keys = ""): Draft => ({
  name: "", keys, kind, severity: "warning", note: "", enabled: true,
  field: "price", value: "", direction: "any", percent: "", window_s: kind === "liquidations" ? "60" : "300", measure: "spread_bps", side: "any",
  deviations: "", interval: "1m", bars: "60", channel: "ticker", states: ["stale", "gapped", "halted"],
  for_s: "0", hysteresis: "0", cooldown_s: "60",
  isScheduled: false, from_hour: "0", to_hour: "24", weekdays: [...WEEKDAYS],
  notify: [], notify_on: ["fired", "stale"],
});

/** Which fields of a draft a kind of condition has. */
export const PARTS: Readonly<Record<Kind, readonly (keyof Draft)[]>> = {
  above: ["field", "value"],
  below: ["field", "value"],
  crosses: ["field", "value", "direction"],
  moves: ["field", "percent", "window_s", "direction"],
  across: ["measure", "value"],
  liquidations: ["value", "window_s", "side"],
  volume: ["deviations", "interval", "bars"],
  quality: ["channel", "states"],
};

/** An existing rule, to be changed. */
export function draftOf(rule: Rule): Draft {
  const { when, schedule } = rule, usual = blank(when.kind);
  const told = Object.fromEntries(PARTS[when.kind].map((part) => [part, textOf((when as unknown as Record<string, unknown>)[part])]));
  return {
    ...usual, ...told, name: rule.name, keys: rule.keys.join("\n"), severity: rule.severity, note: rule.note, enabled: rule.enabled,
    for_s: String(rule.for_s), hysteresis: String(rule.hysteresis), cooldown_s: String(rule.cooldown_s),
    isScheduled: schedule !== null,
    ...(schedule && { from_hour: String(schedule.from_hour), to_hour: String(schedule.to_hour), weekdays: schedule.weekdays }),
    notify: rule.notify, notify_on: rule.notify_on,
  };
}

/** A new rule, as the hub is sent it. What is no number is sent as it is, and what is empty is left out: the hub says what it wants. */
export const ruleOf = (draft: Draft): Told => ({ name: draft.name.trim(), enabled: draft.enabled, ...partsOf(draft, leftOut) });

/** A change of a rule, as the hub is sent it: what the form has, and nothing else, for that may be changing elsewhere. What is empty begins anew. */
export const changeOf = (draft: Draft): Told => partsOf(draft, begunAnew);

type Told = Readonly<Record<string, unknown>>;

const partsOf = (draft: Draft, emptied: (told: Told) => Told): Told => emptied({
  keys: keysOf(draft.keys), when: emptied(whenOf(draft)),
  for_s: numberOf(draft.for_s), hysteresis: numberOf(draft.hysteresis), cooldown_s: numberOf(draft.cooldown_s),
  schedule: draft.isScheduled
    ? emptied({ from_hour: numberOf(draft.from_hour), to_hour: numberOf(draft.to_hour), weekdays: WEEKDAYS.filter((day) => draft.weekdays.includes(day)) })
    : null,
  severity: draft.severity, note: draft.note.trim(), notify: draft.notify, notify_on: draft.notify_on,
});

/** Keys stand one in a line, or between commas. */
export const keysOf = (text: string): string[] => [...new Set(text.split(/[\n,]+/).map((key) => key.trim()).filter(Boolean))];

const UNITS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, b: 1e9 };

/** The number that a text such as `100,000`, `-1.5` or `25k` means; any other text as it is, undefined for an empty one. */
export function numberOf(text: string): number | string | undefined {
  const plain = text.trim().replace(/(?<=\d)[,_ ](?=\d{3}(?!\d))/g, "").replace("−", "-").toLowerCase();
  if (plain === "") return undefined;
  const found = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([kmb]?)$/.exec(plain);
  return found ? Number(found[1]) * (UNITS[found[2] ?? ""] ?? 1) : text.trim();
}

const NUMBERS: ReadonlySet<keyof Draft> = new Set(["value", "percent", "window_s", "deviations", "bars"]);

function whenOf(draft: Draft): Told {
  const parts = PARTS[draft.kind].map((part) => [part, NUMBERS.has(part) ? numberOf(String(draft[part])) : draft[part]]);
  return { kind: draft.kind, ...Object.fromEntries(parts) };
}

/** Which part of the form a place in a rule is: `when.value` is `value`, `keys[2]` is `keys`. Empty for none. */
export function partOf(place: string): keyof Draft | "" {
  const last = place.replace(/\[[^\]]*\]/g, "").split(".").pop() ?? "";
  if (last === "when") return "kind";
  if (last === "schedule") return "isScheduled";
  return last in blank() ? last as keyof Draft : "";
}

const textOf = (value: unknown): unknown => (typeof value === "number" ? String(value) : value);
const isEmpty = (value: unknown): boolean => value === undefined || value === "";
const leftOut = (told: Told): Told => Object.fromEntries(Object.entries(told).filter(([, value]) => !isEmpty(value)));
const begunAnew = (told: Told): Told => Object.fromEntries(Object.entries(told).map(([part, value]) => [part, isEmpty(value) ? null : value]));
