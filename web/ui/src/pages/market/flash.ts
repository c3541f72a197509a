/** Marking an element for a moment: by an attribute that comes and goes, which costs two paints and no animation. */

export const FLASH_MS = 300;

const endsAt = new Map<HTMLElement, number>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Sets `data-flash` of the element for 300 ms; again while it lasts begins anew. */
export function flash(element: HTMLElement, direction: string): void {
  element.dataset["flash"] = direction;
  endsAt.set(element, performance.now() + FLASH_MS);
  timer ??= setTimeout(clear, FLASH_MS);
}

/** Ends it now: the element shows something else. */
export function unflash(element: HTMLElement): void {
  if (endsAt.delete(element)) delete element.dataset["flash"];
}

function clear(): void {
  timer = undefined;
  const now = performance.now();
  for (const [element, end] of endsAt) if (end <= now) unflash(element);
  const next = Math.min(...endsAt.values());
  if (Number.isFinite(next)) timer = setTimeout(clear, Math.max(20, next - now));
}
