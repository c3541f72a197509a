/** Why connections ended, market by market. */

import { createMemo, For, Index, type JSX } from "solid-js";

import { span } from "~/format/time";
import { causesOf } from "~/pages/quality/figures";
import { Heads, number, text } from "~/pages/quality/Heads";
import type { MarketQuality } from "~/pages/quality/told";
import { properName } from "~/shell/condition";

const MEANINGS: Record<string, string> = {
  network: "the network failed", closed: "the exchange closed it", stall: "it fell silent",
  rate_limited: "the exchange wants fewer requests", rejected: "the exchange refused it",
  bug: "a fault of the hub's own", planned: "replaced before its end, without a gap", other: "something else",
};

export function ReconnectsPanel(props: { markets: readonly MarketQuality[]; asOf: number }): JSX.Element {
  const causes = createMemo(() => causesOf(props.markets), [], { equals: (a, b) => a.join() === b.join() });
  const heads = () => [
    text("Market"), ...causes().map((cause) => number(cause.replace("_", " "), MEANINGS[cause])), number("All"),
    number("Unreadable", "Messages that could not be read"), number("Resyncs", "Gaps that ended"), text("Last error"),
  ];
  return (
    <section class="panel" aria-labelledby="reconnects-title">
      <h2 id="reconnects-title">Reconnects by cause</h2>
      <div class="scroller" role="region" tabindex="0" aria-label="Reconnects by market">
        <table class="table">
          <Heads of={heads()} />
          <tbody><Index each={props.markets}>{(market) => (
            <tr>
              <th scope="row">{properName(market().exchange)} <span class="muted">{market().market}</span></th>
              <For each={causes()}>{(cause) => <td class="number">{market().reconnects_by_cause[cause] ?? 0}</td>}</For>
              <td class="number">{market().reconnects}</td><td class="number">{market().decode_errors}</td><td class="number">{market().resyncs}</td>
              <td class="why" title={market().last_error ?? ""}>{errorWords(market(), props.asOf)}</td>
            </tr>
          )}</Index></tbody>
        </table>
      </div>
    </section>
  );
}

function errorWords({ last_error: error, next_attempt_ts: next }: MarketQuality, asOf: number): string {
  const attempt = next === null ? "" : `next attempt in ${span(Math.max(0, next - asOf))}`;
  return [error ?? "none", attempt].filter(Boolean).join("; ");
}
