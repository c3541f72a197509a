/** Doing what many changes ask for now and then only, and not under somebody's finger. */

import { createEffect, createSignal, on, onCleanup, type Accessor } from "solid-js";

/**
 * Counts the times at which `changes` should be answered: at once after a pause, then every `everyMs` at most, and not
 * while `isHeld`. The last change is always answered.
 */
export function paced(changes: Accessor<unknown>, everyMs: number, isHeld: Accessor<boolean> = () => false): Accessor<number> {
  const [beat, setBeat] = createSignal(0);
  let answeredAt = -Infinity, timer: ReturnType<typeof setTimeout> | undefined, isDue = false;

  const answer = (): void => {
    timer = undefined;
    if (isHeld()) return void (isDue = true);
    isDue = false;
    answeredAt = performance.now();
    setBeat((count) => count + 1);
  };
  createEffect(on(changes, () => {
    if (timer !== undefined || isDue) return;
    const wait = answeredAt + everyMs - performance.now();
    if (wait <= 0) answer();
    else timer = setTimeout(answer, wait);
  }));
  createEffect(on(isHeld, (held) => { if (!held && isDue) answer(); }));
  onCleanup(() => clearTimeout(timer));
  return beat;
}

/** Whether a pointer is pressed that went down on the element that `down` is given to. */
export function pointerHeld(): { isHeld: Accessor<boolean>; down: () => void } {
  const [isHeld, setIsHeld] = createSignal(false);
  const up = (): void => { setIsHeld(false); };
  for (const event of ["pointerup", "pointercancel", "blur"]) {
    window.addEventListener(event, up);
    onCleanup(() => window.removeEventListener(event, up));
  }
  return { isHeld, down: () => { setIsHeld(true); } };
}
