/** How a rule stands: the word says it, the shape and the colour lead the eye. */

import type { JSX } from "solid-js";

import type { RuleState } from "~/pages/alerts/told";
import { STATE_MEANINGS } from "~/pages/alerts/words";

export function StateChip(props: { state: RuleState }): JSX.Element {
  return <span class="alert-state" data-state={props.state} title={STATE_MEANINGS[props.state]}>{props.state}</span>;
}
