/** A page's view as its address carries it: texts by name, without those that are as ever. Pure. */

export type Texts = Readonly<Record<string, string>>;

/** What an address says; `usual` names what it may say, and what holds where it says nothing. */
export function textsOf<T extends Texts>(search: string, usual: T): T {
  const told = new URLSearchParams(search);
  return Object.fromEntries(Object.entries(usual).map(([name, text]) => [name, told.get(name) ?? text])) as T;
}

/** The address of a view: empty, or from `?` on. */
export function searchOf<T extends Texts>(texts: T, usual: T): string {
  const told = Object.entries(texts).filter(([name, text]) => text !== usual[name]);
  return told.length ? `?${new URLSearchParams(told)}` : "";
}

/** `text` if it is one of `words`, else the first of them: an address may say anything. */
export const oneOf = <W extends string>(text: string, words: readonly [W, ...W[]]): W => words.find((word) => word === text) ?? words[0];

/** The number that `text` is, within bounds; `otherwise` for what is none. */
export function numberIn(text: string, least: number, most: number, otherwise: number): number {
  const value = text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : otherwise;
}
