/** The time for ages and countdowns: one timer for all that show it. */

import { createSignal, type Accessor } from "solid-js";

const [now, setNow] = createSignal(Date.now());
setInterval(() => setNow(Date.now()), 1000);

/** Unix ms, told anew every second. */
export const nowMs: Accessor<number> = now;
