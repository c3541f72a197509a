/** How long ago something was, counted on every second. */

import type { JSX } from "solid-js";

import { span } from "~/format/time";
import { hubNowMs } from "~/live/clock";

/** `since` is Unix ms by the hub's clock; null is a dash. Within two seconds it is "now": a count would only flicker. */
export function Age(props: { since: number | null | undefined }): JSX.Element {
  return <>{ageText(props.since, hubNowMs())}</>;
}

/** The same as text, for cells that write themselves. */
export function ageText(since: number | null | undefined, nowMs: number): string {
  if (since === null || since === undefined) return span(null);
  return nowMs - since < 2000 ? "now" : span(nowMs - since);
}
