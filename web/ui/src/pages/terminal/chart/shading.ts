/** Shades spans of time behind the candles: where trades may be missing, and where the time axis is cut. */

import type {
  IChartApiBase, IPrimitivePaneRenderer, IPrimitivePaneView, ISeriesPrimitive, SeriesAttachedParameter, Time, UTCTimestamp,
} from "lightweight-charts";

import type { Span } from "~/pages/terminal/chart/holes";

type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];

const STRIPE_PX = 6, CUT_PX = 3;

export class Shading implements ISeriesPrimitive<Time> {
  #spans: readonly Span[] = [];
  #colours = { fill: "", line: "" };
  #attached: SeriesAttachedParameter<Time> | null = null;
  readonly #renderer: IPrimitivePaneRenderer = { draw: (target) => this.#draw(target) };
  readonly #views: readonly IPrimitivePaneView[] = [{ zOrder: () => "bottom", renderer: () => this.#renderer }];

  /** Bars are `lengthMs` long. */
  constructor(readonly lengthMs: number) {}

  attached(parameter: SeriesAttachedParameter<Time>): void { this.#attached = parameter; }
  detached(): void { this.#attached = null; }
  paneViews(): readonly IPrimitivePaneView[] { return this.#views; }

  show(spans: readonly Span[]): void {
    this.#spans = spans;
    this.#attached?.requestUpdate();
  }

  paint(colours: { fill: string; line: string }): void {
    this.#colours = colours;
    this.#attached?.requestUpdate();
  }

  #draw(target: Target): void {
    const chart = this.#attached?.chart;
    if (!chart || this.#spans.length === 0) return;
    target.useMediaCoordinateSpace(({ context, mediaSize: { width, height } }) => {
      for (const span of this.#spans) {
        const edges = this.#edges(chart, span);
        if (!edges || edges.right <= 0 || edges.left >= width) continue;
        this.#shade(context, Math.max(0, edges.left), Math.min(width, edges.right), height);
      }
    });
  }

  /** From half a bar before the first bar of the span to half a bar after its last; a cut lies between two bars. */
  #edges(chart: IChartApiBase<Time>, { from, to, isCut }: Span): { left: number; right: number } | null {
    const scale = chart.timeScale(), half = scale.options().barSpacing / 2;
    const first = scale.timeToCoordinate(seconds(isCut ? from - this.lengthMs : from));
    const last = scale.timeToCoordinate(seconds(isCut ? to : to - this.lengthMs));
    if (first === null || last === null) return null;
    if (!isCut) return { left: first - half, right: last + half };
    return { left: (first + last - CUT_PX) / 2, right: (first + last + CUT_PX) / 2 };
  }

  #shade(context: CanvasRenderingContext2D, left: number, right: number, height: number): void {
    context.save();
    context.beginPath();
    context.rect(left, 0, right - left, height);
    context.clip();
    context.fillStyle = this.#colours.fill;
    context.fillRect(left, 0, right - left, height);
    context.strokeStyle = this.#colours.line;
    context.lineWidth = 1;
    context.beginPath();
    for (let x = left - (left % STRIPE_PX) - height; x < right; x += STRIPE_PX) {
      context.moveTo(x, height);
      context.lineTo(x + height, 0);
    }
    context.stroke();
    context.restore();
  }
}

export const seconds = (ms: number): UTCTimestamp => (ms / 1000) as UTCTimestamp;
