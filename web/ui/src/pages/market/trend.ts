/** The last hour of a price, a point per minute, and its line. Pure. */

export const MINUTES = 60;
const MINUTE_MS = 60_000;

export interface Point { readonly start: number; readonly close: number }

/** One price per minute, the newest last; NaN where nothing is known. */
export class Trend {
  readonly points = new Float64Array(MINUTES).fill(Number.NaN);
  /** The minute of the last point. */
  #minute = Number.NaN;

  /** Puts bars of one minute, the oldest first, behind what was seen since. */
  fill(bars: readonly Point[], nowMs: number): void {
    this.#reach(minuteOf(nowMs));
    for (const { start, close } of bars) {
      const place = this.#placeOf(minuteOf(start));
      if (place >= 0 && place < MINUTES && Number.isNaN(this.points[place])) this.points[place] = close;
    }
  }

  /** The price is this now. */
  note(price: number, nowMs: number): void {
    this.#reach(minuteOf(nowMs));
    this.points[MINUTES - 1] = price;
  }

  /** How long nothing was noted; Infinity if nothing ever was. */
  silenceMs(nowMs: number): number { return Number.isNaN(this.#minute) ? Infinity : nowMs - this.#minute * MINUTE_MS; }

  #placeOf(minute: number): number { return MINUTES - 1 - (this.#minute - minute); }

  #reach(minute: number): void {
    if (Number.isNaN(this.#minute)) this.#minute = minute;
    const passed = minute - this.#minute;
    if (passed <= 0) return;
    this.points.copyWithin(0, Math.min(passed, MINUTES));
    this.points.fill(Number.NaN, Math.max(0, MINUTES - passed));
    this.#minute = minute;
  }
}

const minuteOf = (ms: number): number => Math.floor(ms / MINUTE_MS);

/** A line through `points` as an SVG path of `width` × `height`; empty where it would be a dot. Unknown minutes are bridged. */
export function pathOf(points: ArrayLike<number>, width: number, height: number): string {
  const known = Array.from(points, (price, place) => ({ price, place })).filter(({ price }) => !Number.isNaN(price));
  if (known.length < 2) return "";
  const prices = known.map(({ price }) => price), low = Math.min(...prices), range = Math.max(...prices) - low;
  const x = (place: number): number => (place / (points.length - 1)) * width;
  const y = (price: number): number => (range === 0 ? height / 2 : height - ((price - low) / range) * height);
  return "M" + known.map(({ price, place }) => `${x(place).toFixed(1)} ${y(price).toFixed(1)}`).join("L");
}

/** Which way it went from the first known point to the last. */
export function directionOf(points: ArrayLike<number>): "up" | "down" | "flat" {
  const known = Array.from(points).filter((price) => !Number.isNaN(price));
  const change = (known.at(-1) ?? 0) - (known[0] ?? 0);
  return change > 0 ? "up" : change < 0 ? "down" : "flat";
}
