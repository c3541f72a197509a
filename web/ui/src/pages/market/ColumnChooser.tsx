/** Which columns are shown. */

import { For, type JSX } from "solid-js";

import { Dialog } from "~/pages/market/Dialog";
import type { MarketColumn } from "~/pages/market/columns";
import { toggled } from "~/pages/market/view";

export interface ColumnChooserProps {
  readonly columns: readonly MarketColumn[];
  readonly shown: readonly MarketColumn[];
  /** Null: as many as there is room for. */
  readonly onChoose: (ids: readonly string[] | null) => void;
  readonly onClose: () => void;
}

export function ColumnChooser(props: ColumnChooserProps): JSX.Element {
  const ids = (): string[] => props.shown.map(({ id }) => id);
  return (
    <Dialog title="Columns" onClose={props.onClose}>
      <ul class="market-choices">
        <For each={props.columns.slice(1)}>
          {(column) => (
            <li>
              <label>
                <input
                  type="checkbox" checked={ids().includes(column.id)}
                  onChange={() => props.onChoose(toggled(ids(), column.id))}
                />
                <span>{column.title}</span>
                <span class="muted">{column.meaning}</span>
              </label>
            </li>
          )}
        </For>
      </ul>
      <button type="button" onClick={() => props.onChoose(null)}>As many as there is room for</button>
    </Dialog>
  );
}
