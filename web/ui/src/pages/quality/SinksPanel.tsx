/** Where every row is that history, caches and queues were to get. */

import { Index, type JSX } from "solid-js";

import { fixed, UNKNOWN } from "~/format/number";
import { span } from "~/format/time";
import type { HubSink } from "~/live/told";
import { bytes } from "~/pages/quality/figures";
import { Heads, number, text } from "~/pages/quality/Heads";

const DOTS: Record<HubSink["state"], string> = {
  ok: "live", catching_up: "syncing", down: "disconnected", refused: "refused", disk_full: "gapped",
};
const HEADS = [
  text("Sink"), text("State"), number("Accepted"), number("Written"), number("In hand", "Rows in memory"),
  number("Outbox rows", "Rows that wait on disk"), number("Outbox"), number("Oldest", "Since when they wait"), text("Dropped"), text("Trouble"),
];

export function SinksPanel(props: { sinks: readonly HubSink[] | undefined }): JSX.Element {
  return (
    <section class="panel" aria-labelledby="sinks-title">
      <header><h2 id="sinks-title">Sinks</h2><span class="muted">accepted = written + in hand + outbox + dropped</span></header>
      <div class="scroller" role="region" tabindex="0" aria-label="Sinks one by one">
        <table class="table">
          <Heads of={HEADS} />
          <tbody>
            <Index each={props.sinks ?? []} fallback={<tr><td class="empty" colspan="10">No sink is set up: nothing is kept.</td></tr>}>
              {(sink) => (
                <tr data-sink={sink().name}>
                  <th scope="row">{sink().name}</th>
                  <td><span class="dot" data-state={DOTS[sink().state]} /> {sink().state.replace("_", " ")}</td>
                  <td class="number">{fixed(sink().accepted, 0)}</td><td class="number">{fixed(sink().written, 0)}</td>
                  <td class="number">{fixed(sink().in_hand, 0)}</td>
                  <td class="number">{fixed(sink().outbox_rows, 0)}</td><td class="number">{bytes(sink().outbox_bytes)}</td>
                  <td class="number">{oldest(sink())}</td>
                  <td classList={{ problem: Object.keys(sink().dropped).length > 0 }}>{dropped(sink().dropped)}</td>
                  <td class="why" title={sink().trouble ?? sink().last_error ?? ""}>{trouble(sink())}</td>
                </tr>
              )}
            </Index>
          </tbody>
        </table>
      </div>
    </section>
  );
}

const oldest = ({ outbox_age_s: age }: HubSink): string => (age === null ? UNKNOWN : span(age * 1000));

const dropped = (causes: HubSink["dropped"]): string =>
  Object.entries(causes).map(([cause, rows]) => `${fixed(rows, 0)} ${cause.replace("_", " ")}`).join(", ") || "0";

function trouble({ trouble: now, last_error: before, next_attempt_in_s: next }: HubSink): string {
  const attempt = next === null ? "" : `next attempt in ${span(next * 1000)}`;
  return [now ?? (before ? `none now; before: ${before}` : "none"), attempt].filter(Boolean).join("; ");
}
