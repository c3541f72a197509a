/** Measurements over the last ten seconds, in one bucket per second. Pure: the time is handed in. */

const SECONDS = 10;

/** The value below which a share of the sorted values lies (nearest rank). */
const quantile = (sorted, share) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];

export class Meter {
  #buckets = []; // {second, count, values}, oldest first
  #since = null;

  /** Counts `count` updates and keeps the measured values. */
  add(nowMs, count, values = []) {
    this.#since ??= nowMs;
    const second = Math.floor(nowMs / 1000);
    if (this.#buckets.at(-1)?.second !== second) this.#buckets.push({ second, count: 0, values: [] });
    const bucket = this.#buckets.at(-1);
    bucket.count += count;
    for (const value of values) bucket.values.push(value);
    this.#forget(nowMs);
  }

  /** Updates per second. */
  rate(nowMs) {
    this.#forget(nowMs);
    const span = Math.min(SECONDS, Math.max(1, (nowMs - (this.#since ?? nowMs)) / 1000));
    return this.#buckets.reduce((sum, { count }) => sum + count, 0) / span;
  }

  values(nowMs) {
    this.#forget(nowMs);
    return this.#buckets.flatMap(({ values }) => values);
  }

  #forget(nowMs) {
    const oldest = Math.floor(nowMs / 1000) - SECONDS;
    while (this.#buckets.length && this.#buckets[0].second <= oldest) this.#buckets.shift();
  }
}

/** `{p50, p99, min}` of any number of values; `null` of none. */
export function summary(values) {
  if (!values.length) return null;
  const sorted = Float64Array.from(values).sort();
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), min: sorted[0] };
}
