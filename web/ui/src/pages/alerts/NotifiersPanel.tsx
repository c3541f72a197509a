/** Who is told beyond this page, how that goes, and trying it. */

import { createSignal, Index, Show, type JSX } from "solid-js";

import { order } from "~/live/control";
import type { Answer } from "~/live/rest";
import { PATH } from "~/pages/alerts/desk";
import type { NotifierTold } from "~/pages/alerts/told";
import { Age } from "~/shell/Age";

interface Trial { readonly delivered: boolean; readonly error: string | null }

export function NotifiersPanel(props: { notifiers: readonly NotifierTold[] | undefined; mayControl: boolean; onTried: () => void }): JSX.Element {
  return (
    <section class="panel" aria-labelledby="notifiers-title">
      <header><h2 id="notifiers-title">Notifiers</h2></header>
      <Show when={props.notifiers?.length} fallback={<p class="empty">{none(props.notifiers)}</p>}>
        <ul><Index each={props.notifiers}>{(told) => <Notifier told={told()} mayControl={props.mayControl} onTried={props.onTried} />}</Index></ul>
      </Show>
    </section>
  );
}

const none = (told: readonly NotifierTold[] | undefined): string =>
  told === undefined ? "Asking the hub."
    : "There are none. A section [notifier:NAME] in the hub's settings makes a webhook, a Telegram chat or an e-mail address one.";

function Notifier(props: { told: NotifierTold; mayControl: boolean; onTried: () => void }): JSX.Element {
  const [trial, setTrial] = createSignal<string | null>(null);
  const attempt = async (): Promise<void> => {
    setTrial("Sending.");
    try {
      const { data } = await order<Answer<Trial>>("POST", `${PATH}/test`, { notifier: props.told.name });
      setTrial(data.delivered ? "The test message was taken." : `The test message was not taken: ${data.error ?? "no reason was given"}`);
    } catch (error) {
      setTrial(error instanceof Error ? error.message : String(error));
    }
    props.onTried();
  };
  const dropped = (): number => Object.values(props.told.dropped).reduce((sum, count) => sum + count, 0);
  return (
    <li class="alerts-notifier" data-notifier={props.told.name}>
      <div class="alerts-line">
        <strong>{props.told.name}</strong> <span class="chip">{props.told.kind}</span>
        <span class="muted">{props.told.sent} sent, {props.told.waiting} waiting{dropped() ? `, ${dropped()} dropped` : ""}</span>
        <Show when={props.mayControl}><button type="button" class="end" onClick={() => void attempt()}>Send a test</button></Show>
      </div>
      <Show when={props.told.last_error}>
        {(words) => <p class="problem">{props.told.failures} failed, the last {<Age since={props.told.last_error_ts} />} ago: {words()}</p>}
      </Show>
      <p role="status">{trial()}</p>
    </li>
  );
}
