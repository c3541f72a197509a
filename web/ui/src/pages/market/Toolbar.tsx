/** What stands above the table: the search, the filters, and what is done with the rows. */

import { createSignal, Show, type JSX } from "solid-js";

import { SearchBox } from "~/list/controls";
import { Filters, type FiltersProps } from "~/pages/market/Filters";
import { conditionsOf } from "~/pages/market/view";

export interface ToolbarProps extends FiltersProps {
  readonly shown: number;
  readonly all: number;
  readonly searchRef: (input: HTMLInputElement) => void;
  /** The search is over: the keys belong to the rows again. */
  readonly onLeave: () => void;
  readonly onCopy: () => Promise<boolean>;
  readonly onColumns: () => void;
}

export function Toolbar(props: ToolbarProps): JSX.Element {
  const [isOpen, setIsOpen] = createSignal(false);
  const hidden = (): number => conditionsOf(props.view).filter(({ name }) => !["search", "favouritesOnly"].includes(name)).length;
  return (
    <div class="toolbar market-toolbar" classList={{ open: isOpen() }}>
      <SearchBox
        label="Search" value={props.view.search} ref={props.searchRef} onLeave={props.onLeave}
        onChange={(search) => props.onChange((view) => ({ ...view, search }))}
      />
      <button type="button" class="market-more" aria-expanded={isOpen()} onClick={() => setIsOpen(!isOpen())}>
        Filters<Show when={hidden()}>{` · ${hidden()}`}</Show>
      </button>
      <button
        type="button" aria-pressed={props.view.favouritesOnly} aria-label="Favourites only"
        onClick={() => props.onChange((view) => ({ ...view, favouritesOnly: !view.favouritesOnly }))}
      >
        ★<span class="market-wide"> Favourites</span>
      </button>
      <div class="market-filters"><Filters {...props} /></div>
      <span class="end muted" role="status">{counted(props.shown, props.all)}</span>
      <button type="button" onClick={props.onColumns}>Columns</button>
      <Copy onCopy={props.onCopy} />
    </div>
  );
}

const TOLD_FOR_MS = 2000;

function Copy(props: { onCopy: () => Promise<boolean> }): JSX.Element {
  const [words, setWords] = createSignal("Copy CSV");
  const copy = async (): Promise<void> => {
    setWords(await props.onCopy() ? "Copied" : "Not allowed");
    setTimeout(() => setWords("Copy CSV"), TOLD_FOR_MS);
  };
  return <button type="button" class="market-copy" aria-live="polite" onClick={() => void copy()}>{words()}</button>;
}

const counted = (shown: number, all: number): string => (shown === all ? `${all} instruments` : `${shown} of ${all}`);
