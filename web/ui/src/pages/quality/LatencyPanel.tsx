/** How long data takes: from the exchange's clock to the hub, and inside the hub. */

import { createMemo, createSignal, For, Index, Show, type JSX } from "solid-js";

import { fixed, UNKNOWN } from "~/format/number";
import { buckets, since, type Bucket } from "~/pages/quality/figures";
import { Heads, number, text } from "~/pages/quality/Heads";
import type { Latency, MarketQuality } from "~/pages/quality/told";
import { properName } from "~/shell/condition";

type Kind = "delays" | "dwells";

const HEADS = [
  text("Market"), number("p50", "Over the last minute"), number("p99", "Over the last minute"), text("Histogram"),
  number("Clock", "How far the exchange's clock is ahead of the hub's"),
];

/** `first` is how it was when the page was opened: what came since then says more than what came since the hub's start. */
export function LatencyPanel(props: { markets: readonly MarketQuality[]; first: readonly MarketQuality[] }): JSX.Element {
  const [kind, setKind] = createSignal<Kind>("delays");
  const [isWhole, setWhole] = createSignal(true);
  const began = ({ exchange, market }: MarketQuality) =>
    props.first.find((each) => each.exchange === exchange && each.market === market)?.latency;
  return (
    <section class="panel" aria-labelledby="latency-title">
      <header>
        <h2 id="latency-title">Latency</h2>
        <div class="toolbar">
          <select aria-label="Which latency" onChange={(event) => setKind(event.currentTarget.value as Kind)}>
            <option value="delays">exchange → hub</option><option value="dwells">inside the hub</option>
          </select>
          <select aria-label="Since when" onChange={(event) => setWhole(event.currentTarget.value === "start")}>
            <option value="start">since the hub's start</option><option value="page">since this page was opened</option>
          </select>
        </div>
      </header>
      <div class="scroller" role="region" tabindex="0" aria-label="Latency by market">
        <table class="table">
          <Heads of={HEADS} />
          <tbody><Index each={props.markets}>{(market) => (
            <tr>
              <th scope="row">{properName(market().exchange)} <span class="muted">{market().market}</span></th>
              <td class="number">{ms(kind() === "delays" ? market().latency?.p50_ms : market().latency?.dwell_p50_ms)}</td>
              <td class="number">{ms(kind() === "delays" ? market().latency?.p99_ms : market().latency?.dwell_p99_ms)}</td>
              <td><Show when={market().latency} fallback={UNKNOWN}>
                {(latency) => <Histogram latency={latency()} counts={counted(latency(), isWhole() ? null : began(market()), kind())} />}
              </Show></td>
              <td class="number">{clock(market().latency)}</td>
            </tr>
          )}</Index></tbody>
        </table>
      </div>
    </section>
  );
}

const counted = (latency: Latency, before: Latency | null | undefined, kind: Kind): readonly number[] =>
  (before ? since(latency[kind], before[kind]) : latency[kind]);

const WIDTH = 9, HEIGHT = 20;

function Histogram(props: { latency: Latency; counts: readonly number[] }): JSX.Element {
  const bars = createMemo(() => buckets(props.latency.bounds_ms, props.counts));
  return (
    <Show when={bars().length} fallback={UNKNOWN}>
      <svg class="histogram" role="img" width={bars().length * WIDTH} height={HEIGHT}
        aria-label={bars().filter(({ count }) => count).map(bucketWords).join("; ")}>
        <For each={bars()}>{(bar, index) => (
          <g>
            <rect class="ground" x={index() * WIDTH} y={0} width={WIDTH - 1} height={HEIGHT} />
            <rect class="bar" x={index() * WIDTH} y={HEIGHT - pixels(bar)} width={WIDTH - 1} height={pixels(bar)} />
            <title>{bucketWords(bar)}</title>
          </g>
        )}</For>
      </svg>
    </Show>
  );
}

const pixels = ({ height }: Bucket): number => Math.ceil(height * HEIGHT);

const bucketWords = ({ upTo, share, count }: Bucket): string =>
  `${boundWords(upTo)}: ${fixed(share * 100, 1)} % (${fixed(count, 0)})`;

const boundWords = (upTo: number | null): string =>
  (upTo === null ? "longer" : upTo < 1000 ? `up to ${upTo} ms` : `up to ${upTo / 1000} s`);

const ms = (value: number | null | undefined): string =>
  (value === null || value === undefined ? UNKNOWN : `${fixed(value, value < 10 ? 1 : 0)} ms`);

function clock(latency: Latency | null): string {
  if (latency === null || latency.clock_offset_ms === null) return UNKNOWN;
  const sign = latency.clock_offset_ms < 0 ? "−" : "+";
  return `${sign}${fixed(Math.abs(latency.clock_offset_ms), 1)} ± ${fixed(latency.clock_error_ms, 1)} ms`;
}
