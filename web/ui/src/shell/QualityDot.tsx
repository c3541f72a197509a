/** How far something can be trusted, as a dot: its colour, its shape and its words all say it. */

import type { JSX } from "solid-js";

/** `state` is a quality (`live`, `stale`, `gapped`, …) or the state of a feed; `why` is told to whoever asks. */
export function QualityDot(props: { state: string; why?: string | null | undefined }): JSX.Element {
  const words = (): string => (props.why ? `${props.state}: ${props.why}` : props.state);
  return <span class="dot" role="img" data-state={props.state} aria-label={words()} title={words()} />;
}
