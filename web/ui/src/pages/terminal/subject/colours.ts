/** The colours of the style sheet, for what is painted on a canvas. */

/** The custom properties that `names` mean, as they are for `element` now. */
export function coloursOf<N extends string>(element: Element, names: Record<N, `--${string}`>): Record<N, string> {
  const style = getComputedStyle(element);
  const pairs = (Object.entries(names) as [N, string][]).map(([name, property]) => [name, style.getPropertyValue(property).trim()]);
  return Object.fromEntries(pairs) as Record<N, string>;
}

/** `rgb(1, 2, 3)` with so much of it; any other notation as it is. */
export function withAlpha(colour: string, alpha: number): string {
  const found = /^rgba?\((\d+),\s*(\d+),\s*(\d+)/.exec(colour);
  return found ? `rgba(${found[1]}, ${found[2]}, ${found[3]}, ${alpha})` : colour;
}
