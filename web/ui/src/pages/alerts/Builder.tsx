/** Writing a rule: a new one, a copy, or another version of one that is there. */

import { createMemo, createSignal, onMount, Show, type JSX } from "solid-js";
import { createStore } from "solid-js/store";

import { order } from "~/live/control";
import { Problem, type Answer } from "~/live/rest";
import { ConditionFields } from "~/pages/alerts/ConditionFields";
import { PATH, ruleAddress } from "~/pages/alerts/desk";
import { changeOf, partOf, ruleOf, WEEKDAYS, type Draft } from "~/pages/alerts/draft";
import { ChoiceField, ManyField, TextField, type Form } from "~/pages/alerts/fields";
import { PreviewResult } from "~/pages/alerts/PreviewResult";
import type { Kind, Preview } from "~/pages/alerts/told";
import { KINDS } from "~/pages/alerts/words";

const KIND_OPTIONS = (Object.keys(KINDS) as Kind[]).map((kind) => [kind, KINDS[kind][0]] as const);
const SEVERITIES = ["info", "warning", "critical"].map((each) => [each, each] as const);

export interface BuilderProps {
  /** As which it begins. */
  readonly draft: Draft;
  /** Whether a rule of that name is to be changed. */
  readonly isChange: boolean;
  readonly notifiers: readonly string[];
  readonly onSaved: (name: string) => void;
  readonly onClose: () => void;
}

export function Builder(props: BuilderProps): JSX.Element {
  const [draft, setDraft] = createStore<Draft>({ ...props.draft });
  const [problem, setProblem] = createSignal<Problem | Error | null>(null);
  const [preview, setPreview] = createSignal<Preview | null>(null);
  const [busy, setBusy] = createSignal("");
  let element!: HTMLFormElement;
  onMount(() => element.querySelector<HTMLElement>(props.isChange ? "textarea" : "input")?.focus());

  const wrong = createMemo(() => {
    const found = problem();
    return new Map((found instanceof Problem ? found.errors : []).map(({ parameter, value, expected }) => [
      partOf(parameter), `${value ? `${value}: e` : "E"}xpected ${expected}`,
    ]));
  });
  /** What has no place in the form. */
  const elsewhere = (): string | null => {
    const found = problem();
    if (found === null) return null;
    return wrong().size > 0 && [...wrong().keys()].every(Boolean) ? null : found.message;
  };
  const form: Form = {
    draft,
    set: (changes) => { setDraft(changes); setPreview(null); },
    wrongIn: (part) => wrong().get(part) ?? null,
  };

  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    setBusy(what);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Error("The hub does not answer."));
      queueMicrotask(() => element.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
    }
    setBusy("");
  };
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    const name = draft.name.trim();
    void attempt("save", async () => {
      await (props.isChange ? order("PATCH", ruleAddress(name), changeOf(draft)) : order("POST", PATH, ruleOf(draft)));
      props.onSaved(name);
    });
  };
  /** A name is not needed yet. */
  const look = (): Promise<void> => attempt("preview", async () => {
    const { data } = await order<Answer<Preview>>("POST", `${PATH}/preview?hours=24`, { ...ruleOf(draft), name: draft.name.trim() || "unnamed" });
    setPreview(data);
  });

  return (
    <form class="panel alerts-builder" ref={element} aria-labelledby="builder-title" onSubmit={save} noValidate>
      <header>
        <h2 id="builder-title" class="alerts-name">{props.isChange ? `Change ${draft.name}` : "New rule"}</h2>
        <button type="button" class="end" onClick={() => props.onClose()}>Cancel</button>
      </header>
      <div class="alerts-fields">
        <TextField form={form} part="name" label="Name" readonly={props.isChange} hint={props.isChange ? "Stays as it is" : "Letters, digits, dots, hyphens, underscores"} />
        <ChoiceField form={form} part="severity" label="Severity" options={SEVERITIES} />
        <TextField form={form} part="keys" label="Keys" wide lines={3} placeholder={"bybit:linear:BTC*\nETH-USDT"}
          hint="One in a line. * and ? stand for anything; a symbol or name alone is meant on every exchange" />
        <ChoiceField form={form} part="kind" label="Fires when it" wide options={KIND_OPTIONS} hint={KINDS[draft.kind][1]} />
        <ConditionFields form={form} />
        <TextField form={form} part="for_s" label="Must hold for" numeric hint="Seconds" />
        <TextField form={form} part="cooldown_s" label="At most once in" numeric hint="Seconds, for each instrument" />
        <TextField form={form} part="hysteresis" label="Over when off the bound by" numeric hint="In the unit of the value" />
        <Schedule form={form} />
        <TextField form={form} part="note" label="Note" wide hint="Goes along with what is told" />
        <ManyField form={form} part="notify" label="Notify" options={props.notifiers} none="There are no notifiers: the stream and the history are always told." />
        <Show when={props.notifiers.length}><ManyField form={form} part="notify_on" label="When it is" options={["fired", "resolved", "stale"]} /></Show>
      </div>
      <Show when={elsewhere()}>{(words) => <p class="problem alerts-pad" role="alert">{words()}</p>}</Show>
      <Show when={wrong().size > 0 && elsewhere() === null}><p class="problem alerts-pad" role="alert">The hub does not take it yet: see the marked field.</p></Show>
      <div class="alerts-actions">
        <button type="submit" class="primary" disabled={busy() !== ""}>{props.isChange ? "Save the change" : "Save the rule"}</button>
        <button type="button" disabled={busy() !== ""} onClick={() => void look()}>Preview the last 24 h</button>
        <Show when={props.isChange}><span class="muted">What it is firing now is forgotten then.</span></Show>
      </div>
      <div role="status">
        <Show when={busy() === "preview"}><p class="empty">Asking history.</p></Show>
        <Show when={preview()}>{(told) => <PreviewResult preview={told()} />}</Show>
      </div>
    </form>
  );
}

function Schedule(props: { form: Form }): JSX.Element {
  const { form } = props;
  return (
    <fieldset class="alerts-field wide" data-part="isScheduled">
      <legend>Schedule</legend>
      <label class="alerts-check">
        <input type="checkbox" checked={form.draft.isScheduled} onChange={(event) => form.set({ isScheduled: event.currentTarget.checked })} /> Only at some hours
      </label>
      <Show when={form.wrongIn("isScheduled")}>{(words) => <p class="problem">{words()}</p>}</Show>
      <Show when={form.draft.isScheduled}>
        <div class="alerts-fields inner">
          <TextField form={form} part="from_hour" label="From" numeric hint="Hour, UTC" />
          <TextField form={form} part="to_hour" label="Until" numeric hint="Hour, UTC, not included" />
          <ManyField form={form} part="weekdays" label="On" options={WEEKDAYS} />
        </div>
      </Show>
    </fieldset>
  );
}
