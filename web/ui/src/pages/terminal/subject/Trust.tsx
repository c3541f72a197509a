/** How far what a pane shows can be trusted: a dot while it is live, and words when it is not. */

import { Show, type JSX } from "solid-js";

import { Age } from "~/shell/Age";
import { QualityDot } from "~/shell/QualityDot";
import type { ChannelState } from "~/pages/terminal/subject/states";

export function Trust(props: { state: ChannelState }): JSX.Element {
  return (
    <span class="trust">
      <QualityDot state={props.state.state} why={props.state.why} />
      <Show when={props.state.state !== "live"}>
        <span class="trust-words">
          {props.state.state} <Show when={props.state.since !== null}><Age since={props.state.since} /></Show>
        </span>
      </Show>
    </span>
  );
}
