/** What stands in a page's toolbar: a search, a choice of few, a number. */

import { For, type JSX } from "solid-js";

import "~/list/controls.css";

/** The search of a page. Enter, an arrow down and Escape hand the keys back to the rows. */
export function SearchBox(props: {
  value: string; label: string; onChange: (text: string) => void; onLeave: () => void; ref: (input: HTMLInputElement) => void;
}): JSX.Element {
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") props.onChange("");
    else if (event.key !== "Enter" && event.key !== "ArrowDown") return;
    event.preventDefault();
    props.onLeave();
  };
  return (
    <input
      type="search" class="search-box" ref={props.ref} aria-label={props.label} placeholder={`${props.label}  /`} maxlength="100"
      spellcheck={false} autocapitalize="off" autocomplete="off" value={props.value}
      onInput={(event) => props.onChange(event.currentTarget.value)} onKeyDown={onKey}
    />
  );
}

export interface Option<V extends string> { readonly value: V; readonly words: string; readonly meaning?: string }

/** One of few, all of them to be seen. */
export function Choices<V extends string>(props: {
  label: string; options: readonly Option<V>[]; chosen: V; onChoose: (value: V) => void;
}): JSX.Element {
  return (
    <div class="choices" role="group" aria-label={props.label}>
      <For each={props.options}>
        {({ value, words, meaning }) => (
          <button type="button" aria-pressed={value === props.chosen} title={meaning} onClick={() => props.onChoose(value)}>{words}</button>
        )}
      </For>
    </div>
  );
}

/** One of many, or any. */
export function Picker(props: {
  label: string; any: string; values: readonly string[]; chosen: string; onChoose: (value: string) => void;
}): JSX.Element {
  const all = (): string[] => [...new Set([...(props.chosen ? [props.chosen] : []), ...props.values])].sort();
  return (
    <label>
      <span class="spoken">{props.label}</span>
      <select onChange={(event) => props.onChoose(event.currentTarget.value)}>
        <option value="" selected={props.chosen === ""}>{props.any}</option>
        <For each={all()}>{(value) => <option value={value} selected={value === props.chosen}>{value}</option>}</For>
      </select>
    </label>
  );
}

export interface FieldProps {
  readonly label: string;
  readonly unit?: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly isWrong?: boolean;
  readonly numeric?: boolean;
  readonly wide?: boolean;
  readonly onChange: (text: string) => void;
}

/** A short text that counts when it is finished, by Enter or by leaving the field. */
export function Field(props: FieldProps): JSX.Element {
  return (
    <label class="field" classList={{ wide: props.wide === true }}>
      <span>{props.label}</span>
      <input
        type="text" inputmode={props.numeric ? "decimal" : "text"} value={props.value} placeholder={props.placeholder ?? ""} maxlength="200"
        spellcheck={false} autocapitalize="off" autocomplete="off" aria-invalid={props.isWrong === true}
        onChange={(event) => props.onChange(event.currentTarget.value.trim())}
        onKeyDown={(event) => { if (event.key === "Escape") { event.currentTarget.value = props.value; event.currentTarget.blur(); } }}
      />
      {props.unit}
    </label>
  );
}
