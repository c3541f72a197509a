/** What the hub tells of itself, as `GET /api/v1/hub` has it: asked for by the shell, for all who show it. */

import { createSignal, type Accessor } from "solid-js";

export type FeedState = "stopped" | "connecting" | "syncing" | "live" | "stale" | "disconnected";

export interface HubMarket {
  readonly exchange: string;
  readonly market: string;
  readonly running: boolean;
  readonly state: FeedState;
  readonly age_ms: number | null;
  readonly symbols: number;
  readonly producing: number;
  readonly stale: number;
  readonly stale_symbols: readonly string[];
  readonly refused: number;
  readonly mute: number;
  readonly messages_per_s: number;
  readonly reconnects: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly last_error: string | null;
  readonly next_attempt_ts: number | null;
}

export interface HubSink {
  readonly name: string;
  readonly state: "ok" | "catching_up" | "down" | "refused" | "disk_full";
  readonly since: string | null;
  readonly accepted: number;
  readonly written: number;
  readonly in_hand: number;
  readonly outbox_rows: number;
  readonly outbox_bytes: number;
  readonly outbox_age_s: number | null;
  readonly dropped: Readonly<Record<string, number>>;
  readonly trouble: string | null;
  readonly last_error: string | null;
  readonly next_attempt_in_s: number | null;
}

type Counts<Name extends string> = Readonly<Record<Name, number>>;

export interface HubTold {
  readonly version: string;
  readonly started_ts: number;
  readonly loop_lag_max_ms: number;
  readonly clients: Counts<"stream" | "realtime" | "subscriptions" | "conflated" | "missed">;
  readonly traffic: Counts<"messages_in" | "bytes_in" | "messages_in_per_s" | "messages_out" | "bytes_out">;
  readonly markets: readonly HubMarket[];
  readonly sinks: readonly HubSink[];
}

/** An answer, and when it was made (Unix ms): by the hub's clock, and by ours. */
export interface Told { readonly hub: HubTold; readonly asOf: number; readonly heardAt: number }

const [told, setTold] = createSignal<Told>();
const [before, setBefore] = createSignal<Told>();

/** The newest that the hub told of itself; undefined before the first answer. */
export const hubTold: Accessor<Told | undefined> = told;

/** The one before it: the two make a rate. */
export const hubToldBefore: Accessor<Told | undefined> = before;

/** Takes an answer. */
export function takeHubTold(answer: Told): void {
  const known = told();
  if (known?.asOf === answer.asOf) return;
  setBefore(known && known.hub.started_ts === answer.hub.started_ts ? known : undefined);
  setTold(answer);
}
