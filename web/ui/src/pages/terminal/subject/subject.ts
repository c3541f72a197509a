/** What a terminal is about: one instrument, and what its exchange tells of it. */

import type { Instrument } from "~/live/instruments";
import { ask, inPath, Problem, type Answer } from "~/live/rest";

interface Offer {
  readonly exchange: string;
  readonly market: string;
  readonly channels: readonly string[];
  readonly sampled: readonly string[];
  readonly switched_off: readonly string[];
  readonly depth_max: number | null;
}

/** What no listing says is null. */
export interface Subject {
  readonly key: string;
  readonly exchange: string;
  readonly market: string;
  readonly symbol: string;
  readonly name: string | null;
  readonly base: string | null;
  readonly quote: string | null;
  readonly tick_size: number | null;
  readonly lot_size: number | null;
  readonly offer: Offer | null;
}

export type Found =
  | { readonly kind: "asking" }
  | { readonly kind: "known"; readonly subject: Subject }
  | { readonly kind: "unknown"; readonly detail: string; readonly nearest: readonly string[] }
  | { readonly kind: "failed"; readonly detail: string };

type Instruments = Answer<Instrument[], { markets?: readonly Offer[] }>;

/** What `key` means: its symbol may be written in small letters, or be the name. */
export async function findSubject(key: string, signal: AbortSignal): Promise<Found> {
  try {
    return await listed(key, signal) ?? await told(key, signal);
  } catch (error) {
    if (!(error instanceof Problem)) return { kind: "failed", detail: "The hub does not answer." };
    if (error.code !== "unknown_key") return { kind: "failed", detail: error.message };
    return { kind: "unknown", detail: error.message, nearest: error.nearest };
  }
}

/** Whether the exchange tells of this channel, and the hub follows it. */
export const tells = ({ offer }: Subject, channel: string): boolean =>
  offer !== null && offer.channels.includes(channel) && !offer.switched_off.includes(channel);

/** Where the terminal of an instrument is. */
export const terminalPath = (key: string): string => `/terminal/${inPath(key)}`;

/** The parts of a key; a symbol may hold colons. */
export function partsOf(key: string): { exchange: string; market: string; symbol: string } {
  const [exchange = "", market = "", ...symbol] = key.split(":");
  return { exchange, market, symbol: symbol.join(":") };
}

async function listed(key: string, signal: AbortSignal): Promise<Found | null> {
  const { exchange, market, symbol } = partsOf(key);
  if (!exchange || !market || !symbol) return null;
  try {
    const { data, meta } = await ask<Instruments>("/api/v1/instruments", { exchange, market, symbols: symbol }, signal);
    const only = data.length === 1 ? data[0] : undefined;
    return only ? { kind: "known", subject: { ...only, offer: offerOf(meta.markets, only) } } : null;
  } catch (error) {
    // Another exchange than there are is no reason to give up: the question about the key itself is answered in words.
    if (error instanceof Problem && error.status === 400) return null;
    throw error;
  }
}

/** The hub may know an instrument that no listing has; if it knows none, it says which come nearest. */
async function told(key: string, signal: AbortSignal): Promise<Found> {
  const named = await tickerOf(key, signal);
  const [base = null, quote = null] = named.name?.split("-") ?? [];
  return { kind: "known", subject: { ...partsOf(named.key), ...named, base, quote, tick_size: null, lot_size: null, offer: null } };
}

async function tickerOf(key: string, signal: AbortSignal): Promise<Pick<Subject, "key" | "name">> {
  try {
    const { data } = await ask<Answer<Pick<Subject, "key" | "name">>>(`/api/v1/tickers/${inPath(key)}`, {}, signal);
    return { key: data.key, name: data.name };
  } catch (error) {
    if (error instanceof Problem && error.code === "no_data_yet") return { key, name: null };
    throw error;
  }
}

const offerOf = (offers: readonly Offer[] | undefined, { exchange, market }: Instrument): Offer | null =>
  offers?.find((offer) => offer.exchange === exchange && offer.market === market) ?? null;
