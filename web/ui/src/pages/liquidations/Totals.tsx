/** What a window comes to, by side; and the same of each market, with what can be said against it. */

import { createMemo, For, Show, type JSX } from "solid-js";

import { fixed, UNKNOWN } from "~/format/number";
import { span } from "~/format/time";
import { hubNowMs } from "~/live/clock";
import { hubTold, type HubMarket } from "~/live/told";
import { amount } from "~/pages/liquidations/columns";
import type { Source } from "~/pages/liquidations/sources";
import { longPart, missedMs, sumOf, type Side, type Summary, type Told } from "~/pages/liquidations/summary";
import { QualityDot } from "~/shell/QualityDot";

export function Total(props: { title: string; told: Told | undefined; isTooLow: boolean }): JSX.Element {
  const part = (): number | null => longPart(props.told?.summary.totals ?? []);
  return (
    <section class="panel liquidations-total" aria-label={`Total of ${props.title}`}>
      <h2>
        Last {props.title}{" "}
        <Show when={props.isTooLow}><span class="chip" title="Some markets tell only a part of their liquidations">at least</span></Show>
      </h2>
      <div class="liquidations-sides">
        <SideTotal side="long" summary={props.told?.summary} />
        <SideTotal side="short" summary={props.told?.summary} />
      </div>
      <div class="liquidations-part" role="img" aria-label={part() === null ? "Nothing was liquidated" : `${fixed(part()! * 100, 0)} % were longs`}>
        <Show when={part() !== null}>
          <span class="long" style={{ width: `${part()! * 100}%` }} /><span class="short" style={{ width: `${(1 - part()!) * 100}%` }} />
        </Show>
      </div>
      <p class="muted"><Show when={props.told} fallback="Asking …">{(told) => known(told(), props.title)}</Show></p>
    </section>
  );
}

/** For how much of the window the totals can be relied on. */
function known(told: Told, title: string): string {
  const { since, from } = told.summary, missed = missedMs(told);
  if (since === null) return "None is kept so far";
  const reach = since > from ? `Known for the last ${span(hubNowMs() - since)} only` : `The last ${title} are known`;
  return missed < 1000 ? reach : `${reach}, but for ${span(missed)} in which a market was missed`;
}

function SideTotal(props: { side: Side; summary: Summary | undefined }): JSX.Element {
  const sum = createMemo(() => props.summary && sumOf(props.summary.totals, props.side));
  return (
    <div>
      <span class={props.side === "long" ? "down" : "up"}>{props.side === "long" ? "↘ longs" : "↗ shorts"}</span>
      <strong>{amount(sum()?.value)}</strong>
      <span class="muted">{sum() === undefined ? "" : `${fixed(sum()!.count, 0)} positions`}</span>
    </div>
  );
}

/** Each market: what it told, how its feed does, and what it does not tell. */
export function Sources(props: { sources: readonly Source[]; hour: Summary | undefined; day: Summary | undefined }): JSX.Element {
  const value = (summary: Summary | undefined, side: Side, { exchange, market, tells }: Source): string =>
    (summary === undefined || !TELLING.includes(tells) ? UNKNOWN : amount(sumOf(summary.totals, side, exchange, market).value));
  return (
    <section class="panel liquidations-sources">
      <h2>By market</h2>
      <div class="scroller" role="region" tabindex="0" aria-label="By market">
        <table class="table">
          <thead>
            <tr>
              <th>Market</th><th class="number">1 h longs</th><th class="number">1 h shorts</th>
              <th class="number">24 h longs</th><th class="number">24 h shorts</th><th>What it tells</th>
            </tr>
          </thead>
          <tbody>
            <For each={props.sources}>
              {(source) => (
                <tr classList={{ muted: !TELLING.includes(source.tells) }}>
                  <th scope="row"><State source={source} /> <span class="name">{source.exchange}</span> <span class="muted">{source.market}</span></th>
                  <td class="number">{value(props.hour, "long", source)}</td><td class="number">{value(props.hour, "short", source)}</td>
                  <td class="number">{value(props.day, "long", source)}</td><td class="number">{value(props.day, "short", source)}</td>
                  <td>
                    <span class="chip" classList={{ warning: source.tells === "some" }} title={WORDS[source.tells][1]}>
                      {WORDS[source.tells][0]}
                    </span>
                  </td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
    </section>
  );
}

function State(props: { source: Source }): JSX.Element {
  const isMeant = ({ exchange, market }: HubMarket): boolean => exchange === props.source.exchange && market === props.source.market;
  const state = (): string | undefined => (TELLING.includes(props.source.tells) ? hubTold()?.hub.markets.find(isMeant)?.state : undefined);
  return <Show when={state()}>{(told) => <QualityDot state={told()} />}</Show>;
}

const TELLING: readonly Source["tells"][] = ["all", "some"];

const WORDS: Readonly<Record<Source["tells"], readonly [string, string]>> = {
  all: ["every one", "This exchange tells every liquidation in public"],
  some: ["sampled: too low", "This exchange tells only some of its liquidations, so that every sum is too low"],
  none: ["tells none", "This market tells no liquidations in public"],
  switched_off: ["switched off", "The settings of this hub do not follow them"],
};
