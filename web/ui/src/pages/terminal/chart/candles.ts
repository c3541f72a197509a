/** Candles, volume, shaded gaps and liquidations on a canvas, by lightweight-charts: the only file that knows it. */

import {
  CandlestickSeries, ColorType, createChart, createSeriesMarkers, CrosshairMode, HistogramSeries, TickMarkType,
  type CandlestickData, type HistogramData, type IChartApi, type ISeriesApi, type ISeriesMarkersPluginApi,
  type SeriesMarker, type Time, type WhitespaceData,
} from "lightweight-charts";
import type { Bar } from "tickwell/records";

import { compact, decimalsOf, price } from "~/format/number";
import type { Change, Point } from "~/pages/terminal/chart/bars";
import type { Span } from "~/pages/terminal/chart/holes";
import type { Mark as LiquidationMark } from "~/pages/terminal/chart/liquidations";
import { seconds, Shading } from "~/pages/terminal/chart/shading";
import { markText, timeInFull, type Mark } from "~/pages/terminal/chart/times";
import { coloursOf, withAlpha } from "~/pages/terminal/subject/colours";
import type { Zone } from "~/shell/preferences";

type Candle = CandlestickData<Time> | WhitespaceData<Time>;
type Colours = Record<keyof typeof PROPERTIES, string>;

const MARKS: Readonly<Record<TickMarkType, Mark>> = {
  [TickMarkType.Year]: "year", [TickMarkType.Month]: "month", [TickMarkType.DayOfMonth]: "day",
  [TickMarkType.Time]: "time", [TickMarkType.TimeWithSeconds]: "second",
};
/** Earlier bars are asked for when fewer than this many are left of what is seen. */
const NEAR_BARS = 60;
const DAY_MS = 86_400_000;
const LABELLED_MAX = 12;
const PROPERTIES = {
  up: "--up", down: "--down", line: "--line", muted: "--muted", surface: "--surface",
  warning: "--warning", stale: "--stale", accent: "--accent",
} as const;

export interface ChartEvents {
  /** The left end is near: more would be welcome. */
  readonly nearBegin: () => void;
  /** The pointer is at the bar that begins at `start` (Unix ms); null when it left. */
  readonly hovered: (start: number | null) => void;
}

export interface ChartFacts { readonly tickSize: number | null; readonly lengthMs: number }

export class CandleChart {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #volumes: ISeriesApi<"Histogram">;
  readonly #markers: ISeriesMarkersPluginApi<Time>;
  readonly #shading: Shading;
  #colours: Colours;
  #marks: readonly LiquidationMark[] = [];
  #isOld = false;

