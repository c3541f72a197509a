/** What must be known before anything on the page is believed. */

import { A } from "@solidjs/router";
import { createMemo, Index, Show, type JSX } from "solid-js";

import { nowMs } from "~/live/clock";
import { connectionLostSince, connectionRefusal, connectionState } from "~/live/hub";
import { hubTold } from "~/live/told";
import { whatToSay, type Said } from "~/shell/condition";
import { zone } from "~/shell/preferences";

const LINES_MAX = 3;

export function Banner(): JSX.Element {
  const said = createMemo<readonly Said[]>(() => whatToSay({
    connection: connectionState(), lostSince: connectionLostSince(), refusal: connectionRefusal(),
    told: hubTold(), nowMs: nowMs(), zone: zone(),
  }));
  return (
    <Show when={said().length}>
      <section class="banner" aria-label="How far the page can be trusted">
        <ul aria-label="Warnings">
          <Index each={said().slice(0, LINES_MAX)}>{(each) => <li data-level={each().level}>{each().words}</li>}</Index>
          <Show when={said().length > LINES_MAX}>
            <li data-level="note"><A href="/quality">{said().length - LINES_MAX} more</A></li>
          </Show>
        </ul>
        <p class="spoken" role="status">{said().map(({ id }) => id).join(", ")}</p>
      </section>
    </Show>
  );
}
