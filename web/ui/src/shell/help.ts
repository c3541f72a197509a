/** The keys that a page understands, for the help that `?` opens. */

import { createSignal, onCleanup, type Accessor } from "solid-js";

/** Keys, and what they do: `["j, ↓", "next instrument"]`. */
export type Keys = readonly (readonly [keys: string, meaning: string])[];

export interface Help { readonly title: string; readonly keys: Keys }

const [pages, setPages] = createSignal<readonly Help[]>([]);

/** What the shown pages understand. */
export const pageHelp: Accessor<readonly Help[]> = pages;

/** Adds keys to the help, for as long as the component that calls is shown. */
export function explainKeys(title: string, keys: Keys): void {
  const help = { title, keys };
  setPages((shown) => [...shown, help]);
  onCleanup(() => setPages((shown) => shown.filter((each) => each !== help)));
}
