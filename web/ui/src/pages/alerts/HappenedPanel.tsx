/** What happened, the newest first: of all rules, or of the one that is open. */

import { A } from "@solidjs/router";
import { For, Show, type JSX } from "solid-js";

import { inPath } from "~/live/rest";
import type { Past } from "~/pages/alerts/desk";
import type { Alert } from "~/pages/alerts/told";
import { dayAndTime, isInstrument } from "~/pages/alerts/words";
import { zone } from "~/shell/preferences";

export function HappenedPanel(props: { past: Past; rule: string; onOpen: (rule: string) => void }): JSX.Element {
  return (
    <section class="panel alerts-happened" aria-labelledby="happened-title">
      <header>
        <h2 id="happened-title">What happened</h2>
        <Show when={props.rule}><span class="muted">by {props.rule}</span></Show>
        <Show when={props.past.problem()}>{(problem) => <span class="problem">{problem()}</span>}</Show>
      </header>
      <Show when={props.past.alerts().length} fallback={<p class="empty">Nothing yet.</p>}>
        <div class="scroller" tabindex="0" role="region" aria-label="Alerts one by one">
          <table class="table">
            <thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Rule</th><th scope="col">Subject</th><th scope="col">In words</th></tr></thead>
            <tbody><For each={props.past.alerts()}>{(alert) => <Line alert={alert} onOpen={props.onOpen} />}</For></tbody>
          </table>
        </div>
      </Show>
      <Show when={props.past.older()}>
        {(older) => <p class="alerts-pad"><button type="button" onClick={() => older()()}>Older</button></p>}
      </Show>
    </section>
  );
}

function Line(props: { alert: Alert; onOpen: (rule: string) => void }): JSX.Element {
  return (
    <tr data-alert={props.alert.id}>
      <td><time dateTime={new Date(props.alert.ts).toISOString()}>{dayAndTime(props.alert.ts, zone())}</time></td>
      <td>
        <span class="alert-kind" data-kind={props.alert.kind} data-severity={props.alert.severity}>{props.alert.kind}</span>
        <Show when={props.alert.muted}> <span class="chip" title="The rule was muted: no notifier was told">muted</span></Show>
      </td>
      <th scope="row"><button type="button" class="plain" onClick={() => props.onOpen(props.alert.rule)}>{props.alert.rule}</button></th>
      <td><SubjectName subject={props.alert.subject} /></td>
      <td title={props.alert.note || undefined}><span class="name alerts-text" title={props.alert.text}>{withoutSubject(props.alert)}</span></td>
    </tr>
  );
}

/** An instrument leads to its terminal. */
export function SubjectName(props: { subject: string | null }): JSX.Element {
  return (
    <Show when={props.subject} fallback={<span class="muted">the whole rule</span>}>
      {(subject) => (
        <Show when={isInstrument(subject())} fallback={<span class="name">{subject()}</span>}>
          <A class="name alerts-subject" href={`/terminal/${inPath(subject())}`} title={subject()}>{subject()}</A>
        </Show>
      )}
    </Show>
  );
}

const withoutSubject = ({ text, subject }: Alert): string =>
  subject !== null && text.startsWith(`${subject}: `) ? text.slice(subject.length + 2) : text;
