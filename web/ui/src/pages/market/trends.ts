/** The trends of the rows that somebody looks at: an hour of bars from the hub, once, and what the page has seen since. */

import { createSignal, onCleanup, untrack } from "solid-js";

import { hubNowMs } from "~/live/clock";
import { ask, inPath, type Answer } from "~/live/rest";
import { MINUTES, Trend, type Point } from "~/pages/market/trend";

const AT_ONCE = 3;
const KEPT = 600;
const DWELL_MS = 200; // who scrolls past wants nothing
const SILENCE_MS = 150_000; // after so long without a look the bars of the meantime are asked for
const ENOUGH = 50; // bars of the hour: a hub that has just begun, or an instrument that is new, has fewer
const AGAIN_AFTER_MS = 10_000; // where there were fewer, or none

interface Entry { readonly trend: Trend; askAt: number }

export class Trends {
  readonly #entries = new Map<string, Entry>();
  readonly #wanted = new Set<string>();
  readonly #loaded = createSignal(0);
  readonly #now: () => number;
  #running = 0;

  /** `now` is the hub's clock, by which bars are told. */
  constructor(now = (): number => untrack(hubNowMs)) { this.#now = now; }

  /** Grows whenever bars have come. */
  get loaded(): () => number { return this.#loaded[0]; }

  /** The trend of an instrument, as far as it is known. */
  of(key: string): Trend { return this.#entry(key).trend; }

  /** Somebody looks at it now: what is missing is fetched, unless the component that calls goes on to something else at once. */
  look(key: string): void {
    const timer = setTimeout(() => this.#want(key), DWELL_MS);
    onCleanup(() => {
      clearTimeout(timer);
      this.#wanted.delete(key);
    });
  }

  /** The price is this now, for somebody who looks. A tab that slept fetches what it slept through. */
  note(key: string, price: number, nowMs: number): void {
    const entry = this.#entry(key), silence = entry.trend.silenceMs(nowMs);
    if (silence > SILENCE_MS && silence !== Infinity) entry.askAt = nowMs;
    entry.trend.note(price, nowMs);
    if (entry.askAt > 0) this.#want(key);
  }

  #want(key: string): void {
    if (this.#entry(key).askAt > this.#now()) return;
    this.#wanted.add(key);
    this.#next();
  }

  #next(): void {
    for (const key of this.#wanted) {
      if (this.#running >= AT_ONCE) return;
      this.#wanted.delete(key);
      void this.#load(key, this.#entry(key));
    }
  }

  async #load(key: string, entry: Entry): Promise<void> {
    this.#running += 1;
    entry.askAt = this.#now() + AGAIN_AFTER_MS;
    try {
      const { data } = await ask<Answer<Point[]>>(`/api/v1/bars/${inPath(key)}`, { interval: "1m", limit: MINUTES });
      entry.trend.fill(data, this.#now());
      if (data.length >= ENOUGH) entry.askAt = Infinity;
      this.#loaded[1]((count) => count + 1);
    } catch {
      // No bars there, or no hub: the line is made of what the page sees itself.
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  /** The last that was looked at is the last to be forgotten. */
  #entry(key: string): Entry {
    const entry = this.#entries.get(key) ?? { trend: new Trend(), askAt: 0 };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > KEPT) this.#entries.delete(this.#entries.keys().next().value!);
    return entry;
  }
}
