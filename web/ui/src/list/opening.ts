/** Rows that open something beside the list: by a click, by Enter, and by moving on while something is open. */

import { createSignal, type Accessor } from "solid-js";

export interface Opening {
  readonly selected: Accessor<string | undefined>;
  readonly select: (key: string | undefined) => void;
  readonly open: (key: string) => void;
  /** A pointer went down on a row: what is selected next was clicked. */
  readonly press: () => void;
  /** A key of the keyboard was pressed: what is selected next was not. */
  readonly release: () => void;
}

/** `opened` is the key of what is open, empty for nothing; `onOpen` is told what should be. */
export function opening(opened: Accessor<string>, onOpen: (key: string) => void): Opening {
  const [selected, setSelected] = createSignal<string | undefined>(opened() || undefined);
  let isPressed = false;
  return {
    selected,
    select: (key) => {
      setSelected(key);
      if (key !== undefined && (isPressed || opened() !== "")) onOpen(key);
    },
    // The second click of two has opened the row already.
    open: (key) => onOpen(!isPressed && opened() === key ? "" : key),
    press: () => { isPressed = true; },
    release: () => { isPressed = false; },
  };
}
