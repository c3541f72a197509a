/** Why there is no row, and what can be done about it. */

import { A } from "@solidjs/router";
import { For, Match, Show, Switch, type JSX } from "solid-js";

import { connectionState } from "~/live/hub";
import { conditionsOf, lifted, type View } from "~/pages/market/view";

export interface EmptyProps {
  readonly view: View;
  readonly onChange: (change: (view: View) => View) => void;
  /** Whether the hub has told of any instrument. */
  readonly hasRecords: boolean;
  /** Whether the filter's answer has not come yet. */
  readonly isScreening: boolean;
}

export function Empty(props: EmptyProps): JSX.Element {
  return (
    <div class="empty" role="status">
      <Switch fallback={<NoMatch {...props} />}>
        <Match when={!props.hasRecords && connectionState() !== "open"}>
          <h2>No contact with the hub yet</h2>
          <p>This page connects by itself as soon as the hub answers.</p>
        </Match>
        <Match when={!props.hasRecords}>
          <h2>No prices yet</h2>
          <p>
            The hub runs, and its exchanges have told nothing so far. <A href="/quality">Quality</A> says how each of
            them is doing.
          </p>
        </Match>
        <Match when={props.isScreening}><h2>Looking …</h2></Match>
      </Switch>
    </div>
  );
}

function NoMatch(props: EmptyProps): JSX.Element {
  const conditions = (): ReturnType<typeof conditionsOf> => conditionsOf(props.view);
  return (
    <>
      <h2>Nothing matches</h2>
      <p>No instrument fulfils all of this:</p>
      <ul class="market-conditions">
        <For each={conditions()}>
          {({ name, words }) => (
            <li>
              <span class="name">{words}</span>
              <button type="button" aria-label={`Clear: ${words}`} onClick={() => props.onChange((view) => lifted(view, name))}>
                Clear
              </button>
            </li>
          )}
        </For>
      </ul>
      <Show when={conditions().length > 1}>
        <button type="button" onClick={() => props.onChange((view) => lifted(view))}>Clear all</button>
      </Show>
    </>
  );
}
