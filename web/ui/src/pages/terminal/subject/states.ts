/** How far each channel of the instrument can be trusted now, and since when. */

import { createSignal, onCleanup } from "solid-js";
import type { Quality } from "tickwell/records";

import { connectionLostSince, connectionState, hub } from "~/live/hub";

/** `since`: the last that was heard where nothing is heard any more (Unix ms); `why` is in words. */
export interface ChannelState { readonly state: string; readonly since: number | null; readonly why: string }

export type States = (channel: string) => ChannelState;

type Told = Pick<Quality, "quality" | "since" | "last_ts" | "reason">;

const UNTOLD: ChannelState = { state: "connecting", since: null, why: "" };

/** The states of the channels of `key`, for as long as the component that asks is shown. */
export function followStates(key: string): States {
  const [qualities, setQualities] = createSignal<ReadonlyMap<string, Quality>>(new Map());
  const subscription = hub().quality(key).on("data", (records, { kind }) => {
    const came = records.map((each) => [each.channel, each] as const);
    setQualities((known) => new Map([...(kind === "snapshot" ? [] : known), ...came]));
  });
  onCleanup(() => subscription.close());

  return (channel) => {
    if (connectionState() === "lost" || connectionState() === "refused") {
      return { state: "lost", since: connectionLostSince(), why: "no connection to the hub" };
    }
    const told = qualities().get(channel);
    return told ? stateOf(told) : UNTOLD;
  };
}

/** A stream that went silent is as old as the last that came of it; any other state as long as it lasts. */
export function stateOf({ quality, since, last_ts, reason }: Told): ChannelState {
  return { state: quality, since: quality === "stale" ? last_ts ?? since : since, why: reason };
}
