/** What pages follow: a channel of the stream as `Keyed` records, for as long as the page that asked is shown. */

import { onCleanup } from "solid-js";
import type { Subscription } from "tickwell";

import { hub } from "~/live/hub";
import { Keyed, type KeyedRecord } from "~/live/keyed";

/** Feeds `records` from a subscription, and ends both with the component that calls. `stale` records replace their selves. */
export function follow<R extends KeyedRecord>(subscription: Subscription<R>, records = new Keyed<R>()): Keyed<R> {
  subscription.on("data", (came, { kind, removed }) => records.apply(came, removed, kind === "snapshot"));
  subscription.on("stale", (came) => records.apply(came));
  onCleanup(() => subscription.close());
  return records;
}

/** All tickers that `selectors` mean, at most `max_rate_hz` times a second. */
export function followTickers(selectors: string | string[], max_rate_hz = 5) {
  return follow(hub().tickers(selectors, { max_rate_hz, changes_only: true }));
}
