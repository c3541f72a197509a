/** The instruments of one cell of the grid, what is wrong first. */

import { A } from "@solidjs/router";
import { createMemo, For, Index, onCleanup, Show, type JSX } from "solid-js";

import { fixed } from "~/format/number";
import { span, timeOfDay } from "~/format/time";
import { polled } from "~/live/polled";
import { inPath, type Answer } from "~/live/rest";
import { Heads, number, text } from "~/pages/quality/Heads";
import { MEANINGS, sifted } from "~/pages/quality/grid";
import { STATES, type ChannelQuality, type Meta } from "~/pages/quality/told";
import type { Place, View } from "~/pages/quality/view";
import { Age } from "~/shell/Age";
import { properName } from "~/shell/condition";
import { zone } from "~/shell/preferences";

const EVERY_MS = 4000;
const ASKED_MAX = 2000;
const SHOWN_MAX = 200;
const HEADS = [
  text("Symbol"), text("State"), text("Since"), text("Why"), number("Newest data"),
  number("Stale after", "The silence that makes it stale, as learned"),
  number("Messages"), number("Gaps"), number("Resyncs", "Gaps that ended"), number("Duplicates"), number("Out of order"),
];

export function DrillDown(props: { place: Place; view: View }): JSX.Element {
  const answers = polled<Answer<ChannelQuality[], Meta>>(() => ({
    path: `/api/v1/quality/${inPath(props.place.exchange)}`,
    parameters: { market: props.place.market, channel: props.place.channel, limit: ASKED_MAX },
  }), EVERY_MS);
  const found = createMemo(() => sifted(answers.latest()?.data ?? [], props.view.search(), props.view.state()));
  closeWithEscape(() => props.view.showPlace(null));
  return (
    <section class="panel" aria-labelledby="drill-title" id="drill-down">
      <header>
        <h2 id="drill-title">{properName(props.place.exchange)} {props.place.market} {props.place.channel}</h2>
        <div class="toolbar">
          <label>State
            <select onChange={(event) => props.view.setState(event.currentTarget.value)}>
              <option value="">all</option>
              <For each={STATES}>{(state) => <option value={state} selected={props.view.state() === state}>{state}</option>}</For>
            </select>
          </label>
          <input type="search" placeholder="Symbol" aria-label="Search symbols" value={props.view.search()}
            onInput={(event) => props.view.setSearch(event.currentTarget.value)} />
          <span class="muted">{found().length} of {answers.latest()?.meta.total ?? answers.latest()?.data.length ?? 0}</span>
          <button type="button" onClick={() => props.view.showPlace(null)}>Close</button>
        </div>
      </header>
      <Show when={answers.latest() === undefined && answers.problem()}>{(problem) => <p class="problem empty">{problem()}</p>}</Show>
      <div class="scroller drill" tabindex="0" role="region" aria-label="Instruments one by one">
        <table class="table">
          <Heads of={HEADS} />
          <tbody>
            <Index each={found().slice(0, SHOWN_MAX)} fallback={<tr><td class="empty" colspan="11">{nothing(answers.latest())}</td></tr>}>
              {(each) => <Instrument told={each()} />}
            </Index>
          </tbody>
        </table>
      </div>
      <Show when={found().length > SHOWN_MAX}><p class="empty">{found().length - SHOWN_MAX} more: search to narrow them down.</p></Show>
    </section>
  );
}

function Instrument(props: { told: ChannelQuality }): JSX.Element {
  return (
    <tr data-key={props.told.key} data-state={props.told.quality}>
      <th scope="row"><A href={`/terminal/${inPath(props.told.key)}`} class="name">{props.told.symbol}</A></th>
      <td title={MEANINGS[props.told.quality]}><span class="dot" data-state={props.told.quality} /> {props.told.quality}</td>
      <td>{timeOfDay(props.told.since, zone())}</td>
      <td class="why" title={props.told.reason}>{props.told.reason}</td>
      <td class="number"><Age since={props.told.last_ts} /></td>
      <td class="number">{span(props.told.threshold_ms)}</td>
      <td class="number">{fixed(props.told.messages, 0)}</td>
      <td class="number">{props.told.gaps}</td><td class="number">{props.told.resyncs}</td>
      <td class="number">{props.told.duplicates}</td><td class="number">{props.told.out_of_order}</td>
    </tr>
  );
}

const nothing = (answer: Answer<ChannelQuality[], Meta> | undefined): string => {
  if (answer === undefined) return "Asking the hub.";
  return answer.data.length ? "Nothing here matches: clear the search, or choose all states." : "Nothing is followed on this channel now.";
};

function closeWithEscape(close: () => void): void {
  const listen = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && !event.defaultPrevented && document.querySelector("dialog[open]") === null) close();
  };
  document.addEventListener("keydown", listen);
  onCleanup(() => document.removeEventListener("keydown", listen));
}
