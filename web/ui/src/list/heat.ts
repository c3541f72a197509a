/** How strongly a figure is coloured in a heat map. Pure. */

/** 0 within the first of `steps`, else which of them (four at most) the value has reached, with its sign. */
export function heatOf(value: number | null | undefined, steps: readonly number[]): number {
  if (value === null || value === undefined || !Number.isFinite(value)) return 0;
  const reached = steps.filter((step) => Math.abs(value) >= step).length;
  return reached === 0 ? 0 : Math.sign(value) * Math.min(4, reached);
}
