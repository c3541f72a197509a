/** The time for ages and countdowns: one timer for all that show it. */

import { createSignal, type Accessor } from "solid-js";

const NOTICED_MS = 250;

const [now, setNow] = createSignal(Date.now());
const [offset, setOffset] = createSignal(0);
setInterval(() => setNow(Date.now()), 1000);

/** Unix ms, told anew every second. */
export const nowMs: Accessor<number> = now;

/** The same by the hub's clock, by which `ts_recv` and everything else of the hub is counted: what ages are counted to. */
export const hubNowMs: Accessor<number> = () => now() + offset();

/** The hub's clock shows `ts` at this moment, as far as one can tell. */
export function hubClockShows(ts: number): void {
  const found = ts - Date.now();
  if (Math.abs(found - offset()) > NOTICED_MS) setOffset(found);
}
