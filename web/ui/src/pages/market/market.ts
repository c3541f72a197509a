/** What the table follows: one record per instrument, five times a second. */

import type { Ticker } from "tickwell/records";

import { follow } from "~/live/channels";
import { hub } from "~/live/hub";
import type { Keyed } from "~/live/keyed";
import { Movements } from "~/pages/market/movements";

export const RATE_HZ = 5;

const FIELDS = [
  "symbol", "name", "exchange", "market", "price", "bid", "ask", "spread_bps", "change_1m", "change_5m", "change_1h",
  "change_24h", "high_24h", "low_24h", "volume_24h", "turnover_24h", "mark_price", "index_price", "premium_bps",
  "funding_rate_8h", "funding_apr", "next_funding_ts", "open_interest_value", "quality", "ts_recv",
] as const;

/** A ticker as far as the table shows it. */
export type MarketRecord = Pick<Ticker, (typeof FIELDS)[number] | "key" | "stale">;

export interface Market { readonly records: Keyed<MarketRecord>; readonly movements: Movements }

/** Follows all instruments for as long as the component that calls. */
export function followMarket(): Market {
  const movements = new Movements();
  const subscription = hub().tickers("*", { max_rate_hz: RATE_HZ, changes_only: true, fields: [...FIELDS] });
  subscription.on("data", (records, { removed }) => movements.take(records, removed));
  return { records: follow<MarketRecord>(subscription), movements };
}

/** Only what is live may be shown as current. */
export const isCurrent = ({ quality, stale }: Pick<MarketRecord, "quality" | "stale">): boolean =>
  quality === "live" && stale !== true;
