/** The view and the page's address: each follows the other. */

import { useLocation, useNavigate } from "@solidjs/router";
import { createEffect, createSignal, on, onCleanup, type Accessor } from "solid-js";

import { searchOf, textsOf, type Texts } from "~/list/address";

const WRITE_AFTER_MS = 200; // browsers limit how often an address may change, and somebody types

/** The texts that the address tells, and how to change some: they are shown at once and written a little later. */
export function addressed<T extends Texts>(usual: T): [Accessor<T>, (changes: Partial<T>) => void] {
  const location = useLocation(), navigate = useNavigate();
  const [texts, setTexts] = createSignal<T>(textsOf(location.search, usual));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false; // another page's address is not ours to write

  const write = (): void => {
    const search = searchOf(texts(), usual);
    if (search !== location.search) navigate(location.pathname + search, { replace: true, scroll: false });
  };
  createEffect(on(() => location.search, (search) => {
    const told = textsOf(search, usual);
    if (searchOf(told, usual) !== searchOf(texts(), usual)) setTexts(() => told);
  }, { defer: true }));
  onCleanup(() => {
    isOver = true;
    clearTimeout(timer);
  });
  return [texts, (changes) => {
    setTexts((before) => ({ ...before, ...changes }));
    clearTimeout(timer);
    if (!isOver) timer = setTimeout(write, WRITE_AFTER_MS);
  }];
}
