/** How far everything can be trusted, and what was missed. */

import { createEffect, createSignal, on, Show, type JSX } from "solid-js";

import { timeOfDay } from "~/format/time";
import { polled } from "~/live/polled";
import type { Answer } from "~/live/rest";
import { hubTold } from "~/live/told";
import { ClientsPanel } from "~/pages/quality/ClientsPanel";
import { DrillDown } from "~/pages/quality/DrillDown";
import { GapsPanel } from "~/pages/quality/GapsPanel";
import { LatencyPanel } from "~/pages/quality/LatencyPanel";
import { ReconnectsPanel } from "~/pages/quality/ReconnectsPanel";
import { SinksPanel } from "~/pages/quality/SinksPanel";
import { StateGrid } from "~/pages/quality/StateGrid";
import type { Meta, Overview } from "~/pages/quality/told";
import { useView } from "~/pages/quality/view";
import { explainKeys } from "~/shell/help";
import { zone } from "~/shell/preferences";
import "~/pages/quality/quality.css";

const EVERY_MS = 3000;
const HOLES_MAX = 200;

export default function QualityPage(): JSX.Element {
  const view = useView();
  const answers = polled<Answer<Overview, Meta>>(() => ({ path: "/api/v1/quality", parameters: { limit: HOLES_MAX } }), EVERY_MS);
  const [first, setFirst] = createSignal<Overview>();
  createEffect(on(answers.latest, (answer) => setFirst((known) => known ?? answer?.data)));
  explainKeys("Quality", [["Enter", "the instruments of a cell of the grid"], ["Esc", "close them"]]);
  const overview = () => answers.latest()?.data;
  const asOf = () => answers.latest()?.meta.as_of ?? 0;
  const since = () => (asOf() ? `What is shown is from ${timeOfDay(asOf(), zone())}.` : "");
  return (
    <div class="page quality" classList={{ old: answers.problem() !== null }}>
      <h1 class="spoken">Quality</h1>
      <Show when={answers.problem()}>{(problem) => <p class="problem" role="alert">{problem()} {since()}</p>}</Show>
      <Show when={overview()} fallback={<p class="empty">Asking the hub.</p>}>
        {(told) => (
          <>
            <StateGrid markets={told().markets} view={view} />
            <Show when={view.place()}>{(place) => <DrillDown place={place()} view={view} />}</Show>
            <GapsPanel holes={told().holes} asOf={asOf()} total={answers.latest()?.meta.total} view={view} />
            <div class="quality-pair">
              <ReconnectsPanel markets={told().markets} asOf={asOf()} />
              <LatencyPanel markets={told().markets} first={first()?.markets ?? []} />
            </div>
            <SinksPanel sinks={hubTold()?.hub.sinks} />
            <ClientsPanel />
          </>
        )}
      </Show>
    </div>
  );
}
