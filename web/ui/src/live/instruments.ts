/** What the hub knows of every instrument that does not move: tick size, base and quote. Asked for once, and again when one is new. */

import { createSignal } from "solid-js";

import { ask, type Answer } from "~/live/rest";

export interface Instrument {
  readonly key: string;
  readonly exchange: string;
  readonly market: string;
  readonly symbol: string;
  readonly name: string;
  readonly base: string;
  readonly quote: string;
  readonly tick_size: number | null;
  readonly lot_size: number | null;
  readonly multiplier: number;
  readonly funding_interval_h: number | null;
  readonly halted: string | null;
}

const AGAIN_AFTER_MS = 15_000;

const [known, setKnown] = createSignal<ReadonlyMap<string, Instrument>>(new Map());
let askedAt = -Infinity;

/** The instrument of a key; undefined until it is known. Who asks within an effect is told when it is. */
export function instrumentOf(key: string): Instrument | undefined {
  const instrument = known().get(key);
  if (instrument === undefined && performance.now() - askedAt > AGAIN_AFTER_MS) void fetchAll();
  return instrument;
}

/** Every instrument that is known by now. */
export function allInstruments(): ReadonlyMap<string, Instrument> {
  if (askedAt === -Infinity) void fetchAll();
  return known();
}

/** The price step of an instrument; null until it is known, or where its exchange has none. */
export const tickSizeOf = (key: string): number | null => instrumentOf(key)?.tick_size ?? null;

async function fetchAll(): Promise<void> {
  askedAt = performance.now();
  try {
    const { data } = await ask<Answer<Instrument[]>>("/api/v1/instruments");
    setKnown(new Map(data.map((instrument) => [instrument.key, instrument])));
  } catch {
    // The hub is out of reach: the page says so elsewhere, and asks again when a key is shown.
  }
}
