/** The lengths of bars that there are. */

import type { Interval } from "tickwell/records";

export const INTERVALS: readonly Interval[] = ["1s", "1m", "5m", "15m", "1h", "4h", "1d"];
export const USUAL: Interval = "1m";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;

export const LENGTH_MS: Readonly<Record<Interval, number>> = {
  "1s": SECOND, "1m": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "1h": HOUR, "4h": 4 * HOUR, "1d": 24 * HOUR,
};

/** The interval that `text` names; the usual one, if it names none. */
export const intervalOf = (text: string | undefined): Interval => INTERVALS.find((each) => each === text) ?? USUAL;

/** When the bar began that holds `ms`. All bars are aligned to UTC. */
export const startOf = (ms: number, lengthMs: number): number => Math.floor(ms / lengthMs) * lengthMs;
