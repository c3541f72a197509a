/** What the hub tells of alerts: docs/alerts.md has it in words. Times are Unix ms. */

export const STATES = ["firing", "pending", "stale", "unknown", "idle", "disabled"] as const;
export type RuleState = (typeof STATES)[number];
export type Severity = "info" | "warning" | "critical";
export type Direction = "up" | "down" | "any";
export type Told = "fired" | "resolved" | "stale";

export interface Schedule { readonly from_hour: number; readonly to_hour: number; readonly weekdays: readonly string[] }

export type When =
  | { readonly kind: "above" | "below"; readonly field: string; readonly value: number }
  | { readonly kind: "crosses"; readonly field: string; readonly value: number; readonly direction: Direction }
  | { readonly kind: "moves"; readonly field: string; readonly percent: number; readonly window_s: number; readonly direction: Direction }
  | { readonly kind: "across"; readonly measure: string; readonly value: number }
  | { readonly kind: "liquidations"; readonly value: number; readonly window_s: number; readonly side: string }
  | { readonly kind: "volume"; readonly deviations: number; readonly interval: string; readonly bars: number }
  | { readonly kind: "quality"; readonly channel: string; readonly states: readonly string[] };

export type Kind = When["kind"];

export interface Rule {
  readonly name: string;
  readonly keys: readonly string[];
  readonly when: When;
  readonly enabled: boolean;
  readonly for_s: number;
  readonly hysteresis: number;
  readonly cooldown_s: number;
  readonly schedule: Schedule | null;
  readonly severity: Severity;
  readonly note: string;
  readonly notify: readonly string[];
  readonly notify_on: readonly Told[];
}

/** How a rule stands with one instrument, or one asset. */
export interface Subject {
  readonly subject: string;
  readonly state: RuleState;
  readonly value: number | null;
  readonly since: number | null;
  readonly fired: number | null;
}

export interface RuleTold {
  readonly rule: Rule;
  readonly origin: "settings" | "api";
  readonly state: RuleState;
  readonly counts: Readonly<Partial<Record<RuleState, number>>>;
  readonly muted_until: number | null;
  readonly subjects?: readonly Subject[];
}

/** Something that happened. `number` orders the history; `subject` is null where it is about a whole rule. */
export interface Alert {
  readonly id: string;
  readonly number: number;
  readonly kind: "fired" | "resolved" | "stale" | "fresh";
  readonly rule: string;
  readonly severity: Severity;
  readonly subject: string | null;
  readonly value: number | null;
  readonly bound: number | null;
  readonly text: string;
  readonly note: string;
  readonly muted: boolean;
  readonly ts: number;
  readonly since: number;
}

export interface NotifierTold {
  readonly name: string;
  readonly kind: string;
  readonly waiting: number;
  readonly sent: number;
  readonly failures: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly last_error: string | null;
  readonly last_error_ts: number | null;
}

export interface Preview {
  readonly fired: number;
  readonly firings: readonly { readonly subject: string | null; readonly value: number | null; readonly text: string; readonly ts: number }[];
  readonly looked_at: readonly string[];
  readonly meant: number;
  readonly from: number;
  readonly to: number;
  readonly since: number | null;
  readonly rows: number;
}

export interface Meta { readonly as_of: number; readonly count?: number; readonly next_before?: number }
