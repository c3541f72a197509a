/** Another instrument, found by a few letters of it: opened by `/`, used by arrows and Enter. */

import { createEffect, createMemo, createSignal, For, Show, type JSX } from "solid-js";

import { allInstruments } from "~/live/instruments";
import { bestFits } from "~/pages/terminal/subject/finding";

export interface SwitcherProps { isOpen: boolean; close: () => void; choose: (key: string) => void }

export function Switcher(props: SwitcherProps): JSX.Element {
  const [query, setQuery] = createSignal(""), [place, setPlace] = createSignal(0);
  const found = createMemo(() => (props.isOpen ? bestFits(query(), [...allInstruments().values()]) : []));
  let dialog!: HTMLDialogElement, input!: HTMLInputElement;

  createEffect(() => {
    if (!props.isOpen) return dialog.close();
    setQuery("");
    setPlace(0);
    if (!dialog.open) dialog.showModal();
    input.focus();
  });
  createEffect(() => {
    if (props.isOpen && found()[place()]) dialog.querySelector(`[id="${idOf(place())}"]`)?.scrollIntoView({ block: "nearest" });
  });

  const choose = (key: string | undefined): void => {
    if (key === undefined) return;
    props.close();
    props.choose(key);
  };
  const press = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
    if (event.key === "Enter") choose(found()[place()]?.key);
    else if (event.key in steps) setPlace((at) => Math.min(found().length - 1, Math.max(0, at + steps[event.key]!)));
    else return;
    event.preventDefault();
  };

  return (
    <dialog
      class="switcher" ref={dialog} aria-label="Another instrument" onClose={() => props.close()}
      onClick={(event) => { if (event.target === dialog) props.close(); }}
    >
      <input
        ref={input} type="search" role="combobox" aria-label="Name, symbol or exchange" placeholder="BTC, bybit eth, 1000pepe …"
        aria-expanded="true" aria-controls="instruments-found" aria-autocomplete="list" autocomplete="off" spellcheck={false}
        aria-activedescendant={found()[place()] ? idOf(place()) : undefined}
        value={query()} onKeyDown={press}
        onInput={(event) => { setQuery(event.currentTarget.value); setPlace(0); }}
      />
      <ul id="instruments-found" role="listbox" aria-label="Instruments">
        <For each={found()}>
          {(instrument, index) => (
            <li
              id={idOf(index())} role="option" aria-selected={index() === place()}
              onPointerMove={() => setPlace(index())} onClick={() => choose(instrument.key)}
            >
              <bdi>{instrument.name ?? instrument.symbol}</bdi>
              <span class="muted">{instrument.exchange} {instrument.market} <bdi>{instrument.symbol}</bdi></span>
            </li>
          )}
        </For>
      </ul>
      <Show when={props.isOpen && found().length === 0}>
        <p class="empty">{allInstruments().size === 0 ? "The hub has told no instrument yet." : `Nothing fits “${query()}”.`}</p>
      </Show>
    </dialog>
  );
}

const idOf = (place: number): string => `instrument-${place}`;
