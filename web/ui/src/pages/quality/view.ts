/** What the address of the page says, and how it is changed. */

import { useSearchParams } from "@solidjs/router";

import { WINDOWS, type WindowName } from "~/pages/quality/gaps";
import { isState, LETTERS } from "~/pages/quality/grid";
import type { State } from "~/pages/quality/told";

export interface Place { readonly exchange: string; readonly market: string; readonly channel: string }

type Params = Partial<Record<"at" | "state" | "q" | "window", string | undefined>>;

export const WINDOW_USUAL: WindowName = "30m";

/** `bybit:linear:trades` as a place; null for anything else. */
export function placeOf(text: string | undefined): Place | null {
  const [exchange, market, channel, ...more] = (text ?? "").split(":");
  return exchange && market && channel && more.length === 0 ? { exchange, market, channel } : null;
}

export const placeText = ({ exchange, market, channel }: Place): string => `${exchange}:${market}:${channel}`;

export function useView() {
  const [params, setParams] = useSearchParams<Params>();
  const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
  const set = (changes: Params): void => setParams(changes, { replace: true, scroll: false });
  return {
    place: (): Place | null => placeOf(one(params.at)),
    state: (): State | undefined => {
      const state = one(params.state);
      return isState(state) ? state : undefined;
    },
    search: (): string => one(params.q) ?? "",
    window: (): WindowName => {
      const name = one(params.window);
      return name !== undefined && name in WINDOWS ? name as WindowName : WINDOW_USUAL;
    },
    showPlace: (place: Place | null) =>
      setParams({ at: place ? placeText(place) : undefined, state: undefined, q: undefined }, { scroll: false }),
    setState: (state: string) => set({ state: state in LETTERS ? state : undefined }),
    setSearch: (text: string) => set({ q: text || undefined }),
    setWindow: (name: WindowName) => set({ window: name === WINDOW_USUAL ? undefined : name }),
  };
}

export type View = ReturnType<typeof useView>;
