/** One rule: what it says, how it stands with each instrument, and what can be done with it. */

import { createEffect, createSignal, Index, on, Show, type JSX } from "solid-js";

import { hubNowMs } from "~/live/clock";
import { order } from "~/live/control";
import { polled } from "~/live/polled";
import type { Answer } from "~/live/rest";
import { span } from "~/format/time";
import { ruleAddress } from "~/pages/alerts/desk";
import { SubjectName } from "~/pages/alerts/HappenedPanel";
import { StateChip } from "~/pages/alerts/StateChip";
import type { Meta, Rule, RuleTold } from "~/pages/alerts/told";
import { conditionWords, exact, scheduleWords, timingWords } from "~/pages/alerts/words";
import { Age } from "~/shell/Age";

const EVERY_MS = 2000;
const MUTES = [[3600, "1 h"], [28_800, "8 h"], [86_400, "1 d"]] as const;

export interface RuleDetailProps {
  readonly name: string;
  /** Changes when something happened. */
  readonly came: number;
  readonly mayControl: boolean;
  readonly onClose: () => void;
  readonly onChanged: () => void;
  readonly onEdit: (rule: Rule) => void;
  readonly onCopy: (rule: Rule) => void;
  readonly onRemoved: (rule: Rule) => void;
}

export function RuleDetail(props: RuleDetailProps): JSX.Element {
  // No signal: what is known of the rule stays to be seen until it is gone.
  let isLeaving = false;
  const answers = polled<Answer<RuleTold, Meta>>(() => (isLeaving ? null : { path: ruleAddress(props.name) }), EVERY_MS);
  const leave = (is: boolean): void => { isLeaving = is; answers.again(); };
  createEffect(on(() => props.came, answers.again, { defer: true }));
  const [problem, setProblem] = createSignal<string | null>(null);
  // What an order answered is newer than the last answer to a question, until the next.
  const [ordered, setOrdered] = createSignal<Answer<RuleTold, Meta>>();
  const told = (): RuleTold | undefined => {
    const asked = answers.latest(), answered = ordered();
    return asked && answered && answered.meta.as_of > asked.meta.as_of ? answered.data : asked?.data;
  };
  const attempt = async (work: () => Promise<Answer<RuleTold, Meta>>): Promise<void> => {
    setProblem(null);
    try {
      setOrdered(await work());
      answers.again();
      props.onChanged();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const mute = (for_s: number) => attempt(() => order<Answer<RuleTold, Meta>>("POST", `${ruleAddress(props.name)}/mute`, { for_s }));
  const enable = (enabled: boolean) => attempt(() => order<Answer<RuleTold, Meta>>("PATCH", ruleAddress(props.name), { enabled }));
  const remove = async (rule: Rule): Promise<void> => {
    setProblem(null);
    leave(true);
    try {
      await order("DELETE", ruleAddress(props.name));
      props.onRemoved(rule);
    } catch (error) {
      leave(false);
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section class="panel" aria-labelledby="detail-title" id="rule-detail">
      <header>
        <h2 id="detail-title" class="alerts-name">{props.name}</h2>
        <Show when={told()}>{(rule) => <StateChip state={rule().state} />}</Show>
        <button type="button" class="end" onClick={() => props.onClose()}>Close</button>
      </header>
      <Show when={answers.problem() ?? problem()}>{(words) => <p class="problem alerts-pad" role="alert">{words()}</p>}</Show>
      <Show when={told()} fallback={<p class="empty">{answers.problem() ? "" : "Asking the hub."}</p>}>
        {(rule) => (
          <>
            <Says told={rule()} />
            <Show when={props.mayControl}>
              <div class="alerts-actions" role="group" aria-label="What can be done with it">
                <Show when={isMuted(rule())} fallback={<span class="alerts-mutes">Mute for <Index each={MUTES}>{(each) => <button type="button" onClick={() => void mute(each()[0])}>{each()[1]}</button>}</Index></span>}>
                  <button type="button" onClick={() => void mute(0)}>Unmute</button>
                </Show>
                <Show when={rule().origin === "api"}>
                  <button type="button" onClick={() => void enable(!rule().rule.enabled)}>{rule().rule.enabled ? "Disable" : "Enable"}</button>
                  <button type="button" onClick={() => props.onEdit(rule().rule)}>Edit</button>
                </Show>
                <button type="button" onClick={() => props.onCopy(rule().rule)}>Copy</button>
                <Show when={rule().origin === "api"}><button type="button" onClick={() => void remove(rule().rule)}>Delete</button></Show>
              </div>
            </Show>
            <Show when={rule().origin === "settings"}>
              <p class="muted alerts-pad">It stands in the hub's settings, in [alert:{props.name}], and is changed there. Here it can be muted, and copied.</p>
            </Show>
            <Subjects told={rule()} />
          </>
        )}
      </Show>
    </section>
  );
}

const isMuted = (told: RuleTold): boolean => (told.muted_until ?? 0) > hubNowMs();

function Says(props: { told: RuleTold }): JSX.Element {
  const rule = () => props.told.rule;
  return (
    <dl class="alerts-says">
      <dt>Condition</dt><dd>{conditionWords(rule().when)}</dd>
      <dt>Keys</dt><dd>{rule().keys.join(", ")}</dd>
      <Show when={timingWords(rule()).length}><dt>Timing</dt><dd>{timingWords(rule()).join("; ")}</dd></Show>
      <dt>Schedule</dt><dd>{scheduleWords(rule().schedule)}</dd>
      <dt>Severity</dt><dd>{rule().severity}</dd>
      <dt>Notifies</dt><dd>{rule().notify.length ? `${rule().notify.join(", ")}, when ${rule().notify_on.join(" or ")}` : "nobody beyond the stream and the history"}</dd>
      <Show when={rule().note}><dt>Note</dt><dd>{rule().note}</dd></Show>
      <Show when={isMuted(props.told)}><dt>Muted</dt><dd>for {span((props.told.muted_until ?? 0) - hubNowMs())} more</dd></Show>
    </dl>
  );
}

function Subjects(props: { told: RuleTold }): JSX.Element {
  const all = (): number => Object.values(props.told.counts).reduce((sum, count) => sum + count, 0);
  return (
    <Show when={props.told.subjects?.length} fallback={<p class="empty">{all() ? `All ${all()} are idle.` : "It means nothing that is followed now."}</p>}>
      <div class="scroller alerts-subjects" tabindex="0" role="region" aria-label="How it stands with each">
        <table class="table">
          <thead><tr>
            <th scope="col">Subject</th><th scope="col">State</th><th scope="col" class="number" title="The newest that could be trusted">Value</th>
            <th scope="col" class="number" title="Since when it holds">Holds for</th><th scope="col" class="number">Fired</th>
          </tr></thead>
          <tbody><Index each={props.told.subjects}>{(each) => (
            <tr data-subject={each().subject} data-state={each().state} classList={{ stale: each().state === "stale" }}>
              <th scope="row"><SubjectName subject={each().subject} /></th>
              <td><StateChip state={each().state} /></td>
              <td class="number">{exact(each().value)}</td>
              <td class="number"><Age since={each().since} /></td>
              <td class="number"><Age since={each().fired} /></td>
            </tr>
          )}</Index></tbody>
        </table>
      </div>
    </Show>
  );
}
