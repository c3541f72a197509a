/** Every market and channel in one cell: its colour, its letter and its words say how it is. */

import { createMemo, For, Index, Show, type JSX } from "solid-js";

import { fixed } from "~/format/number";
import { cellState, channelOf, channelsOf, countsOf, LETTERS, MEANINGS, type CellState } from "~/pages/quality/grid";
import { Heads, number, text } from "~/pages/quality/Heads";
import type { ChannelSummary, MarketQuality } from "~/pages/quality/told";
import { placeText, type View } from "~/pages/quality/view";
import { properName } from "~/shell/condition";

const LEGEND: readonly CellState[] = ["live", "stale", "gapped", "syncing", "connecting", "halted", "refused", "idle", "stopped"];

export function StateGrid(props: { markets: readonly MarketQuality[]; view: View }): JSX.Element {
  const channels = createMemo(() => channelsOf(props.markets), [], { equals: (a, b) => a.join() === b.join() });
  const heads = () => [text("Market"), number("Messages/s"), ...channels().map((channel) => text(channel))];
  return (
    <section class="panel" aria-labelledby="grid-title">
      <header>
        <h2 id="grid-title">States</h2>
        <ul class="legend" aria-label="What the letters mean">
          <For each={LEGEND}>
            {(state) => <li title={MEANINGS[state]}><Letter state={state} /> {state}</li>}
          </For>
        </ul>
      </header>
      <div class="scroller" role="region" tabindex="0" aria-label="States by market and channel">
        <table class="table grid">
          <Heads of={heads()} />
          <tbody>
            <Index each={props.markets} fallback={<tr><td class="empty" colspan="9">No market has told of itself yet.</td></tr>}>
              {(market) => <MarketRow market={market()} channels={channels()} view={props.view} />}
            </Index>
          </tbody>
        </table>
      </div>
    </section>
  );
}

function MarketRow(props: { market: MarketQuality; channels: readonly string[]; view: View }): JSX.Element {
  return (
    <tr>
      <th scope="row">
        <span class="dot" data-state={props.market.running ? props.market.state : "stopped"} title={props.market.state} />{" "}
        {properName(props.market.exchange)} <span class="muted">{props.market.market}</span>
      </th>
      <td class="number">{fixed(props.market.messages_per_s, 0)}</td>
      <For each={props.channels}>
        {(channel) => <td><Cell market={props.market} summary={channelOf(props.market, channel)} channel={channel} view={props.view} /></td>}
      </For>
    </tr>
  );
}

function Cell(props: { market: MarketQuality; summary: ChannelSummary | undefined; channel: string; view: View }): JSX.Element {
  const state = () => cellState(props.market, props.summary);
  const place = () => ({ exchange: props.market.exchange, market: props.market.market, channel: props.channel });
  const isShown = () => {
    const shown = props.view.place();
    return shown !== null && placeText(shown) === placeText(place());
  };
  return (
    <Show when={state() !== "none"} fallback={<span class="muted" title={MEANINGS.none}>·</span>}>
      <button type="button" class="cell" data-state={state()} aria-pressed={isShown()} title={cellWords(state(), props.summary!)}
        onClick={() => props.view.showPlace(isShown() ? null : place())}>
        <Letter state={state()} />
        <span class="cell-counts"><For each={countsOf(props.summary!)} fallback={MEANING_SHORT[state()]}>
          {({ state: of, count }) => <span data-state={of}>{count} {of}</span>}
        </For></span>
      </button>
    </Show>
  );
}

function Letter(props: { state: CellState }): JSX.Element {
  return <span class="cell-letter" data-state={props.state}>{LETTERS[props.state]}</span>;
}

const MEANING_SHORT: Partial<Record<CellState, string>> = { idle: "on demand", stopped: "stopped" };

function cellWords(state: CellState, { messages, gaps, resyncs, duplicates, out_of_order: late, sampled }: ChannelSummary): string {
  return `${state}: ${MEANINGS[state]}\n${fixed(messages, 0)} messages, ${gaps} gaps, ${resyncs} resyncs, ` +
    `${duplicates} duplicates, ${late} out of order` + (sampled ? "\nThe exchange tells only some of them." : "");
}
