/** What is known of the instrument at a glance, each figure grey as soon as it is old. */

import { createMemo, For, Show, type Accessor, type JSX } from "solid-js";
import type { Ticker } from "tickwell/records";

import { percent, price } from "~/format/number";
import { hubNowMs } from "~/live/clock";
import { isCurrent, statsOf } from "~/pages/terminal/subject/stats";
import type { Subject } from "~/pages/terminal/subject/subject";

export function StatsStrip(props: { ticker: Accessor<Ticker | undefined>; subject: Subject }): JSX.Element {
  const isOld = (): boolean => !isCurrent(props.ticker());
  const figures = createMemo(() => statsOf(props.ticker(), props.subject.tick_size, hubNowMs()));
  return (
    <dl class="stats" classList={{ stale: isOld() }}>
      <div class="last">
        <dt class="spoken">Last price</dt>
        <dd><LastPrice ticker={props.ticker} tick={props.subject.tick_size} /></dd>
      </div>
      <For each={figures().map(({ name }) => name)}>
        {(name, index) => (
          <div>
            <dt>{name}</dt>
            <dd title={figures()[index()]?.title}>{figures()[index()]?.value}</dd>
          </div>
        )}
      </For>
    </dl>
  );
}

const DIRECTIONS: Readonly<Record<string, string>> = { "↗": "up", "↘": "down" };

function LastPrice(props: { ticker: Accessor<Ticker | undefined>; tick: number | null }): JSX.Element {
  const moved = createMemo<{ price: number | null; arrow: string }>((before) => {
    const now = props.ticker()?.price ?? null;
    if (now === null || before.price === null || now === before.price) return { price: now, arrow: before.arrow };
    return { price: now, arrow: now > before.price ? "↗" : "↘" };
  }, { price: null, arrow: "→" });
  const change = (): number | null => props.ticker()?.change_24h ?? null;
  const direction = (): string => (isCurrent(props.ticker()) ? DIRECTIONS[moved().arrow] ?? "" : "");
  const tendency = (): string => (!isCurrent(props.ticker()) ? "" : (change() ?? 0) < 0 ? "down" : "up");
  return (
    <>
      <span class={`last-price ${direction()}`}>
        {price(moved().price, props.tick)} <span aria-hidden="true">{moved().arrow}</span>
      </span>
      <Show when={change() !== null}>
        <span class={tendency()} title="Change in 24 hours"> {percent(change())}</span>
      </Show>
    </>
  );
}
