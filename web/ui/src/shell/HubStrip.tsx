/** A dot for each exchange, and what comes and goes. */

import { createMemo, Index, Show, type JSX } from "solid-js";

import { compact, fixed, UNKNOWN } from "~/format/number";
import { span } from "~/format/time";
import { nowMs } from "~/live/clock";
import { connectionState } from "~/live/hub";
import { hubTold, hubToldBefore, type HubMarket } from "~/live/told";
import { exchangeConditions, isCurrent, placeName, properName, ratePerS, slowest, type ExchangeCondition } from "~/shell/condition";

const FRESH_MS = 2000;

export function HubStrip(): JSX.Element {
  const isNow = createMemo(() => isCurrent(connectionState(), hubTold(), nowMs()));
  const exchanges = createMemo(() => exchangeConditions(hubTold()?.hub.markets ?? []));
  return (
    <div class="strip" role="group" aria-label="The hub" tabindex="0">
      <ul class="feeds" aria-label="Exchanges">
        <Index each={exchanges()}>{(condition) => <Exchange condition={condition()} isNow={isNow()} />}</Index>
      </ul>
      <Meters isNow={isNow()} />
    </div>
  );
}

/** Without contact nobody knows how an exchange is doing: what was told last is not shown as if it were so. */
function Exchange(props: { condition: ExchangeCondition; isNow: boolean }): JSX.Element {
  const state = () => (props.isNow ? props.condition.state : "unknown");
  return (
    <li data-exchange={props.condition.exchange} data-state={state()}
      title={props.isNow ? props.condition.markets.map(marketWords).join("\n") : "No contact with the hub"}>
      <span class="dot" data-state={state()} />
      <span class="feed-name">{properName(props.condition.exchange)}</span>
      <span class="feed-state">{props.isNow ? stateWords(props.condition) : UNKNOWN}</span>
    </li>
  );
}

/** What is live says how old its data is, unless that is as it should be; all else says what it is. */
function stateWords({ state, ageMs }: ExchangeCondition): string {
  const age = ageMs === null ? "" : ageMs < FRESH_MS ? "<2 s" : span(ageMs);
  return state === "live" ? age : [state.replace("-", " "), state === "stopped" ? "" : age].filter(Boolean).join(" ");
}

function marketWords(market: HubMarket): string {
  const newest = market.age_ms === null ? "no data yet" : `newest data ${span(market.age_ms)} ago`;
  const latency = market.p50_ms === null ? [] : [`latency ${latencyWords(market)}`];
  return [
    `${market.market}: ${market.state}`, `${market.producing} of ${market.symbols} instruments`, newest,
    `${fixed(market.messages_per_s, 0)} messages/s`, ...latency, `${market.reconnects} reconnects`,
  ].join(", ");
}

function Meters(props: { isNow: boolean }): JSX.Element {
  const hub = () => (props.isNow ? hubTold()?.hub : undefined);
  const out = () => (props.isNow ? ratePerS(hubTold(), hubToldBefore(), ({ traffic }) => traffic.messages_out) : null);
  const late = () => slowest(hub()?.markets ?? []);
  return (
    <dl class="meters">
      <Meter name="in/s" meaning="Messages from all exchanges per second" text={rate(hub()?.traffic.messages_in_per_s)} />
      <Meter name="out/s" meaning="Messages with data to all clients per second" text={rate(out())} />
      <Meter name="latency p50 / p99" meaning={latencyMeaning(late())} text={latencyWords(late())} />
      <Meter name="clients" meaning="Clients of the stream, and of the realtime sockets; this page is one"
        text={hub() ? String(hub()!.clients.stream + hub()!.clients.realtime) : UNKNOWN} />
      <Show when={(hub()?.clients.missed ?? 0) > 0}>
        <Meter name="missed" meaning="Records that slow clients never got, since the start" text={compact(hub()?.clients.missed)} />
      </Show>
    </dl>
  );
}

function Meter(props: { name: string; meaning: string; text: string }): JSX.Element {
  return <div title={props.meaning}><dt>{props.name}</dt><dd>{props.text}</dd></div>;
}

const latencyWords = (market: HubMarket | null): string =>
  (market ? `${milliseconds(market.p50_ms)} / ${milliseconds(market.p99_ms)}` : UNKNOWN);

const latencyMeaning = (slowest: HubMarket | null): string =>
  `From the exchange's clock to the hub, over the last minute${slowest ? `, of the slowest: ${placeName(slowest)}` : ""}`;

const rate = (perS: number | null | undefined): string => ((perS ?? 0) < 10_000 ? fixed(perS, 0) : compact(perS));

const milliseconds = (ms: number | null): string => (ms === null ? UNKNOWN : `${fixed(ms, ms < 10 ? 1 : 0)} ms`);
