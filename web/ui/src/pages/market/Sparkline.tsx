/** The last hour of a price as one line, drawn anew once a second at most, for rows that are seen. */

import { createEffect, createMemo, type JSX } from "solid-js";

import type { Line } from "~/list/columns";
import { hubNowMs } from "~/live/clock";
import { isCurrent, type MarketRecord } from "~/pages/market/market";
import { directionOf, pathOf } from "~/pages/market/trend";
import type { Trends } from "~/pages/market/trends";

const WIDTH = 100;
const HEIGHT = 20;

export interface SparklineProps {
  readonly line: Line<MarketRecord>;
  readonly trends: Trends;
  /** The newest record, without being told of every change. */
  readonly recordOf: (key: string) => MarketRecord | undefined;
}

export function Sparkline(props: SparklineProps): JSX.Element {
  createEffect(() => props.trends.look(props.line.key()));
  const drawn = createMemo(() => {
    props.trends.loaded();
    const key = props.line.key(), now = hubNowMs(), record = props.recordOf(key);
    if (record?.price != null && isCurrent(record)) props.trends.note(key, record.price, now);
    const { points } = props.trends.of(key);
    return { path: pathOf(points, WIDTH, HEIGHT), direction: directionOf(points) };
  });
  return (
    <svg
      class={`market-spark ${drawn().direction}`} viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`} preserveAspectRatio="none" aria-hidden="true"
    >
      <path d={drawn().path} />
    </svg>
  );
}
