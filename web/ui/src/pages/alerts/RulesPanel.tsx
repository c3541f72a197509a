/** All rules and how they stand, those that matter most first. */

import { Index, Show, type JSX } from "solid-js";

import { hubNowMs } from "~/live/clock";
import { STATES, type RuleTold } from "~/pages/alerts/told";
import { StateChip } from "~/pages/alerts/StateChip";
import { conditionWords } from "~/pages/alerts/words";

const SHOWN_MAX = 200;

export function RulesPanel(props: {
  rules: readonly RuleTold[]; all: number; isKnown: boolean; chosen: string; mayControl: boolean; onOpen: (name: string) => void;
}): JSX.Element {
  return (
    <section class="panel" aria-labelledby="rules-title">
      <header><h2 id="rules-title">Rules</h2><span class="muted">{props.rules.length} of {props.all}</span></header>
      <Show when={props.rules.length} fallback={<p class="empty">{nothing(props)}</p>}>
        <div class="scroller" tabindex="0" role="region" aria-label="Rules one by one">
          <table class="table alerts-rules">
            <thead><tr>
              <th scope="col">State</th><th scope="col">Rule</th><th scope="col">Condition</th><th scope="col">Keys</th>
              <th scope="col" title="Instruments, or assets, by their state">Subjects</th><th scope="col">Severity</th>
            </tr></thead>
            <tbody><Index each={props.rules.slice(0, SHOWN_MAX)}>{(told) => (
              <Line told={told()} isChosen={told().rule.name === props.chosen} onOpen={() => props.onOpen(told().rule.name)} />
            )}</Index></tbody>
          </table>
        </div>
      </Show>
      <Show when={props.rules.length > SHOWN_MAX}><p class="empty">{props.rules.length - SHOWN_MAX} more: search to narrow them down.</p></Show>
    </section>
  );
}

function Line(props: { told: RuleTold; isChosen: boolean; onOpen: () => void }): JSX.Element {
  const rule = () => props.told.rule;
  return (
    <tr data-rule={rule().name} data-state={props.told.state} classList={{ chosen: props.isChosen }} onClick={() => props.onOpen()}>
      <td><StateChip state={props.told.state} /></td>
      <th scope="row">
        <button type="button" class="plain" aria-current={props.isChosen} onClick={(event) => { event.stopPropagation(); props.onOpen(); }}>{rule().name}</button>
        <Show when={(props.told.muted_until ?? 0) > hubNowMs()}> <span class="chip">muted</span></Show>
        <Show when={props.told.origin === "settings"}> <span class="chip" title="From the hub's settings: it is changed there">settings</span></Show>
      </th>
      <td><span class="name alerts-condition" title={conditionWords(rule().when)}>{conditionWords(rule().when)}</span></td>
      <td><span class="name alerts-keys" title={rule().keys.join("\n")}>{rule().keys.join(", ")}</span></td>
      <td>{countWords(props.told)}</td>
      <td><span class="alert-severity" data-severity={rule().severity}>{rule().severity}</span></td>
    </tr>
  );
}

/** Idle ones count only where there is nothing else to say. */
function countWords({ counts }: RuleTold): string {
  const words = STATES.filter((state) => counts[state] && state !== "idle").map((state) => `${counts[state]} ${state}`);
  return words.join(", ") || (counts.idle ? `${counts.idle} idle` : "none");
}

function nothing({ all, isKnown, mayControl }: { all: number; isKnown: boolean; mayControl: boolean }): string {
  if (!isKnown) return "Asking the hub.";
  if (all) return "No rule matches: clear the search, or choose all states.";
  return mayControl
    ? "There are no rules yet. A rule watches instruments and tells when something about them is worth it: press n for the first."
    : "There are no rules yet.";
}
