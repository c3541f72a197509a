/**
 * All that a chart shows of one instrument and interval, from wherever it comes, as one store that says what changed.
 *
 * The stream is never behind, and never jumps: after an interruption the hub's memory is asked again, and fills what
 * was missed.
 */

import { createSignal, type Accessor } from "solid-js";
import type { Bar, Interval, Liquidation } from "tickwell/records";

import { hub } from "~/live/hub";
import { Bars } from "~/pages/terminal/chart/bars";
import { earlierBars, knownGaps, newestBars, newestLiquidations } from "~/pages/terminal/chart/history";
import { Gaps, type Gap } from "~/pages/terminal/chart/holes";
import { LENGTH_MS } from "~/pages/terminal/chart/intervals";
import { Liquidations } from "~/pages/terminal/chart/liquidations";
import { tells, type Subject } from "~/pages/terminal/subject/subject";

const RATE_HZ = 5, AGAIN_AFTER_MS = 3000;

/** How far back it goes: `loading`, `more` can be had, all that there is (`whole`), or it `failed`. */
export type Reach = "loading" | "more" | "whole" | "failed";

export class ChartFeed {
  readonly bars: Bars;
  readonly gaps = new Gaps();
  readonly liquidations = new Liquidations();
  readonly #reach = createSignal<Reach>("loading");
  readonly #lacks = createSignal(false);
  readonly #aborter = new AbortController();
  readonly #subscriptions: { close(): void }[] = [];
  #isBusy = false;

  /** `changed` is called whenever there is something new to paint. */
  constructor(readonly subject: Subject, readonly interval: Interval, readonly changed: () => void) {
    this.bars = new Bars(LENGTH_MS[interval]);
    this.#follow();
    void this.#catchUp();
  }

  get reach(): Accessor<Reach> { return this.#reach[0]; }

  /** Whether liquidations happened that nobody told us. */
  get lacksLiquidations(): Accessor<boolean> { return this.#lacks[0]; }

  /** Has earlier bars fetched, unless that is under way or there are none. */
  async reachBack(): Promise<void> {
    const first = this.bars.first;
    if (this.#isBusy || first === undefined || this.reach() === "whole") return;
    await this.#whileBusy((signal) => this.#fetchBefore(first.start, signal));
  }

  close(): void {
    this.#aborter.abort();
    for (const each of this.#subscriptions) each.close();
  }

  #follow(): void {
    const { key } = this.subject;
    const bars = hub().bars(key, { interval: this.interval, max_rate_hz: RATE_HZ });
    bars.on("data", (records, { ts_out }) => this.#take(records, ts_out ?? Date.now()));
    bars.on("gap", (gap) => this.#takeGaps(gap.from === undefined ? [] : [gap as unknown as Gap]));
    bars.on("connected", () => void this.#catchUp());
    this.#subscriptions.push(bars);
    if (!tells(this.subject, "liquidations")) return;
    const liquidations = hub().liquidations(key, { snapshot: true });
    liquidations.on("data", (records) => this.#takeLiquidations(records));
    liquidations.on("gap", ({ healed }) => { if (!healed) this.#lacks[1](true); });
    this.#subscriptions.push(liquidations);
  }

  /**
   * Takes what the hub remembers: at the beginning, and whenever the stream was interrupted. Of what has not traded since
   * the hub's start it remembers nothing, and history may.
   */
  async #catchUp(): Promise<void> {
    await this.#whileBusy(async (signal) => {
      const { key } = this.subject;
      const [page, gaps, liquidations] = await Promise.all([
        newestBars(key, this.interval, signal),
        knownGaps(key, signal),
        tells(this.subject, "liquidations") ? newestLiquidations(this.subject, signal) : [],
      ]);
      if (signal.aborted) return;
      this.#take(page.bars, page.asOf, gaps);
      this.#takeLiquidations(liquidations);
      if (this.bars.first === undefined) await this.#fetchBefore(page.asOf, signal);
      else this.#reach[1]("more");
    });
  }

  /** Takes the newest bars that history has from before `start` (Unix ms). */
  async #fetchBefore(start: number, signal: AbortSignal): Promise<void> {
    const page = await earlierBars(this.subject.key, this.interval, start, signal);
    if (signal.aborted) return;
    this.#take(page.bars, page.asOf, page.gaps);
    const isFull = this.bars.size >= this.bars.max;
    this.#reach[1](isFull || (!page.hasMore && page.bars.length === 0) ? "whole" : "more");
  }

  async #whileBusy(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#aborter;
    this.#isBusy = true;
    try {
      await work(signal);
    } catch {
      if (!signal.aborted) this.#failed();
    } finally {
      this.#isBusy = false;
    }
  }

  /** The stream goes on meanwhile; what is missing before it is asked for again, when the hub may be well. */
  #failed(): void {
    this.#reach[1]("failed");
    const timer = setTimeout(() => void this.#catchUp(), AGAIN_AFTER_MS);
    this.#aborter.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  }

  #take(bars: readonly Bar[], toldAt: number, gaps: readonly Gap[] = []): void {
    this.bars.merge(bars, toldAt);
    this.gaps.merge(gaps);
    this.changed();
  }

  #takeLiquidations(liquidations: readonly Liquidation[]): void {
    if (this.liquidations.add(liquidations)) this.changed();
  }

  #takeGaps(gaps: readonly Gap[]): void {
    if (this.gaps.merge(gaps)) this.changed();
  }
}
