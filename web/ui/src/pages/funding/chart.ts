/** Past funding rates as steps of a chart: where they stand, what its axes say. Pure. */

/** A rate from `ts` (Unix ms) on, until the next. */
export interface Point { readonly ts: number; readonly value: number }

export interface Frame { readonly from: number; readonly to: number; readonly low: number; readonly high: number }

const ROOM = 0.08;

/** What holds all of `lines` between two times. Zero is always within, for the sign of a rate is what matters first. */
export function frameOf(lines: readonly (readonly Point[])[], from: number, to: number): Frame {
  const values = lines.flatMap((line) => line.map(({ value }) => value));
  const low = Math.min(0, ...values), high = Math.max(0, ...values), room = (high - low) * ROOM || 1;
  return { from, to, low: low < 0 ? low - room : 0, high: high > 0 ? high + room : low < 0 ? 0 : 1 };
}

/** The steps of a line as an SVG path within `width` by `height`; nothing is drawn before the first point. */
export function stepsOf(points: readonly Point[], frame: Frame, width: number, height: number): string {
  const x = (ts: number): string => (((clamped(ts, frame.from, frame.to) - frame.from) / (frame.to - frame.from)) * width).toFixed(1);
  const parts = points.map(({ ts, value }, index) => {
    const y = yOf(value, frame, height);
    return index === 0 ? `M${x(ts)} ${y}` : `H${x(ts)}V${y}`;
  });
  return parts.length ? `${parts.join("")}H${x(frame.to)}` : "";
}

/** Where a value stands, from the top. */
export const yOf = (value: number, { low, high }: Frame, height: number): string => (((high - value) / (high - low)) * height).toFixed(1);

/** The value of a line at a time: of the newest point before it. */
export function valueAt(points: readonly Point[], ts: number): number | null {
  let found: number | null = null;
  for (const point of points) {
    if (point.ts > ts) break;
    found = point.value;
  }
  return found;
}

/** About `count` round values between the ends. */
export function ticksOf({ low, high }: Frame, count = 4): number[] {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((each) => each * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step + 0);
}

const clamped = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
