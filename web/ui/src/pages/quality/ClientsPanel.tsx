/** Who listens, to what, and how well they keep up. The hub tells that on its own machine only, or to its owner. */

import { createEffect, createMemo, createSignal, Index, on, Show, type JSX } from "solid-js";

import { fixed, UNKNOWN } from "~/format/number";
import { hub } from "~/live/hub";
import { polled } from "~/live/polled";
import type { Answer } from "~/live/rest";
import { clientRates, type Clients } from "~/pages/quality/figures";
import { Heads, number, text } from "~/pages/quality/Heads";
import type { ClientTold, ClientWish, Meta } from "~/pages/quality/told";
import { Age } from "~/shell/Age";

const EVERY_MS = 3000;
const SHOWN_MAX = 200;
const HEADS = [
  text("Client"), text("By"), text("From"), text("For"), text("What"),
  number("Messages/s", "Frames with data"), number("Conflated", "Updates merged with newer ones, because it was busy"),
  number("Missed", "Records that it never got, and was told so"), number("Lag", "How long its last frame waited"),
];

export function ClientsPanel(): JSX.Element {
  const answers = polled<Answer<ClientTold[], Meta>>(() => ({ path: "/api/v1/clients", parameters: { limit: SHOWN_MAX } }), EVERY_MS);
  const [told, setTold] = createSignal<{ now: Clients; before: Clients | undefined }>();
  createEffect(on(answers.latest, (answer) => {
    if (answer) setTold((known) => ({ now: { asOf: answer.meta.as_of, clients: answer.data }, before: known?.now }));
  }));
  const rates = createMemo(() => {
    const both = told();
    return both ? clientRates(both.now, both.before) : new Map<string, number>();
  });
  return (
    <section class="panel" aria-labelledby="clients-title">
      <header>
        <h2 id="clients-title">Clients</h2>
        <span class="muted">{answers.latest()?.meta.total ?? answers.latest()?.data.length}</span>
      </header>
      <Show when={!answers.isForbidden()}
        fallback={<p class="empty">The hub tells who listens on its own machine only: {answers.problem()}</p>}>
        <div class="scroller drill" tabindex="0" role="region" aria-label="Clients one by one">
          <table class="table">
            <Heads of={HEADS} />
            <tbody>
              <Index each={answers.latest()?.data ?? []}
                fallback={<tr><td class="empty" colspan="9">{answers.problem() ?? "Nobody listens."}</td></tr>}>
                {(client) => <Client told={client()} perS={rates().get(client().id)} />}
              </Index>
            </tbody>
          </table>
        </div>
      </Show>
    </section>
  );
}

function Client(props: { told: ClientTold; perS: number | undefined }): JSX.Element {
  const isThisPage = () => hub().welcome?.connection_id === props.told.id;
  return (
    <tr data-client={props.told.id}>
      <th scope="row"><code>{props.told.id}</code> <Show when={isThisPage()}><span class="chip">this page</span></Show></th>
      <td>{props.told.route} <span class="muted">{props.told.format}{props.told.deflate ? ", deflate" : ""}</span></td>
      <td>{props.told.address}</td>
      <td><Age since={props.told.since} /></td>
      <td class="why" title={props.told.wishes.map(wishWords).join("\n")}>{wishesWords(props.told)}</td>
      <td class="number">{props.perS === undefined ? UNKNOWN : fixed(props.perS, 1)}</td>
      <td class="number">{fixed(props.told.conflated, 0)}</td>
      <td class="number" classList={{ problem: props.told.missed > 0 }}>{fixed(props.told.missed, 0)}</td>
      <td class="number">{props.told.busy ? "busy" : `${fixed(props.told.lag_ms, 0)} ms`}</td>
    </tr>
  );
}

function wishesWords({ wishes, subscriptions }: ClientTold): string {
  const more = subscriptions - Math.min(wishes.length, 3);
  return wishes.slice(0, 3).map(wishWords).join("; ") + (more > 0 ? `; ${more} more` : "") || "nothing";
}

function wishWords({ channel, selectors, keys, max_rate_hz: rate }: ClientWish): string {
  const many = keys === null ? "" : ` (${keys})`, at = rate ? ` at ${rate} Hz` : "";
  return `${channel} ${selectors.join(", ")}${many}${at}`.replace("  ", " ");
}
