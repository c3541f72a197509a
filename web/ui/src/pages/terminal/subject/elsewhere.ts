/** Comparing the instruments of one asset. Pure. */

import type { Leg } from "tickwell/records";

/** The keys of the highest bid and the lowest ask among legs that count. */
export function bestOf(legs: readonly Leg[]): { bid: string | undefined; ask: string | undefined } {
  const counted = legs.filter((leg) => leg.left_out === null && leg.quality === "live");
  const best = (worth: (leg: Leg) => number): string | undefined =>
    counted.reduce<Leg | undefined>((found, leg) => (worth(leg) > (found ? worth(found) : -Infinity) ? leg : found), undefined)?.key;
  return { bid: best((leg) => leg.bid ?? -Infinity), ask: best((leg) => -(leg.ask ?? Infinity)) };
}

/** How far a leg's middle is above that of another, in 1/10000 of it; null unless both are current. */
export function distanceBps(leg: Leg | undefined, here: Leg | undefined): number | null {
  if (leg?.quality !== "live" || here?.quality !== "live" || leg.mid === null || here.mid === null) return null;
  return 10_000 * (leg.mid / here.mid - 1);
}
