/** One asset by itself: each of its perpetuals, and what they paid. */

import { A } from "@solidjs/router";
import { createMemo, For, Show, type JSX } from "solid-js";
import type { Funding } from "tickwell/records";

import { compact, percent, price, signed } from "~/format/number";
import { Choices } from "~/list/controls";
import { sameKeys } from "~/list/order";
import { tickSizeOf } from "~/live/instruments";
import { inPath } from "~/live/rest";
import { isCurrent, rateIn, type AssetRow } from "~/pages/funding/assets";
import { intervalTold, Rate, untilTold } from "~/pages/funding/columns";
import { HistoryChart } from "~/pages/funding/HistoryChart";
import { histories } from "~/pages/funding/histories";
import type { Range } from "~/pages/funding/view";
import { Age } from "~/shell/Age";
import { QualityDot } from "~/shell/QualityDot";

const RANGES = [{ value: "24h", words: "24 h" }, { value: "7d", words: "7 d" }, { value: "30d", words: "30 d" }] as const;

export function Details(props: { row: AssetRow; range: Range; onRange: (range: Range) => void; onClose: () => void }): JSX.Element {
  const keys = createMemo(() => props.row.perpetuals.map(({ key }) => key), [], { equals: sameKeys });
  const drawn = createMemo(() => [...props.row.byExchange.values()].map(({ key }) => key).sort(), [], { equals: sameKeys });
  const names = createMemo(() => new Map(drawn().map((key) => [key, key.split(":")[0] ?? key])));
  const { past, problem } = histories(drawn, () => props.range);
  return (
    <section class="panel funding-details" aria-label={`Funding of ${props.row.key}`}>
      <header>
        <h2 class="name">{props.row.key}</h2>
        <span class="muted">{sentence(props.row)}</span>
        <span class="end"><Choices<Range> label="Past" chosen={props.range} onChoose={props.onRange} options={RANGES} /></span>
        <button type="button" onClick={props.onClose}>Close</button>
      </header>
      <div class="funding-both">
        <div class="scroller" role="region" tabindex="0" aria-label="Perpetuals">
          <table class="table">
            <thead>
              <tr>
                <th>Perpetual</th><th class="number">Paid</th><th class="number">8 h</th><th class="number">APR</th><th class="number">Next</th>
                <th class="number">Mark</th><th class="number">Premium</th><th class="number">Open interest</th><th>State</th>
              </tr>
            </thead>
            <tbody><For each={keys()}>{(key) => <PerpetualLine of={key} row={props.row} />}</For></tbody>
          </table>
        </div>
        <div class="funding-past">
          <Show when={problem()}>{(words) => <p class="problem" role="status">{words()}</p>}</Show>
          <Show when={past()} fallback={<Show when={!problem()}><p class="muted">Asking history …</p></Show>}>
            {(known) => <HistoryChart past={known()} names={names()} />}
          </Show>
        </div>
      </div>
    </section>
  );
}

function PerpetualLine(props: { of: string; row: AssetRow }): JSX.Element {
  const record = createMemo<Funding | undefined>((before) => props.row.perpetuals.find(({ key }) => key === props.of) ?? before);
  return (
    <Show when={record()}>
      {(now) => (
        <tr classList={{ stale: !isCurrent(now()) }}>
          <th scope="row"><A class="name" href={`/terminal/${inPath(now().key)}`}>{now().exchange} {now().symbol}</A></th>
          <td class="number">{percent(rateIn("interval", now()), 4)} <span class="muted">{intervalTold(now())}</span></td>
          <td class="number">{percent(rateIn("8h", now()), 4)}</td>
          <td class="number"><Rate record={now()} unit="apr" /></td>
          <td class="number">{untilTold(now().next_funding_ts)}</td>
          <td class="number">{price(now().mark_price, tickSizeOf(now().key))}</td>
          <td class="number">{signed(now().premium_bps, 2)}</td>
          <td class="number">{compact(now().open_interest_value)}</td>
          <td class="funding-state">
            <QualityDot state={isCurrent(now()) ? "live" : now().quality === "live" ? "stale" : now().quality} />{" "}
            <Age since={now().ts_recv} />
          </td>
        </tr>
      )}
    </Show>
  );
}

function sentence({ lowest, highest, difference_apr }: AssetRow): string {
  if (difference_apr === null || lowest === null || highest === null) return "A difference needs two live rates";
  return `Long ${lowest.key}, short ${highest.key} receives ${percent(difference_apr)} per year at the rates of now`;
}
