/** Which rows of a long list are worth having in the page. Pure: no element is touched here. */

export interface Window { readonly from: number; readonly to: number }

/**
 * The rows `from` to before `to` that `height` pixels show at `scrollTop`, and `beyond` more on either side.
 *
 * All rows are `rowHeight` pixels high. The answer lies within the `count` rows that there are, however far was scrolled.
 */
export function windowOf(scrollTop: number, height: number, rowHeight: number, count: number, beyond = 8): Window {
  const first = Math.floor(scrollTop / rowHeight), last = Math.ceil((scrollTop + height) / rowHeight);
  const to = Math.min(count, Math.max(0, last + beyond));
  return { from: Math.max(0, Math.min(first - beyond, to)), to };
}

/** Where to scroll so that row `index` is seen whole below a header of `head` pixels; `scrollTop` if it is already. */
export function scrollTo(index: number, scrollTop: number, height: number, rowHeight: number, head = 0): number {
  const top = index * rowHeight, bottom = top + rowHeight;
  if (top < scrollTop) return top;
  if (bottom > scrollTop + height - head) return bottom - height + head;
  return scrollTop;
}

/**
 * The row that line `line` of `lines` shows when the window begins with row `from`.
 *
 * A row keeps its line for as long as it is within the window: scrolling by one row writes one line anew.
 */
export function rowOfLine(line: number, lines: number, from: number): number {
  return from + ((((line - from) % lines) + lines) % lines);
}
