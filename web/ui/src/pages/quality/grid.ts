/** The grid of markets and channels: which columns there are, and each cell in one state. Pure. */

import { STATES, type ChannelQuality, type ChannelSummary, type MarketQuality, type State } from "~/pages/quality/told";

/** What a cell shows. `idle`: the hub follows the channel for nobody; `none`: the exchange has no such channel. */
export type CellState = State | "idle" | "none" | "stopped";

/** What is wrong first; what only begins comes after what has failed. */
const WORST_FIRST: readonly State[] = ["gapped", "stale", "refused", "halted", "connecting", "syncing", "live"];

/** A letter for each, so that a cell needs no colour to be read. */
export const LETTERS: Record<CellState, string> = {
  live: "L", stale: "S", gapped: "G", syncing: "Y", connecting: "C", halted: "H", refused: "R", idle: "–", none: "", stopped: "■",
};

export const MEANINGS: Record<CellState, string> = {
  live: "current",
  stale: "silent for longer than usual, or its connection is gone",
  gapped: "something is missing, and is being fetched again",
  syncing: "connected, the first data is awaited",
  connecting: "no connection yet",
  halted: "the exchange has halted it",
  refused: "the exchange does not serve it",
  idle: "offered, and followed for nobody now",
  none: "not offered",
  stopped: "stopped on purpose",
};

/** All channels that any market has, in the order in which the hub names them. */
export function channelsOf(markets: readonly MarketQuality[]): string[] {
  const longest = [...markets].sort((a, b) => b.channels.length - a.channels.length);
  return [...new Set(longest.flatMap(({ channels }) => channels.map(({ channel }) => channel)))];
}

export function channelOf(market: MarketQuality, channel: string): ChannelSummary | undefined {
  return market.channels.find((each) => each.channel === channel);
}

/** A cell in one state: the worst of its instruments'. */
export function cellState(market: MarketQuality, summary: ChannelSummary | undefined): CellState {
  if (summary === undefined || !summary.offered) return "none";
  if (!market.running || market.state === "stopped") return "stopped";
  return WORST_FIRST.find((state) => (summary.states[state] ?? 0) > 0) ?? "idle";
}

/** How many instruments are in each state, the worst first: `2 stale, 13 live`. */
export function countsOf(summary: ChannelSummary): { state: State; count: number }[] {
  return WORST_FIRST.flatMap((state) => {
    const count = summary.states[state] ?? 0;
    return count ? [{ state, count }] : [];
  });
}

/** Those that `text` and `state` mean, what is wrong first, and then by symbol. */
export function sifted(channels: readonly ChannelQuality[], text: string, state: string | undefined): ChannelQuality[] {
  const wanted = text.trim().toLowerCase();
  return channels
    .filter((each) => (!state || each.quality === state) && each.symbol.toLowerCase().includes(wanted))
    .sort((a, b) => rank(a) - rank(b) || a.symbol.localeCompare(b.symbol, "en", { numeric: true }));
}

export const isState = (text: string | undefined): text is State => (STATES as readonly string[]).includes(text ?? "");

const rank = ({ quality }: ChannelQuality): number => WORST_FIRST.indexOf(quality);
