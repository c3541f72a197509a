/** What the address says about the view: whatever is as usual is left out of it. */

import type { Accessor } from "solid-js";
import type { Interval } from "tickwell/records";

import { oneOf } from "~/list/address";
import { addressed } from "~/list/addressed";
import { intervalOf, USUAL } from "~/pages/terminal/chart/intervals";
import { amountOf } from "~/pages/terminal/tape/tape";

export const PANES = ["chart", "book", "trades", "depth", "elsewhere"] as const;
export type Pane = (typeof PANES)[number];
export const PANE_NAMES: Readonly<Record<Pane, string>> = {
  chart: "Chart", book: "Book", trades: "Trades", depth: "Depth", elsewhere: "Others",
};

export interface View {
  readonly interval: Accessor<Interval>;
  /** The width of a level of the book; null for the exchange's own levels. */ readonly grouping: Accessor<number | null>;
  /** The least value of a trade that is shown, as it was written. */ readonly minimum: Accessor<string>;
  /** Which pane a narrow screen shows. */ readonly pane: Accessor<Pane>;
  readonly setInterval: (interval: Interval) => void;
  readonly setGrouping: (grouping: number | null) => void;
  readonly setMinimum: (minimum: string) => void;
  readonly setPane: (pane: Pane) => void;
}

/** How the address spells it, and what is as usual. */
const WRITTEN = { interval: USUAL as string, group: "", min: "", pane: "chart" as string };

/** The view that the address of the page describes, and what changes it. */
export function useView(): View {
  const [written, write] = addressed(WRITTEN);
  return {
    interval: () => intervalOf(written().interval),
    grouping: () => groupingOf(written().group),
    minimum: () => (amountOf(written().min) === null ? "" : written().min),
    pane: () => oneOf(written().pane, PANES),
    setInterval: (interval) => write({ interval }),
    setGrouping: (grouping) => write({ group: grouping === null ? "" : String(grouping) }),
    setMinimum: (minimum) => write({ min: amountOf(minimum) ? minimum.trim() : "" }),
    setPane: (pane) => write({ pane }),
  };
}

/** What of the view still means something for another instrument: the width of a level does not. */
export function carriedOver(search: string): string {
  const kept = new URLSearchParams(search);
  kept.delete("group");
  return kept.size ? `?${kept}` : "";
}

/** The width of a level that `text` means, as the hub takes it; null if it means none. */
export function groupingOf(text: string): number | null {
  const width = Number(text || NaN);
  return Number.isFinite(width) && width >= 1e-10 && width <= 1e9 ? width : null;
}
