/** The biggest liquidations of a window. */

import { A } from "@solidjs/router";
import { For, Show, type JSX } from "solid-js";

import { compact, price } from "~/format/number";
import { timeOfDay } from "~/format/time";
import { tickSizeOf } from "~/live/instruments";
import { inPath } from "~/live/rest";
import { SideWords } from "~/pages/liquidations/columns";
import type { Big } from "~/pages/liquidations/summary";
import { zone } from "~/shell/preferences";

export function Biggest(props: { biggest: readonly Big[]; title: string }): JSX.Element {
  return (
    <section class="panel liquidations-biggest">
      <h2>Biggest <span class="muted">{props.title}</span></h2>
      <Show when={props.biggest.length} fallback={<p class="empty">None in this time.</p>}>
        <div class="scroller" role="region" tabindex="0" aria-label="Biggest">
          <table class="table">
            <thead>
              <tr><th class="number">Value</th><th>Side</th><th>Symbol</th><th>Exchange</th><th class="number">Price</th><th>Time</th></tr>
            </thead>
            <tbody>
              <For each={props.biggest}>
                {(big) => (
                  <tr>
                    <td class="number"><strong>{compact(big.value)}</strong></td>
                    <td><SideWords side={big.side} /></td>
                    <th scope="row"><A class="name" href={`/terminal/${inPath(big.key)}`}>{big.symbol}</A></th>
                    <td>{big.exchange}</td>
                    <td class="number">{price(big.price, tickSizeOf(big.key))}</td>
                    <td>{timeOfDay(big.ts_event, zone())}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </div>
      </Show>
    </section>
  );
}
