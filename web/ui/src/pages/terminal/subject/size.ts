/** How large an element is, told whenever that changes. */

import { createSignal, onCleanup, type Accessor } from "solid-js";

export interface Size { readonly width: number; readonly height: number }

/** What observes the element that it is given, and its inner size in CSS pixels; 0 while it is not shown. */
export function observeSize(): [(element: Element) => void, Accessor<Size>] {
  const [size, setSize] = createSignal<Size>({ width: 0, height: 0 });
  const observer = new ResizeObserver((entries) => {
    const { width, height } = entries.at(-1)!.contentRect;
    setSize((known) => (known.width === width && known.height === height ? known : { width, height }));
  });
  onCleanup(() => observer.disconnect());
  return [(element) => observer.observe(element), size];
}

/** Whether a media query is true now. */
export function matches(query: string): Accessor<boolean> {
  const media = matchMedia(query), [isTrue, setIsTrue] = createSignal(media.matches);
  const tell = (): boolean => setIsTrue(media.matches);
  media.addEventListener("change", tell);
  onCleanup(() => media.removeEventListener("change", tell));
  return isTrue;
}
