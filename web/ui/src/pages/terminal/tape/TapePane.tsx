/** The trade tape: the newest trades first, those of a value that one chose. */

import { createSignal, createEffect, For, onCleanup, Show, type JSX } from "solid-js";

import { compact, decimalsOf, fixed, price } from "~/format/number";
import { timeOfDay } from "~/format/time";
import { oncePerFrame } from "~/live/frames";
import { hub } from "~/live/hub";
import type { States } from "~/pages/terminal/subject/states";
import type { Subject } from "~/pages/terminal/subject/subject";
import { Trust } from "~/pages/terminal/subject/Trust";
import type { View } from "~/pages/terminal/subject/view";
import { amountOf, Tape, type TapeRow } from "~/pages/terminal/tape/tape";
import { zone } from "~/shell/preferences";

const RATE_HZ = 10;

export function TapePane(props: { subject: Subject; states: States; view: View }): JSX.Element {
  const rows = followTape(props.subject.key, () => amountOf(props.view.minimum()) ?? 0);
  const isOld = (): boolean => props.states("trades").state !== "live";
  return (
    <section class="panel pane tape" aria-label="Trades">
      <header>
        <h2>Trades</h2>
        <Trust state={props.states("trades")} />
        <Minimum view={props.view} quote={props.subject.quote} />
      </header>
      <div class="pane-body scroller" tabindex="0" role="region" aria-label="The newest trades">
        <table classList={{ stale: isOld() }}>
          <caption class="spoken">Trades of {props.subject.key}, the newest first</caption>
          <thead><tr><For each={["Time", "Price", "Size", "Value"]}>{(name) => <th scope="col">{name}</th>}</For></tr></thead>
          <tbody><For each={rows()}>{(row) => <Row row={row} subject={props.subject} />}</For></tbody>
        </table>
        <Show when={rows().length === 0}><p class="empty">{nothing(props.view.minimum())}</p></Show>
      </div>
    </section>
  );
}

function followTape(key: string, minimum: () => number): () => readonly TapeRow[] {
  const tape = new Tape(), [rows, setRows] = createSignal<readonly TapeRow[]>([]);
  const paint = oncePerFrame(() => setRows(tape.rows));
  const subscription = hub().trades(key, { snapshot: true, max_rate_hz: RATE_HZ });
  subscription.on("data", (trades, { kind }) => {
    tape.add(trades, kind === "snapshot");
    paint();
  });
  subscription.on("gap", ({ missed, healed }) => {
    if (!healed) tape.miss(missed);
    paint();
  });
  createEffect(() => {
    tape.setMinimum(minimum());
    setRows(tape.rows);
  });
  onCleanup(() => subscription.close());
  return rows;
}

function Row(props: { row: TapeRow; subject: Subject }): JSX.Element {
  const { trade } = props.row;
  if (trade === undefined) return <tr class="missed"><td colSpan={4}>{props.row.missed}</td></tr>;
  const isBuy = trade.side === "buy", decimals = props.subject.lot_size ? decimalsOf(props.subject.lot_size) : 4;
  return (
    <tr class={isBuy ? "up" : "down"}>
      <td>{timeOfDay(trade.ts_event ?? trade.ts_recv ?? 0, zone())}</td>
      <td>
        <span aria-hidden="true">{isBuy ? "+" : "−"}</span><span class="spoken">{isBuy ? "bought" : "sold"} </span>
        {price(trade.price, props.subject.tick_size)}
      </td>
      <td>{fixed(trade.size, decimals)}</td>
      <td>{compact(trade.price * trade.size)}</td>
    </tr>
  );
}

function Minimum(props: { view: View; quote: string | null }): JSX.Element {
  const [text, setText] = createSignal(props.view.minimum());
  const take = (written: string): void => {
    setText(written);
    if (amountOf(written) !== null) props.view.setMinimum(written);
  };
  return (
    <label class="end">
      <span>≥</span>
      <input
        type="text" size={6} placeholder="all" aria-label={`Least value of a trade in ${props.quote ?? "quote units"}`}
        title="Least value of a trade, such as 10k" value={text()} aria-invalid={amountOf(text()) === null}
        onInput={(event) => take(event.currentTarget.value)}
      />
    </label>
  );
}

const nothing = (minimum: string): string => (minimum ? `No trade of ${minimum} or more has come yet.` : "No trade has come yet.");
