/** The legs of one asset: what each exchange bids and asks, and why one does not count. */

import { A } from "@solidjs/router";
import { createMemo, For, Show, type JSX } from "solid-js";
import type { Basis, Leg, Spread } from "tickwell/records";

import { compact, fixed, percent, price, signed } from "~/format/number";
import { tickSizeOf } from "~/live/instruments";
import { inPath } from "~/live/rest";
import { counts, rowOf, type AssetRow } from "~/pages/spreads/assets";
import { Age } from "~/shell/Age";
import { QualityDot } from "~/shell/QualityDot";
import type { View } from "~/pages/spreads/view";

export function Legs(props: { spread: Spread; view: View; onClose: () => void }): JSX.Element {
  const row = createMemo(() => rowOf(props.spread, props.view));
  const keys = createMemo(() => props.spread.legs.map(({ key }) => key), [], { equals: (a, b) => a.join() === b.join() });
  return (
    <section class="panel spreads-legs" aria-label={`Legs of ${props.spread.key}`}>
      <header>
        <h2 class="name">{props.spread.base} <span class="muted">{props.spread.quote}</span></h2>
        <span class="muted">{sentence(row(), props.view.feeBps)}</span>
        <button type="button" class="end" onClick={props.onClose}>Close</button>
      </header>
      <div class="scroller" role="region" tabindex="0" aria-label="Legs">
        <table class="table">
          <thead>
            <tr>
              <th>Leg</th><th class="number">Bid</th><th class="number">Size</th><th class="number">Ask</th><th class="number">Size</th>
              <th class="number" title="Its own ask above its own bid, in bps">Spread</th><th class="number">Basis</th>
              <th class="number">Funding 8 h</th><th class="number">APR</th><th class="number">Turnover</th>
              <th class="number">Open interest</th><th>State</th>
            </tr>
          </thead>
          <tbody><For each={keys()}>{(key) => <LegLine of={key} spread={props.spread} row={row()} />}</For></tbody>
        </table>
      </div>
    </section>
  );
}

function LegLine(props: { of: string; spread: Spread; row: AssetRow }): JSX.Element {
  const leg = createMemo<Leg | undefined>((before) => props.spread.legs.find(({ key }) => key === props.of) ?? before);
  const basis = (): Basis | undefined => props.spread.basis.find(({ perpetual }) => perpetual === props.of);
  const tick = (): number | null => (leg()?.multiplier === 1 ? tickSizeOf(props.of) : null);
  return (
    <Show when={leg()}>
      {(leg) => (
        <tr classList={{ stale: !counts(leg()) }}>
          <th scope="row">
            <A class="name" href={`/terminal/${inPath(leg().key)}`}>{leg().exchange} {leg().symbol}</A>{" "}
            <span class="muted">{leg().market} {leg().quote}<Show when={leg().multiplier !== 1}> ÷ {leg().multiplier}</Show></span>
          </th>
          <td class="number" classList={{ best: props.row.bid?.key === props.of }}>{price(leg().bid, tick())}</td>
          <td class="number muted">{compact(leg().bid_size)}</td>
          <td class="number" classList={{ best: props.row.ask?.key === props.of }}>{price(leg().ask, tick())}</td>
          <td class="number muted">{compact(leg().ask_size)}</td>
          <td class="number">{fixed(ownSpread(leg()), 2)}</td>
          <td class="number" title={basis() && `against ${basis()!.spot}`}>{signed(basis()?.bps, 2)}</td>
          <td class="number">{percent(leg().funding_rate_8h === null ? null : leg().funding_rate_8h! * 100, 4)}</td>
          <td class="number">{percent(leg().funding_apr)}</td>
          <td class="number">{compact(leg().turnover_24h)}</td>
          <td class="number">{compact(leg().open_interest_value)}</td>
          <td><State leg={leg()} /></td>
        </tr>
      )}
    </Show>
  );
}

function State(props: { leg: Leg }): JSX.Element {
  const state = (): string => (props.leg.stale && props.leg.quality === "live" ? "stale" : props.leg.quality);
  return (
    <span class="spreads-state">
      <QualityDot state={state()} />
      <Show when={!counts(props.leg)} fallback={<Age since={props.leg.ts_recv} />}>
        <span>left out: {props.leg.left_out ?? "no contact with the hub"}</span>
        <span class="muted"><Age since={props.leg.ts_recv} /></span>
      </Show>
    </span>
  );
}

/** How far its ask stands above its bid, in 1/10000 of the mid. */
const ownSpread = ({ bid, ask, mid }: Leg): number | null => (bid === null || ask === null || !mid ? null : ((ask - bid) / mid) * 10_000);

function sentence({ ask, bid, net_bps }: AssetRow, feeBps: number): string {
  if (ask === null || bid === null || net_bps === null) return "No two live quotes to compare";
  const ways = ask.quote === bid.quote ? "" : `; ${ask.quote} for ${bid.quote} on top`;
  return `Buy ${ask.key}, sell ${bid.key}: ${signed(net_bps, 2)} bps after ${feeBps} bps for each trade${ways}`;
}
