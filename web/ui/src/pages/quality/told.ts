/** What `/api/v1/quality`, `/api/v1/quality/{exchange}` and `/api/v1/clients` tell, as far as this page shows it. */

import type { FeedState } from "~/live/told";

export const STATES = ["live", "stale", "gapped", "syncing", "connecting", "halted", "refused"] as const;
export type State = (typeof STATES)[number];

export interface ChannelSummary {
  readonly channel: string;
  readonly offered: boolean;
  readonly sampled: boolean;
  readonly states: Readonly<Partial<Record<State, number>>>;
  readonly messages: number;
  readonly gaps: number;
  readonly resyncs: number;
  readonly duplicates: number;
  readonly out_of_order: number;
}

export interface Latency {
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly dwell_p50_ms: number | null;
  readonly dwell_p99_ms: number | null;
  readonly clock_offset_ms: number | null;
  readonly clock_error_ms: number | null;
  readonly bounds_ms: readonly number[];
  readonly delays: readonly number[];
  readonly dwells: readonly number[];
}

export interface MarketQuality {
  readonly exchange: string;
  readonly market: string;
  readonly running: boolean;
  readonly state: FeedState;
  readonly symbols: number;
  readonly producing: number;
  readonly refused: Readonly<Record<string, string>>;
  readonly messages_per_s: number;
  readonly age_ms: number | null;
  readonly reconnects: number;
  readonly reconnects_by_cause: Readonly<Record<string, number>>;
  readonly decode_errors: number;
  readonly resyncs: number;
  readonly last_error: string | null;
  readonly next_attempt_ts: number | null;
  readonly latency: Latency | null;
  readonly channels: readonly ChannelSummary[];
}

export interface Hole {
  readonly key: string;
  readonly exchange: string;
  readonly market: string;
  readonly symbol: string;
  readonly channel: string;
  readonly from_ts: number;
  readonly to_ts: number | null;
  readonly cause: string;
  readonly reason: string;
  readonly missed: number | null;
  readonly recovered: number;
  readonly healed: boolean;
}

export interface Overview { readonly markets: readonly MarketQuality[]; readonly holes: readonly Hole[] }

export interface ChannelQuality {
  readonly key: string;
  readonly symbol: string;
  readonly channel: string;
  readonly quality: State;
  readonly since: number;
  readonly reason: string;
  readonly last_ts: number | null;
  readonly threshold_ms: number | null;
  readonly messages: number;
  readonly gaps: number;
  readonly resyncs: number;
  readonly duplicates: number;
  readonly out_of_order: number;
}

export interface ClientWish {
  readonly channel: string;
  readonly selectors: readonly string[];
  readonly keys: number | null;
  readonly max_rate_hz: number;
}

export interface ClientTold {
  readonly id: string;
  readonly route: "stream" | "events" | "realtime";
  readonly address: string;
  readonly since: number;
  readonly format: string;
  readonly deflate: boolean;
  readonly subscriptions: number;
  readonly wishes: readonly ClientWish[];
  readonly messages: number;
  readonly conflated: number;
  readonly missed: number;
  readonly lag_ms: number;
  readonly busy: boolean;
}

/** What an answer says of itself. */
export interface Meta { readonly as_of: number; readonly total?: number }
