/** The liquidations as they come, and standing still under a pointer or after a space. */

import { createMemo, createSignal, Show, type JSX } from "solid-js";

import { fitting } from "~/list/columns";
import { VirtualTable, type TableControl } from "~/list/VirtualTable";
import { connectionState } from "~/live/hub";
import { COLUMNS } from "~/pages/liquidations/columns";
import { KEPT_MAX, type Entry } from "~/pages/liquidations/feed";
import { standing } from "~/pages/liquidations/follow";

export interface FeedControl { readonly press: (key: string) => boolean }

export interface FeedPanelProps {
  /** All, the newest first. */
  readonly entries: readonly Entry[];
  /** Whether the view shows one. */
  readonly passes: (entry: Entry) => boolean;
  readonly missed: number;
  readonly problem: string | null;
  /** Why there is none. */
  readonly empty: string;
  readonly onOpen: (key: string) => void;
  readonly ref: (control: FeedControl) => void;
}

export function FeedPanel(props: FeedPanelProps): JSX.Element {
  const { shown: held, stand, isStill } = standing(() => props.entries);
  const shown = createMemo(() => held().filter(props.passes));
  const ids = createMemo(() => shown().map(({ id }) => id));
  const [isPaused, setPaused] = createSignal(false);
  const [selected, setSelected] = createSignal<string>();
  const [width, setWidth] = createSignal(0);
  const columns = createMemo(() => fitting(COLUMNS, width()), [], { equals: (a, b) => a.length === b.length });
  const byId = createMemo(() => new Map(shown().map((entry) => [entry.id, entry])));
  const waiting = (): number => {
    const newest = held()[0]?.ts ?? 0;
    return isStill() ? props.entries.filter((entry) => entry.ts > newest && props.passes(entry)).length : 0;
  };
  const pause = (isOn: boolean): void => {
    setPaused(isOn);
    stand("space", isOn);
  };
  const open = (id: string): void => {
    const entry = byId().get(id);
    if (entry) props.onOpen(entry.told.key);
  };
  let table: TableControl | undefined;
  props.ref({
    press: (key) => {
      if (key === " ") pause(!isPaused());
      else if (key === "Escape") { pause(false); setSelected(undefined); }
      else return table?.press(key) ?? false;
      return true;
    },
  });

  return (
    <section
      class="panel liquidations-feed" aria-label="Feed"
      onPointerEnter={(event) => { if (event.pointerType === "mouse") stand("pointer", true); }}
      onPointerLeave={() => stand("pointer", false)}
    >
      <header>
        <h2>Feed</h2>
        <Show when={isStill()}><span class="chip" role="status">still{waiting() ? ` · ${waiting()} new` : ""}</span></Show>
        <Show when={connectionState() !== "open" && props.entries.length}>
          <span class="chip warning" role="status">no contact with the hub</span>
        </Show>
        <Show when={props.missed}><span class="chip warning">{props.missed} missed</span></Show>
        <Show when={props.problem}>{(words) => <span class="problem">{words()}</span>}</Show>
        <button type="button" class="end" aria-pressed={isPaused()} onClick={() => pause(!isPaused())}>Pause <kbd>space</kbd></button>
      </header>
      <VirtualTable<Entry>
        label="Liquidations, the newest first" columns={columns()} keys={ids()} record={(id) => byId().get(id)}
        sort={null} onSort={() => {}} selected={selected()} onSelect={setSelected} onOpen={open}
        isStale={() => false} onWidth={setWidth} ref={(control) => { table = control; }}
      />
      <Show when={shown().length === 0}><p class="empty" role="status">{props.empty}</p></Show>
      <Show when={held().length === KEPT_MAX}><p class="liquidations-note muted">Of the newest {KEPT_MAX}</p></Show>
    </section>
  );
}
