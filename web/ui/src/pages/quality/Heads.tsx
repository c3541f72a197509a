/** The head of a small table. */

import { For, type JSX } from "solid-js";

export interface Head { readonly name: string; readonly isNumber?: boolean; readonly meaning?: string | undefined }

/** A column of texts, and one of numbers, which stand at the right. */
export const text = (name: string, meaning?: string): Head => ({ name, meaning });
export const number = (name: string, meaning?: string): Head => ({ name, meaning, isNumber: true });

export function Heads(props: { of: readonly Head[] }): JSX.Element {
  return (
    <thead>
      <tr>
        <For each={props.of}>
          {(head) => <th scope="col" classList={{ number: head.isNumber === true }} title={head.meaning}>{head.name}</th>}
        </For>
      </tr>
    </thead>
  );
}
