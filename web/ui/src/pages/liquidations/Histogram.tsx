/** What was liquidated when: shorts upwards, longs downwards. */

import { createMemo, createSignal, For, Show, type JSX } from "solid-js";

import { timeOfDay } from "~/format/time";
import { amount } from "~/pages/liquidations/columns";
import { barsOf, mostOf, placeOf, unknownPart } from "~/pages/liquidations/histogram";
import { sumOf, type Gap, type Slice, type Summary, type Told } from "~/pages/liquidations/summary";
import { zone } from "~/shell/preferences";

const WIDTH = 1000;
const HALF = 100;
const BETWEEN = 1.5;

export function Histogram(props: { told: Told }): JSX.Element {
  const [pointed, setPointed] = createSignal<Slice>();
  const summary = (): Summary => props.told.summary;
  const bars = createMemo(() => barsOf(summary()));
  const x = (ts: number): number => placeOf(ts, summary()) * WIDTH;
  const time = (ms: number): string => timeOfDay(ms, zone()).slice(0, 5);
  return (
    <figure class="liquidations-histogram">
      <figcaption class="muted">
        <Show when={pointed()} fallback={<>Shorts upwards, longs downwards; the highest is {amount(mostOf(summary().slices))}</>}>
          {(slice) => (
            <>
              {time(slice().start)}: <span class="down">longs {amount(slice().long)}</span>,{" "}
              <span class="up">shorts {amount(slice().short)}</span>, {slice().count} in all
            </>
          )}
        </Show>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${2 * HALF}`} preserveAspectRatio="none" role="img" aria-label={told(summary())}
        onPointerLeave={() => setPointed(undefined)}
      >
        <rect class="unknown" x="0" y="0" width={unknownPart(summary()) * WIDTH} height={2 * HALF}>
          <title>Nothing is known of this time</title>
        </rect>
        <For each={bars()}>
          {({ slice, x, width, up, down }) => (
            <g onPointerEnter={() => setPointed(slice)}>
              <rect class="around" x={x * WIDTH} y="0" width={width * WIDTH} height={2 * HALF} />
              <rect class="short" x={x * WIDTH} y={HALF * (1 - up)} width={Math.max(1, width * WIDTH - BETWEEN)} height={HALF * up} />
              <rect class="long" x={x * WIDTH} y={HALF} width={Math.max(1, width * WIDTH - BETWEEN)} height={HALF * down} />
            </g>
          )}
        </For>
        <For each={props.told.gaps}>
          {(gap) => (
            <rect class="hole" x={x(gap.from)} y="0" width={Math.max(1, x(gap.to ?? summary().to) - x(gap.from))} height={2 * HALF}>
              <title>{missed(gap, time)}</title>
            </rect>
          )}
        </For>
        <path class="middle" d={`M0 ${HALF}H${WIDTH}`} />
      </svg>
      <div class="liquidations-times muted">
        <span>{time(summary().from)}</span><span>{time((summary().from + summary().to) / 2)}</span><span>{time(summary().to)}</span>
      </div>
    </figure>
  );
}

const missed = ({ exchange, market, from, to }: Gap, time: (ms: number) => string): string =>
  `Missed: ${exchange === null ? "all of history" : `${exchange} ${market}`}, ${time(from)} to ${to === null ? "now" : time(to)}`;

function told({ totals, from, to }: Summary): string {
  const longs = amount(sumOf(totals, "long").value), shorts = amount(sumOf(totals, "short").value);
  return `Liquidations of ${Math.round((to - from) / 3_600_000)} h over time: longs of ${longs}, shorts of ${shorts}`;
}
