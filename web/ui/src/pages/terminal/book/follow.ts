/** The order book of one instrument, painted at most once per frame. */

import { createEffect, createSignal, on, onCleanup, type Accessor } from "solid-js";
import type { OrderBook } from "tickwell";

import { oncePerFrame } from "~/live/frames";
import { hub } from "~/live/hub";

/** `book` is undefined until one came; it stays shown while another grouping is asked for, but `isCurrent` no more. */
export interface Followed { readonly book: OrderBook | undefined; readonly isCurrent: boolean; readonly refusal: string | null }

const NOTHING: Followed = { book: undefined, isCurrent: false, refusal: null };
const RATE_HZ = 10;

/** The book of `key` with as many levels per side, each as wide as `grouping` says. */
export function followBook(key: string, depth: number, grouping: Accessor<number | null>): Accessor<Followed> {
  const [followed, setFollowed] = createSignal(NOTHING);
  createEffect(on(grouping, (width) => {
    setFollowed(({ book }) => ({ book, isCurrent: false, refusal: null }));
    const subscription = hub().book(key, { depth, grouping: width, max_rate_hz: RATE_HZ });
    let newest: OrderBook | undefined, isClosed = false;
    const paint = oncePerFrame(() => {
      if (newest && !isClosed) setFollowed({ book: newest, isCurrent: newest.isLive, refusal: null });
    });
    const take = ([book]: OrderBook[]): void => {
      newest = book ?? newest;
      paint();
    };
    subscription.on("data", take).on("stale", take);
    subscription.on("error", (error) => setFollowed({ ...NOTHING, refusal: error.message }));
    onCleanup(() => {
      isClosed = true;
      subscription.close();
    });
  }));
  return followed;
}
