/** Single keys as commands of a page. They leave alone whoever writes, and what the browser itself does with a key. */

import { onCleanup } from "solid-js";

/** Calls `handle` for keys pressed anywhere in the page, until its component is gone. `true` means that it was for us. */
export function onHotkey(handle: (key: string, event: KeyboardEvent) => boolean): void {
  const listen = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTaken(event.target, event.key)) return;
    if (handle(event.key, event)) event.preventDefault();
  };
  document.addEventListener("keydown", listen);
  onCleanup(() => document.removeEventListener("keydown", listen));
}

/** Whether the element that has the focus needs the key itself. */
function isTaken(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof Element)) return false;
  if (document.querySelector("dialog[open]") !== null || target.closest("[popover]") !== null) return true;
  if (target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null) return key !== "Escape";
  return target.closest("a, button, summary, [role=tab], input") !== null && (key === "Enter" || key === " ");
}
