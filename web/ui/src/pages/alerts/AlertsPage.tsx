/** `/alerts`: the rules and how they stand, what they did, and making new ones. */

import { createMemo, createSignal, Match, Show, Switch, type JSX } from "solid-js";

import { addressed } from "~/list/addressed";
import { Choices, SearchBox } from "~/list/controls";
import { onHotkey } from "~/list/hotkeys";
import { controlRight, order, wantControl } from "~/live/control";
import { Builder } from "~/pages/alerts/Builder";
import { ControlPanel } from "~/pages/alerts/ControlPanel";
import { followDesk, followPast, ruleAddress } from "~/pages/alerts/desk";
import { blank, draftOf } from "~/pages/alerts/draft";
import { HappenedPanel } from "~/pages/alerts/HappenedPanel";
import { NotifiersPanel } from "~/pages/alerts/NotifiersPanel";
import { NotifyingButton } from "~/pages/alerts/NotifyingButton";
import { RuleDetail } from "~/pages/alerts/RuleDetail";
import { RulesPanel } from "~/pages/alerts/RulesPanel";
import { STATES, type Rule, type RuleState } from "~/pages/alerts/told";
import { CLOSED, countsOf, kindOf, sifted, stateOf, USUAL } from "~/pages/alerts/view";
import { STATE_MEANINGS } from "~/pages/alerts/words";
import { explainKeys } from "~/shell/help";

import "~/pages/alerts/alerts.css";

export default function AlertsPage(): JSX.Element {
  const [address, change] = addressed(USUAL);
  const desk = followDesk();
  const past = followPast(() => address().at, desk.live);
  const [removed, setRemoved] = createSignal<Rule | null>(null);
  // As it was shown when its change began: the list may be older.
  const [taken, setTaken] = createSignal<Rule | null>(null);
  const rules = createMemo(() => desk.rules.latest()?.data ?? []);
  const shown = createMemo(() => sifted(rules(), address().q, stateOf(address().state)));
  const isKnown = (): boolean => desk.rules.latest() !== undefined;
  const mayControl = (): boolean => controlRight() === "granted";
  const named = (name: string) => rules().find(({ rule }) => rule.name === name);
  const begun = (name: string): Rule | undefined => (taken()?.name === name ? taken()! : named(name)?.rule);
  const isOpen = (): boolean => isBuilding() || address().at !== "";
  const isBuilding = (): boolean => mayControl() && (address().new !== "" || named(address().edit)?.origin === "api" || named(address().copy) !== undefined);
  const close = (): void => change(CLOSED);
  const open = (name: string): void => change({ ...CLOSED, at: name });
  let search: HTMLInputElement | undefined;

  wantControl();
  explainKeys("Alerts", [["/", "search"], ["n", "a new rule"], ["Enter", "the rule that has the focus"], ["Esc", "close what is beside the list"]]);
  onHotkey((key) => {
    if (key === "/") search?.focus();
    else if (key === "n" && mayControl()) change({ ...CLOSED, new: "above" });
    else if (key === "Escape" && isOpen()) close();
    else return false;
    return true;
  });

  const putBack = async (rule: Rule): Promise<void> => {
    await order("PUT", ruleAddress(rule.name), rule);
    setRemoved(null);
    desk.again();
    open(rule.name);
  };

  return (
    <section class="page alerts" classList={{ old: desk.rules.problem() !== null }}>
      <h1 class="spoken">Alerts</h1>
      <div class="toolbar">
        <SearchBox label="Search rules" value={address().q} onChange={(q) => change({ q })} onLeave={() => search?.blur()} ref={(input) => { search = input; }} />
        <StateChoice counts={countsOf(rules())} all={rules().length} chosen={stateOf(address().state)} onChoose={(state) => change({ state })} />
        <NotifyingButton />
        <Show when={mayControl()}>
          <button type="button" class="primary" aria-keyshortcuts="n" onClick={() => change({ ...CLOSED, new: "above" })}>New rule</button>
        </Show>
      </div>
      <Show when={desk.rules.problem()}>
        {(problem) => <p class="problem" role="alert">{problem()} {isKnown() ? "What is shown is as it was." : ""}</p>}
      </Show>
      <Show when={controlRight() === "refused"}><ControlPanel /></Show>
      <Show when={removed()}>
        {(rule) => <Removed rule={rule()} onBack={putBack} onForget={() => setRemoved(null)} />}
      </Show>
      <div class="alerts-columns" classList={{ open: isOpen() }}>
        <div class="alerts-main">
          <RulesPanel rules={shown()} all={rules().length} isKnown={isKnown()} chosen={address().at || address().edit} mayControl={mayControl()} onOpen={open} />
          <HappenedPanel past={past} rule={address().at} onOpen={open} />
        </div>
        <div class="alerts-side">
          <Switch>
            <Match when={isBuilding() && `${address().edit}/${address().copy}/${address().new && "new"}`} keyed>
              {(_) => (
                <Builder
                  draft={draftFor(begun(address().edit), begun(address().copy), address())} isChange={address().edit !== ""}
                  notifiers={(desk.notifiers.latest()?.data ?? []).map(({ name }) => name)}
                  onSaved={(name) => { desk.again(); open(name); }} onClose={() => (address().edit ? open(address().edit) : close())}
                />
              )}
            </Match>
            <Match when={address().at} keyed>
              {(name) => (
                <RuleDetail
                  name={name} came={desk.came()} mayControl={mayControl()} onClose={close} onChanged={desk.again}
                  onEdit={(rule) => { setTaken(rule); change({ ...CLOSED, edit: name }); }}
                  onCopy={(rule) => { setTaken(rule); change({ ...CLOSED, copy: name }); }}
                  onRemoved={(rule) => { setRemoved(rule); desk.again(); close(); }}
                />
              )}
            </Match>
          </Switch>
          <NotifiersPanel notifiers={desk.notifiers.latest()?.data} mayControl={mayControl()} onTried={desk.notifiers.again} />
        </div>
      </div>
    </section>
  );
}

function draftFor(edited: Rule | undefined, copied: Rule | undefined, address: { new: string; keys: string }) {
  if (edited) return draftOf(edited);
  if (copied) return { ...draftOf(copied), name: "" };
  return blank(kindOf(address.new) ?? "above", address.keys);
}

function StateChoice(props: {
  counts: Partial<Record<RuleState, number>>; all: number; chosen: RuleState | ""; onChoose: (state: RuleState | "") => void;
}): JSX.Element {
  const options = () => [
    { value: "" as const, words: `all ${props.all}` },
    ...STATES.filter((state) => props.counts[state] || state === props.chosen)
      .map((state) => ({ value: state, words: `${state} ${props.counts[state] ?? 0}`, meaning: STATE_MEANINGS[state] })),
  ];
  return <Choices<RuleState | ""> label="State" options={options()} chosen={props.chosen} onChoose={props.onChoose} />;
}

function Removed(props: { rule: Rule; onBack: (rule: Rule) => Promise<void>; onForget: () => void }): JSX.Element {
  const [problem, setProblem] = createSignal<string | null>(null);
  const undo = (): void => void props.onBack(props.rule).catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
  return (
    <p class="alerts-undo" role="status">
      <span>The rule <strong>{props.rule.name}</strong> is deleted. What it did stays in the history.</span>
      <button type="button" onClick={undo}>Undo</button>
      <button type="button" onClick={() => props.onForget()}>Dismiss</button>
      <Show when={problem()}>{(words) => <span class="problem">{words()}</span>}</Show>
    </p>
  );
}
