/** The same asset on every exchange and market that has it, and how far each is from here. */

import { A, useLocation } from "@solidjs/router";
import { createMemo, For, Show, type JSX } from "solid-js";
import type { Leg, Spread } from "tickwell/records";

import { compact, percent, price, signed } from "~/format/number";
import { follow } from "~/live/channels";
import { hub } from "~/live/hub";
import { tickSizeOf } from "~/live/instruments";
import { bestOf, distanceBps } from "~/pages/terminal/subject/elsewhere";
import { terminalPath, type Subject } from "~/pages/terminal/subject/subject";
import { carriedOver } from "~/pages/terminal/subject/view";
import { Age } from "~/shell/Age";
import { QualityDot } from "~/shell/QualityDot";

export function ElsewherePane(props: { subject: Subject }): JSX.Element {
  const { key, base } = props.subject;
  const legs = base === null ? () => new Map<string, Leg>() : followLegs(base);
  const keys = createMemo<string[]>((before) => {
    const now = [...legs().keys()].sort();
    return now.join("\n") === before.join("\n") ? before : now;
  }, []);
  const best = createMemo(() => bestOf([...legs().values()]));

  return (
    <section class="panel pane elsewhere" aria-label="Elsewhere">
      <header><h2>{base ?? "The same"} elsewhere</h2></header>
      <div class="pane-body scroller" tabindex="0" role="region" aria-label="The same asset on other exchanges">
        <Show when={keys().length > 0} fallback={<p class="empty">No other instrument of this asset is followed.</p>}>
          <table class="table">
            <caption class="spoken">{base} on every exchange</caption>
            <thead>
              <tr>
                <th scope="col">Exchange</th><th scope="col" class="number">Bid</th><th scope="col" class="number">Ask</th>
                <th scope="col" class="number" title="How far its middle is above the one here, in 1/10000">bps</th>
                <th scope="col" class="number" title="Funding per 8 hours">Funding</th><th scope="col" class="number">24 h</th>
              </tr>
            </thead>
            <tbody>
              <For each={keys()}>
                {(each) => <LegRow leg={legs().get(each)} here={legs().get(key)} own={each === key} best={best()} />}
              </For>
            </tbody>
          </table>
        </Show>
      </div>
    </section>
  );
}

/** The legs of all quotes of an asset, by key. */
function followLegs(base: string): () => ReadonlyMap<string, Leg> {
  const spreads = follow<Spread>(hub().spreads({ bases: [base], legs_min: 1 }));
  return createMemo(() => {
    spreads.revision();
    return new Map([...spreads.all()].flatMap((spread) => spread.legs.map((leg) => [leg.key, leg] as const)));
  });
}

interface LegProps { leg: Leg | undefined; here: Leg | undefined; own: boolean; best: ReturnType<typeof bestOf> }

function LegRow(props: LegProps): JSX.Element {
  const location = useLocation();
  const leg = createMemo((before: Leg | undefined) => props.leg ?? before);
  const tick = (): number | null => (leg()?.multiplier === 1 ? tickSizeOf(leg()!.key) : null);
  const distance = (): number | null => distanceBps(leg(), props.here);
  const isBest = (side: "bid" | "ask"): boolean => props.best[side] === leg()?.key;
  return (
    <tr classList={{ own: props.own, stale: leg()?.quality !== "live" }} title={leg()?.left_out ?? undefined}>
      <th scope="row">
        <QualityDot state={leg()?.quality ?? "connecting"} why={leg()?.left_out} />{" "}
        <Show when={!props.own} fallback={<span aria-current="true"><Where leg={leg()} /></span>}>
          <A href={terminalPath(leg()?.key ?? "") + carriedOver(location.search)} title={leg()?.key}><Where leg={leg()} /></A>
        </Show>
        <Show when={leg()?.quality !== "live"}> <Age since={leg()?.ts_recv} /></Show>
      </th>
      <td class="number" classList={{ best: isBest("bid") }}>{price(leg()?.bid, tick())}</td>
      <td class="number" classList={{ best: isBest("ask") }}>{price(leg()?.ask, tick())}</td>
      <td class="number">{props.own ? "here" : signed(distance(), 1)}</td>
      <td class="number">{percent(leg()?.funding_rate_8h === null || !leg() ? null : 100 * leg()!.funding_rate_8h!, 4)}</td>
      <td class="number">{compact(leg()?.turnover_24h)}</td>
    </tr>
  );
}

function Where(props: { leg: Leg | undefined }): JSX.Element {
  return <><span>{props.leg?.exchange}</span> <span class="listing">{props.leg?.market} <bdi>{props.leg?.quote}</bdi></span></>;
}
