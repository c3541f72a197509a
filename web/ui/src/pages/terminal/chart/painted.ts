/** A chart that paints what its feed brings, at most once per frame, for as long as the component that asks is shown. */

import { createEffect, createMemo, createSignal, on, onCleanup, onMount, type Accessor } from "solid-js";
import type { Bar, Interval } from "tickwell/records";

import { oncePerFrame } from "~/live/frames";
import { CandleChart } from "~/pages/terminal/chart/candles";
import { ChartFeed, type Reach } from "~/pages/terminal/chart/feed";
import { spansOf, type Gap } from "~/pages/terminal/chart/holes";
import { LENGTH_MS } from "~/pages/terminal/chart/intervals";
import type { Subject } from "~/pages/terminal/subject/subject";
import { isDark, zone } from "~/shell/preferences";

/** With fewer bars than this, free space before the first one does no harm. */
const ENOUGH_BARS = 300;

export interface Painted {
  /** The element to paint in. */ readonly attach: (element: HTMLElement) => void;
  /** The chart itself, once it is there. */ readonly chart: () => CandleChart | undefined;
  /** The bar under the pointer; without one, the newest. */ readonly bar: Accessor<Bar | undefined>;
  /** When that under the pointer began; null without one. */ readonly hovered: Accessor<number | null>;
  /** The gap that the place under the pointer lies in. */ readonly gap: Accessor<Gap | undefined>;
  readonly isEmpty: Accessor<boolean>;
  readonly reach: Accessor<Reach>;
  readonly lacksLiquidations: Accessor<boolean>;
}

export function paintedChart(subject: Subject, interval: Interval, isOld: Accessor<boolean>): Painted {
  const lengthMs = LENGTH_MS[interval];
  const [hovered, setHovered] = createSignal<number | null>(null), [revision, setRevision] = createSignal(0);
  let element: HTMLElement | undefined, chart: CandleChart | undefined;

  const feed = new ChartFeed(subject, interval, () => paint());
  const shading = shadingOf(feed, lengthMs);
  const paint = oncePerFrame(() => {
    if (!chart) return;
    const change = feed.bars.take();
    chart.draw(change, () => feed.bars.points());
    shading(chart, change.kind === "all" || (change.kind === "tail" && change.points.length > 1));
    setRevision((count) => count + 1);
  });

  onMount(() => {
    const events = { nearBegin: () => void feed.reachBack(), hovered: setHovered };
    const made = chart = new CandleChart(element!, { tickSize: subject.tick_size, lengthMs }, events);
    createEffect(() => made.setOld(isOld()));
    createEffect(() => made.setZone(zone()));
    createEffect(() => made.setEnd(revision() > 0 && feed.reach() === "whole" && feed.bars.size > ENOUGH_BARS));
    createEffect(on(isDark, () => made.repaint(feed.bars.points()), { defer: true }));
    paint();
  });
  onCleanup(() => {
    feed.close();
    chart?.remove();
    chart = undefined;
  });

  const placed = <T>(told: (start: number | null) => T): Accessor<T> => createMemo(() => { revision(); return told(hovered()); });
  return {
    attach: (given) => { element = given; },
    chart: () => chart,
    bar: placed((start) => (start === null ? feed.bars.last : feed.bars.at(start))),
    gap: placed((start) => (start === null ? undefined : feed.gaps.within(start, start + lengthMs))),
    hovered,
    isEmpty: () => revision() > 0 && feed.bars.size === 0,
    reach: feed.reach,
    lacksLiquidations: feed.lacksLiquidations,
  };
}

/** What shades and marks a chart, where that may have changed: it costs a look at every bar. */
function shadingOf(feed: ChartFeed, lengthMs: number): (chart: CandleChart, hasNewPlaces: boolean) => void {
  let shaded: unknown[] = [], marked = -1;
  return (chart, hasNewPlaces) => {
    const now = [feed.gaps.revision, feed.bars.last?.gap];
    if (hasNewPlaces || now.some((value, place) => value !== shaded[place])) chart.shade(spansOf(feed.bars.points(), feed.gaps.all, lengthMs));
    if (feed.liquidations.revision !== marked) chart.mark(feed.liquidations.marks(lengthMs));
    shaded = now;
    marked = feed.liquidations.revision;
  };
}
