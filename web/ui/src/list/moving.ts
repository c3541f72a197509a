/** Where a key of the keyboard leads in a list. Pure. */

const STEPS: Readonly<Record<string, (index: number, count: number, page: number) => number>> = {
  j: (index) => index + 1,
  ArrowDown: (index) => index + 1,
  k: (index) => index - 1,
  ArrowUp: (index) => index - 1,
  PageDown: (index, _, page) => index + page,
  PageUp: (index, _, page) => index - page,
  g: () => 0,
  Home: () => 0,
  G: (_, count) => count - 1,
  End: (_, count) => count - 1,
};

/**
 * The row that `key` leads to from row `index` (-1 for none yet) of `count`, where `page` rows are seen and `first` is
 * the uppermost of them. Null for a key that moves nothing.
 */
export function moved(key: string, index: number, count: number, page: number, first = 0): number | null {
  const step = Object.hasOwn(STEPS, key) ? STEPS[key] : undefined;
  if (step === undefined || count === 0) return null;
  const isJump = ["g", "Home", "G", "End"].includes(key);
  const target = index < 0 && !isJump ? first : step(index, count, Math.max(1, page));
  return Math.min(count - 1, Math.max(0, target));
}
