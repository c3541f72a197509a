/** The past funding of an asset, a stepped line for each exchange. */

import { createMemo, createSignal, For, Index, Show, type JSX } from "solid-js";

import { percent } from "~/format/number";
import { timeOfDay } from "~/format/time";
import { frameOf, stepsOf, ticksOf, valueAt, yOf, type Point } from "~/pages/funding/chart";
import type { PastRates } from "~/pages/funding/histories";
import { zone } from "~/shell/preferences";

const WIDTH = 1000;
const HEIGHT = 200;

export function HistoryChart(props: { past: PastRates; names: ReadonlyMap<string, string> }): JSX.Element {
  const [at, setAt] = createSignal<number | null>(null);
  const lines = createMemo(() => [...props.names].map(([key, name]) => ({ key, name, points: props.past.lines.get(key) ?? [] })));
  const frame = createMemo(() => frameOf(lines().map(({ points }) => points), props.past.from, props.past.to));
  const ticks = createMemo(() => ticksOf(frame()));
  const x = (ts: number): number => Math.max(0, ((ts - frame().from) / (frame().to - frame().from)) * WIDTH);
  const point = (event: PointerEvent & { currentTarget: SVGSVGElement }): void => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    setAt(frame().from + Math.min(1, Math.max(0, (event.clientX - left) / width)) * (frame().to - frame().from));
  };
  return (
    <figure class="funding-chart">
      <figcaption>
        <For each={lines()}>
          {({ name, points }, index) => (
            <span class="funding-legend">
              <svg viewBox="0 0 24 8" aria-hidden="true"><path class={`line-${index() % 4}`} d="M0 4H24" /></svg>
              <span class="name">{name}</span> <span>{percent(valueAt(points, at() ?? frame().to))}</span>
            </span>
          )}
        </For>
        <span class="muted">{at() === null ? "per year, at last" : `per year, ${stamp(at()!)}`}</span>
      </figcaption>
      <div class="funding-plot">
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={told(lines())}
          onPointerMove={point} onPointerLeave={() => setAt(null)}
        >
          <For each={props.past.gaps}>
            {({ from, to }) => (
              <rect class="hole" x={x(from)} width={Math.max(1, x(to ?? frame().to) - x(from))} y="0" height={HEIGHT}>
                <title>Not known: the hub missed this time</title>
              </rect>
            )}
          </For>
          <For each={ticks()}>
            {(tick) => <path class="tick" classList={{ zero: tick === 0 }} d={`M0 ${yOf(tick, frame(), HEIGHT)}H${WIDTH}`} />}
          </For>
          <Index each={lines()}>{(line, index) => <path class={`line-${index % 4}`} d={stepsOf(line().points, frame(), WIDTH, HEIGHT)} />}</Index>
          <Show when={at() !== null}><path class="cross" d={`M${x(at()!).toFixed(1)} 0V${HEIGHT}`} /></Show>
        </svg>
        <For each={ticks()}>
          {(tick) => <span class="funding-tick muted" style={{ top: `${yOf(tick, frame(), 100)}%` }}>{percent(tick, tickDecimals(ticks()))}</span>}
        </For>
      </div>
      <div class="funding-times muted">
        <span>{stamp(frame().from)}</span><span>{stamp((frame().from + frame().to) / 2)}</span><span>{stamp(frame().to)}</span>
      </div>
    </figure>
  );
}

/** Day and time: 11-21 09:05. */
function stamp(ms: number): string {
  const shift = zone() === "utc" ? 0 : new Date(ms).getTimezoneOffset() * 60_000;
  return `${new Date(ms - shift).toISOString().slice(5, 10)} ${timeOfDay(ms, zone()).slice(0, 5)}`;
}

const tickDecimals = ([first = 0, second = 1]: readonly number[]): number =>
  Math.min(4, Math.max(0, -Math.floor(Math.log10(second - first))));

function told(lines: readonly { name: string; points: readonly Point[] }[]): string {
  const ends = lines.map(({ name, points }) => `${name} ${percent(points[0]?.value)} at first, ${percent(points.at(-1)?.value)} at last`);
  return `Funding in percent per year: ${ends.join("; ")}`;
}