  constructor(readonly element: HTMLElement, readonly facts: ChartFacts, events: ChartEvents) {
    // Its logo would bring an inline style along, which the page's policy forbids; the page has a link of its own.
    this.#chart = createChart(element, {
      autoSize: true,
      layout: { attributionLogo: false },
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: {
        timeVisible: facts.lengthMs < DAY_MS, secondsVisible: facts.lengthMs < 60_000, rightOffset: 6, barSpacing: 7, minBarSpacing: 1,
      },
      rightPriceScale: { scaleMargins: { top: 0.06, bottom: 0.22 } },
    });
    this.#candles = this.#chart.addSeries(CandlestickSeries, { borderVisible: false, priceFormat: this.#priceFormat() });
    this.#volumes = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false,
    });
    this.#volumes.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    this.#markers = createSeriesMarkers(this.#candles, [], { zOrder: "aboveSeries" });
    this.#shading = new Shading(facts.lengthMs);
    this.#candles.attachPrimitive(this.#shading);
    this.#colours = coloursOf(element, PROPERTIES);
    this.#listen(events);
    this.repaint();
  }

  /** Paints what changed. What is seen stays where it is, whatever came before it. */
  draw(change: Change, points: () => readonly Point[]): void {
    if (change.kind === "all") {
      const all = points();
      this.#candles.setData(all.map((point) => this.#candle(point)));
      this.#volumes.setData(all.flatMap(({ bar }) => (bar ? [this.#volume(bar)] : [])));
    } else if (change.kind === "tail") {
      for (const point of change.points) {
        this.#candles.update(this.#candle(point));
        if (point.bar) this.#volumes.update(this.#volume(point.bar));
      }
    }
  }

  shade(spans: readonly Span[]): void { this.#shading.show(spans); }

  /** Marks liquidations; the largest of them with their value. */
  mark(marks: readonly LiquidationMark[]): void {
    this.#marks = marks;
    const labelled = new Set([...marks].sort((a, b) => b.value - a.value).slice(0, LABELLED_MAX));
    this.#markers.setMarkers(marks.map((each) => this.#marker(each, labelled.has(each))));
  }

  /** Shows prices as old ones, or as what is now. */
  setOld(isOld: boolean): void {
    this.#isOld = isOld;
    this.#candles.applyOptions({ priceLineColor: isOld ? this.#colours.stale : "", title: isOld ? "old" : "" });
  }

  /** Tells times in that zone. */
  setZone(zone: Zone): void {
    const { lengthMs } = this.facts;
    const timeFormatter = (time: Time): string => timeInFull(Number(time) * 1000, zone, lengthMs);
    const tickMarkFormatter = (time: Time, type: TickMarkType): string => markText(Number(time) * 1000, MARKS[type], zone, lengthMs);
    this.#chart.applyOptions({ localization: { timeFormatter }, timeScale: { tickMarkFormatter } });
  }

  /** Takes the colours of the page as they are now; `points` are painted anew. */
  repaint(points: readonly Point[] = []): void {
    const colours = this.#colours = coloursOf(this.element, PROPERTIES);
    const { fontFamily } = getComputedStyle(this.element), background = { type: ColorType.Solid, color: colours.surface } as const;
    const crosshair = { color: colours.muted, labelBackgroundColor: colours.accent };
    this.#chart.applyOptions({
      layout: { background, textColor: colours.muted, fontFamily, fontSize: 11 },
      grid: { vertLines: { color: withAlpha(colours.line, 0.55) }, horzLines: { color: withAlpha(colours.line, 0.55) } },
      rightPriceScale: { borderColor: colours.line }, timeScale: { borderColor: colours.line },
      crosshair: { vertLine: crosshair, horzLine: crosshair },
    });
    const { up, down } = colours;
    this.#candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    this.#shading.paint({ fill: withAlpha(colours.warning, 0.1), line: withAlpha(colours.warning, 0.28) });
    this.setOld(this.#isOld);
    this.mark(this.#marks);
    if (points.length > 0) this.draw({ kind: "all" }, () => points);
  }

  /** Moves by so many bars, to the past if negative. */
  scroll(bars: number): void {
    const scale = this.#chart.timeScale();
    scale.scrollToPosition(scale.scrollPosition() + bars, false);
  }

  zoom(factor: number): void {
    const scale = this.#chart.timeScale();
    scale.applyOptions({ barSpacing: Math.min(60, Math.max(1, scale.options().barSpacing * factor)) });
  }

  /** Whether one may scroll beyond the first bar: not where nothing can come there, if there are bars enough. */
  setEnd(isEnd: boolean): void { this.#chart.timeScale().applyOptions({ fixLeftEdge: isEnd }); }

  scrollToNow(): void { this.#chart.timeScale().scrollToRealTime(); }

  remove(): void { this.#chart.remove(); }

  #listen({ nearBegin, hovered }: ChartEvents): void {
    const scale = this.#chart.timeScale();
    scale.subscribeVisibleLogicalRangeChange((range) => { if (range && range.from < NEAR_BARS) nearBegin(); });
    this.#chart.subscribeCrosshairMove(({ time }) => hovered(time === undefined ? null : Number(time) * 1000));
  }

  #priceFormat() {
    const { tickSize } = this.facts;
    if (tickSize === null) return { type: "custom" as const, minMove: 1e-8, formatter: (value: number) => price(value) };
    return { type: "custom" as const, minMove: 10 ** -decimalsOf(tickSize), formatter: (value: number) => price(value, tickSize) };
  }

  #candle({ start, bar }: Point): Candle {
    if (bar === null) return { time: seconds(start) };
    return { time: seconds(start), open: bar.open, high: bar.high, low: bar.low, close: bar.close };
  }

  #volume(bar: Bar): HistogramData<Time> {
    const colour = bar.close < bar.open ? this.#colours.down : this.#colours.up;
    return { time: seconds(bar.start), value: bar.volume, color: withAlpha(colour, 0.35) };
  }

  #marker({ start, side, value, count }: LiquidationMark, isLabelled: boolean): SeriesMarker<Time> {
    const isLong = side === "long";
    return {
      id: `${start} ${side} ${count}`, time: seconds(start),
      position: isLong ? "aboveBar" : "belowBar", shape: isLong ? "arrowDown" : "arrowUp",
      color: isLong ? this.#colours.down : this.#colours.up, size: Math.min(2, 0.6 + Math.log10(1 + value) / 5),
      ...(isLabelled && { text: compact(value) }),
    };
  }
}
