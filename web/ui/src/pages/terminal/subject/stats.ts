/** The figures of an instrument as texts. Pure. */

import type { Ticker } from "tickwell/records";

import { compact, fixed, percent, price, UNKNOWN } from "~/format/number";
import { span } from "~/format/time";

export interface Stat { readonly name: string; readonly value: string; readonly title?: string }

type Trusted = { readonly quality: string; readonly stale?: boolean };

/** Whether a record may be shown as what is now. */
export const isCurrent = (record: Trusted | undefined): boolean =>
  record?.quality === "live" && !record.stale;

/** The figures of a market; a spot market has no mark, funding or open interest. */
export function statsOf(ticker: Ticker | undefined, tick: number | null, now: number): Stat[] {
  const derivative: Stat[] = ticker?.market === "spot" ? [] : [
    { name: "Mark", value: price(ticker?.mark_price, tick) },
    { name: "Index", value: price(ticker?.index_price, tick) },
    { name: fundingName(ticker), value: funding(ticker), title: `${percent(ticker?.funding_apr)} a year` },
    { name: "Next funding", value: ticker?.next_funding_ts ? `in ${span(ticker.next_funding_ts - now)}` : UNKNOWN },
    { name: "Open interest", value: compact(ticker?.open_interest_value), title: `${compact(ticker?.open_interest)} coins` },
  ];
  return [
    ...derivative,
    { name: "24 h high", value: price(ticker?.high_24h, tick) },
    { name: "24 h low", value: price(ticker?.low_24h, tick) },
    { name: "24 h turnover", value: compact(ticker?.turnover_24h) },
    { name: "Spread", value: spread(ticker) },
  ];
}

const fundingName = (ticker: Ticker | undefined): string =>
  (ticker?.funding_interval_h ? `Funding ${ticker.funding_interval_h} h` : "Funding");

const funding = (ticker: Ticker | undefined): string =>
  percent(typeof ticker?.funding_rate === "number" ? 100 * ticker.funding_rate : null, 4);

const spread = (ticker: Ticker | undefined): string =>
  (typeof ticker?.spread_bps === "number" ? `${fixed(ticker.spread_bps, 2)} bps` : UNKNOWN);
