/** How often a rule would have fired, out of history. */

import { For, Show, type JSX } from "solid-js";

import { span } from "~/format/time";
import type { Preview } from "~/pages/alerts/told";
import { dayAndTime } from "~/pages/alerts/words";
import { zone } from "~/shell/preferences";

const SHOWN_MAX = 20;
const HOUR_MS = 3_600_000;

export function PreviewResult(props: { preview: Preview }): JSX.Element {
  const newest = () => [...props.preview.firings].reverse().slice(0, SHOWN_MAX);
  return (
    <section class="alerts-preview" aria-label="Preview">
      <p class="alerts-pad">
        It would have fired <strong>{props.preview.fired === 1 ? "once" : `${props.preview.fired} times`}</strong> in
        the last {Math.round((props.preview.to - props.preview.from) / HOUR_MS)} h.
        <span class="muted"> {whereof(props.preview)}</span>
      </p>
      <Show when={newest().length}>
        <div class="scroller" tabindex="0" role="region" aria-label="When it would have fired">
          <table class="table">
            <thead><tr><th scope="col">When</th><th scope="col">In words</th></tr></thead>
            <tbody><For each={newest()}>{({ ts, text }) => (
              <tr><td>{dayAndTime(ts, zone())}</td><td><span class="name alerts-text" title={text}>{text}</span></td></tr>
            )}</For></tbody>
          </table>
        </div>
      </Show>
    </section>
  );
}

/** What that was made of: a preview of one minute of history is no day's. */
function whereof({ looked_at: seen, meant, since, from, to }: Preview): string {
  if (meant === 0) return "Its keys mean nothing that is followed now.";
  const of = seen.length < meant ? `${seen.length} of the ${meant} instruments that it means were looked at` : `${meant} instruments were looked at`;
  if (since === null) return `${of}, and nothing of them is kept.`;
  return since > from + 60_000 ? `${of}; what is kept of them begins ${span(to - since)} ago.` : `${of}.`;
}
