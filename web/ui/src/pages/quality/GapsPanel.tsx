/** When something was missing: on a line of time, and one by one. */

import { createMemo, For, Index, Show, type JSX } from "solid-js";

import { fixed } from "~/format/number";
import { span, timeOfDay } from "~/format/time";
import { fateOf, lanes, ticks, WINDOWS, type Bar, type Fate, type WindowName } from "~/pages/quality/gaps";
import { Heads, number, text } from "~/pages/quality/Heads";
import type { Hole } from "~/pages/quality/told";
import type { View } from "~/pages/quality/view";
import { properName } from "~/shell/condition";
import { zone } from "~/shell/preferences";

const LISTED_MAX = 50;
const LANES_MAX = 24;
const HEADS = [
  text("From"), text("Instrument"), text("Channel"), text("Length"), text("Cause"), text("Why"),
  number("Missed"), number("Recovered"), text("Fate"),
];
const FATES: Record<Fate, string> = {
  open: "goes on", healed: "healed: nothing is missing any more", ended: "over, and something is missing",
};

export function GapsPanel(props: { holes: readonly Hole[]; asOf: number; total: number | undefined; view: View }): JSX.Element {
  const openOnes = () => props.holes.filter((hole) => hole.to_ts === null).length;
  const windowMs = () => WINDOWS[props.view.window()];
  const rows = createMemo(() => lanes(props.holes, props.asOf, windowMs()));
  return (
    <section class="panel" aria-labelledby="gaps-title">
      <header>
        <h2 id="gaps-title">Gaps</h2>
        <span class="muted">{props.total ?? props.holes.length} known, {openOnes()} open</span>
        <ul class="legend">
          <For each={Object.entries(FATES)}>
            {([fate, words]) => <li title={words}><i class="fate" data-fate={fate} /> {fate}</li>}
          </For>
        </ul>
        <div class="toolbar" role="group" aria-label="Length of the line">
          <For each={Object.keys(WINDOWS) as WindowName[]}>
            {(name) => (
              <button type="button" aria-pressed={props.view.window() === name} onClick={() => props.view.setWindow(name)}>
                {name}
              </button>
            )}
          </For>
        </div>
      </header>
      <Show when={rows().length} fallback={<p class="empty">Nothing was missed within the last {props.view.window()}.</p>}>
        <div class="lanes">
          <Index each={rows().slice(0, LANES_MAX)}>
            {(lane) => <div class="lane"><span class="lane-name">{lane().name}</span><Line bars={lane().bars} label={lane().name} /></div>}
          </Index>
          <div class="lane axis"><span /><div class="line"><For each={ticks(props.asOf, windowMs())}>
            {(tick) => <span class="tick" style={{ left: `${tick.x * 100}%` }}>{timeOfDay(tick.ms, zone()).slice(0, 5)}</span>}
          </For></div></div>
        </div>
      </Show>
      <Show when={props.holes.length}><HoleTable holes={props.holes} /></Show>
    </section>
  );
}

function Line(props: { bars: readonly Bar[]; label: string }): JSX.Element {
  return (
    <div class="line" role="img" aria-label={`${props.label}: ${props.bars.length} gaps`}>
      <Index each={props.bars}>
        {(bar) => (
          <i class="fate" data-fate={bar().fate} title={barWords(bar().hole)}
            style={{ left: `${bar().x * 100}%`, width: `${bar().width * 100}%` }} />
        )}
      </Index>
    </div>
  );
}

const lengthOf = ({ from_ts: from, to_ts: to }: Hole): string => (to === null ? "open" : span(to - from));

const barWords = (hole: Hole): string =>
  `${hole.symbol}: ${timeOfDay(hole.from_ts, zone())}, ${lengthOf(hole)}, ${hole.cause}: ${hole.reason}`;

function HoleTable(props: { holes: readonly Hole[] }): JSX.Element {
  return (
    <details>
      <summary>One by one</summary>
      <div class="scroller drill" tabindex="0" role="region" aria-label="Gaps one by one">
        <table class="table">
          <Heads of={HEADS} />
          <tbody><Index each={props.holes.slice(0, LISTED_MAX)}>{(hole) => (
            <tr>
              <td>{timeOfDay(hole().from_ts, zone())}</td>
              <th scope="row"><span class="name">{properName(hole().exchange)} {hole().market} {hole().symbol}</span></th>
              <td>{hole().channel}</td><td>{lengthOf(hole())}</td>
              <td>{hole().cause}</td><td class="why" title={hole().reason}>{hole().reason}</td>
              <td class="number">{fixed(hole().missed, 0)}</td><td class="number">{fixed(hole().recovered, 0)}</td>
              <td title={FATES[fateOf(hole())]}>{fateOf(hole())}</td>
            </tr>
          )}</Index></tbody>
        </table>
      </div>
    </details>
  );
}
