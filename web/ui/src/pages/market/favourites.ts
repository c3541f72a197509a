/** The instruments with a star. The browser keeps them, where it keeps anything. */

import { createSignal, type Accessor } from "solid-js";

import { read, write } from "~/shell/preferences";

const NAME = "favourites";
const [keys, setKeys] = createSignal<ReadonlySet<string>>(new Set(readKeys()));

/** Their keys. */
export const favourites: Accessor<ReadonlySet<string>> = keys;

/** Gives an instrument a star, or takes it away. */
export function toggleFavourite(key: string): void {
  const changed = new Set(keys());
  if (!changed.delete(key)) changed.add(key);
  setKeys(changed);
  write(NAME, JSON.stringify([...changed]));
}

function readKeys(): string[] {
  try {
    const kept: unknown = JSON.parse(read(NAME) ?? "[]");
    return Array.isArray(kept) ? kept.filter((key) => typeof key === "string") : [];
  } catch {
    return []; // not ours, or from another time
  }
}
