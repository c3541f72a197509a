/** The controls of the form: each tells what is wrong with it, in the hub's words. */

import { createUniqueId, For, Show, type JSX } from "solid-js";

import type { Draft } from "~/pages/alerts/draft";

/** The form as its fields see it. */
export interface Form {
  readonly draft: Draft;
  readonly set: (changes: Partial<Draft>) => void;
  /** What would be right in this part; null if nothing is wrong. */
  readonly wrongIn: (part: keyof Draft) => string | null;
}

type TextPart = { [P in keyof Draft]: Draft[P] extends string ? P : never }[keyof Draft];
type ListPart = { [P in keyof Draft]: Draft[P] extends readonly string[] ? P : never }[keyof Draft];

function Labelled(props: { form: Form; part: keyof Draft; label: string; hint?: string | undefined; wide?: boolean; children: (ids: { id: string; hint: string }) => JSX.Element }): JSX.Element {
  const id = createUniqueId(), hint = `${id}-hint`;
  const wrong = () => props.form.wrongIn(props.part);
  return (
    <div class="alerts-field" classList={{ wide: props.wide === true }} data-part={props.part}>
      <label for={id}>{props.label}</label>
      {props.children({ id, hint })}
      <p id={hint} classList={{ problem: wrong() !== null, muted: wrong() === null }}>{wrong() ?? props.hint}</p>
    </div>
  );
}

export function TextField(props: {
  form: Form; part: TextPart; label: string; hint?: string; numeric?: boolean; wide?: boolean; lines?: number; placeholder?: string; options?: readonly string[]; readonly?: boolean;
}): JSX.Element {
  const listId = createUniqueId();
  const shared = (ids: { id: string; hint: string }) => ({
    id: ids.id, "aria-describedby": ids.hint, "aria-invalid": props.form.wrongIn(props.part) !== null, placeholder: props.placeholder ?? "",
    spellcheck: false, autocapitalize: "off" as const, autocomplete: "off" as const, readOnly: props.readonly === true,
  });
  const take = (event: { currentTarget: { value: string } }): void => props.form.set({ [props.part]: event.currentTarget.value });
  return (
    <Labelled form={props.form} part={props.part} label={props.label} hint={props.hint} wide={props.wide === true}>
      {(ids) => (
        <Show
          when={props.lines}
          fallback={
            <>
              <input type="text" inputmode={props.numeric ? "decimal" : "text"} maxlength="500" list={props.options ? listId : undefined}
                value={props.form.draft[props.part]} onInput={take} {...shared(ids)} />
              <Show when={props.options}><datalist id={listId}><For each={props.options}>{(each) => <option value={each} />}</For></datalist></Show>
            </>
          }
        >
          <textarea rows={props.lines} maxlength="12000" value={props.form.draft[props.part]} onInput={take} {...shared(ids)} />
        </Show>
      )}
    </Labelled>
  );
}

export function ChoiceField(props: { form: Form; part: TextPart; label: string; hint?: string; wide?: boolean; options: readonly (readonly [value: string, words: string])[] }): JSX.Element {
  return (
    <Labelled form={props.form} part={props.part} label={props.label} hint={props.hint} wide={props.wide === true}>
      {(ids) => (
        <select id={ids.id} aria-describedby={ids.hint} aria-invalid={props.form.wrongIn(props.part) !== null}
          onChange={(event) => props.form.set({ [props.part]: event.currentTarget.value })}>
          <For each={props.options}>{([value, words]) => <option value={value} selected={props.form.draft[props.part] === value}>{words}</option>}</For>
        </select>
      )}
    </Labelled>
  );
}

export function ManyField(props: { form: Form; part: ListPart; label: string; options: readonly string[]; none?: string }): JSX.Element {
  const chosen = (): readonly string[] => props.form.draft[props.part];
  const toggle = (value: string, isOn: boolean): void =>
    props.form.set({ [props.part]: isOn ? [...chosen(), value] : chosen().filter((each) => each !== value) });
  return (
    <fieldset class="alerts-field wide" data-part={props.part}>
      <legend>{props.label}</legend>
      <div class="alerts-checks">
        <For each={props.options} fallback={<span class="muted">{props.none}</span>}>{(value) => (
          <label><input type="checkbox" checked={chosen().includes(value)} onChange={(event) => toggle(value, event.currentTarget.checked)} /> {value}</label>
        )}</For>
      </div>
      <Show when={props.form.wrongIn(props.part)}>{(words) => <p class="problem">{words()}</p>}</Show>
    </fieldset>
  );
}
