/** What a reader prefers on every page: the colours, and whose time. Kept by the browser, where it keeps anything. */

import { createRoot, createSignal, createEffect, type Accessor } from "solid-js";

export type Theme = "system" | "dark" | "light";
export type Zone = "utc" | "local";

const DARK = "(prefers-color-scheme: dark)";

/** A choice that survives a reload. Storage may be forbidden: then it lasts as long as the page. */
export function kept<T extends string>(name: string, choices: readonly [T, ...T[]]): [Accessor<T>, (value: T) => void] {
  const [value, setValue] = createSignal<T>(choices.find((each) => each === read(name)) ?? choices[0]);
  return [value, (chosen) => {
    setValue(() => chosen);
    write(name, chosen);
  }];
}

export function read(name: string): string | null {
  try {
    return localStorage.getItem(`tickwell.${name}`);
  } catch {
    return null;
  }
}

export function write(name: string, value: string): void {
  try {
    localStorage.setItem(`tickwell.${name}`, value);
  } catch {
    // Full or forbidden: the page works without.
  }
}

export const [theme, setTheme] = kept<Theme>("theme", ["system", "dark", "light"]);

/** Whose time the pages tell. */
export const [zone, setZone] = kept<Zone>("zone", ["local", "utc"]);

// Where there is nothing to ask, as in tests, it is light.
const system = window.matchMedia?.(DARK) ?? { matches: false, addEventListener: () => {} };
const [systemIsDark, setSystemIsDark] = createSignal(system.matches);
system.addEventListener("change", () => setSystemIsDark(system.matches));

/** Whether the page is dark now: whoever paints on a canvas paints anew when it changes. */
export const isDark = (): boolean => (theme() === "system" ? systemIsDark() : theme() === "dark");

createRoot(() => createEffect(() => {
  if (theme() === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme();
}));
