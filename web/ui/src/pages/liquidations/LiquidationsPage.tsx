/** `/liquidations`: the positions that exchanges close by force, as they do, and what they come to. */

import { useNavigate } from "@solidjs/router";
import { createMemo, Show, type JSX } from "solid-js";

import { addressed } from "~/list/addressed";
import { Choices, Field, Picker } from "~/list/controls";
import { onHotkey } from "~/list/hotkeys";
import { hubNowMs } from "~/live/clock";
import { connectionState } from "~/live/hub";
import { instrumentOf } from "~/live/instruments";
import { polled, type Polled } from "~/live/polled";
import { inPath, type Answer } from "~/live/rest";
import { Biggest } from "~/pages/liquidations/Biggest";
import { isShown, type Entry } from "~/pages/liquidations/feed";
import { FeedPanel, type FeedControl } from "~/pages/liquidations/FeedPanel";
import { followLiquidations } from "~/pages/liquidations/follow";
import { Histogram } from "~/pages/liquidations/Histogram";
import { sourcesOf, type MarketOffer } from "~/pages/liquidations/sources";
import { parametersOf, summaryOf, type Summary, type SummaryMeta, type Told } from "~/pages/liquidations/summary";
import { Sources, Total } from "~/pages/liquidations/Totals";
import { explainKeys, type Keys } from "~/shell/help";
import { amountOf, USUAL, viewOf, type View, type Window } from "~/pages/liquidations/view";

import "~/pages/liquidations/liquidations.css";

const ASK_EVERY_MS: Readonly<Record<Window, number>> = { "1h": 5_000, "24h": 15_000 };
const OFFERS_EVERY_MS = 60_000;
const OFFERS = { path: "/api/v1/instruments", parameters: { limit: 1 } } as const;
const WINDOWS = [{ value: "1h", words: "1 h" }, { value: "24h", words: "24 h" }] as const;
const KEYS: Keys = [
  ["space", "hold the feed still, or let it go on; a pointer on it does so too"], ["j k ↓ ↑ g G", "move in the feed"],
  ["Enter", "its instrument"], ["Esc", "go on"],
];

export default function LiquidationsPage(): JSX.Element {
  const [address, change] = addressed(USUAL);
  const view = createMemo(() => viewOf(address()));
  const { entries, missed, problem } = followLiquidations();
  const offers = polled<Answer<unknown, { markets?: MarketOffer[] }>>(() => OFFERS, OFFERS_EVERY_MS);
  const hour = asked("1h", view), day = asked("24h", view);
  const navigate = useNavigate();
  let feed: FeedControl | undefined;

  const passes = (entry: Entry): boolean => isShown(entry, view(), (key) => instrumentOf(key)?.base);
  const shown = createMemo(() => entries().filter(passes));
  const markets = (): readonly MarketOffer[] => offers.latest()?.meta.markets ?? [];
  const sources = createMemo(() => sourcesOf(markets(), view().exchange));
  /** Without a history, what the page has seen is all there is. */
  const told = (window: Window, from: Polled<Answer<Summary, SummaryMeta>>): Told | undefined => {
    const answer = from.latest();
    if (answer !== undefined) return { summary: answer.data, gaps: answer.meta.gaps };
    return from.problem() === null ? undefined : { summary: summaryOf(shown(), window, hubNowMs()), gaps: [] };
  };
  const ofHour = createMemo(() => told("1h", hour)), ofDay = createMemo(() => told("24h", day));
  const chosen = (): Told | undefined => (view().window === "1h" ? ofHour() : ofDay());
  const exchanges = (): string[] => [...new Set(markets().map(({ exchange }) => exchange))];
  const isTooLow = (): boolean => sources().some(({ tells }) => tells === "some");

  explainKeys("Liquidations", KEYS);
  onHotkey((key) => feed?.press(key) ?? false);

  return (
    <section class="page liquidations">
      <h1 class="spoken">Liquidations</h1>
      <div class="toolbar">
        <Picker
          label="Exchange" any="every exchange" values={exchanges()} chosen={view().exchange}
          onChoose={(exchange) => change({ exchange })}
        />
        <Field label="Coins" wide placeholder="all, or BTC, ETH" value={address().coins} onChange={(coins) => change({ coins })} />
        <Field
          label="Value ≥" placeholder="25k" value={address().value} onChange={(value) => change({ value })}
          isWrong={address().value !== "" && amountOf(address().value) === null}
        />
        <span class="end"><Choices<Window> label="Window" chosen={view().window} onChoose={(window) => change({ window })} options={WINDOWS} /></span>
      </div>
      <Show when={hour.problem()}>
        {(words) => <p class="problem" role="status">{words()} Totals are made of the newest {entries().length} that the hub has in memory.</p>}
      </Show>
      <div class="liquidations-columns">
        <FeedPanel
          entries={entries()} passes={passes} missed={missed()} problem={problem()} empty={whyNone(entries().length, view())}
          onOpen={(key) => navigate(`/terminal/${inPath(key)}`)} ref={(control) => { feed = control; }}
        />
        <div class="liquidations-sums">
          <div class="liquidations-totals">
            <Total title="1 h" told={ofHour()} isTooLow={isTooLow()} />
            <Total title="24 h" told={ofDay()} isTooLow={isTooLow()} />
          </div>
          <section class="panel" aria-label="Over time">
            <h2>Over time <span class="muted">{view().window === "1h" ? "by minute" : "by quarter of an hour"}</span></h2>
            <Show when={chosen()}>{(known) => <Histogram told={known()} />}</Show>
          </section>
          <Sources sources={sources()} hour={ofHour()?.summary} day={ofDay()?.summary} />
          <Biggest biggest={chosen()?.summary.biggest ?? []} title={view().window === "1h" ? "1 h" : "24 h"} />
        </div>
      </div>
    </section>
  );
}

const asked = (window: Window, view: () => View): Polled<Answer<Summary, SummaryMeta>> =>
  polled(() => ({ path: "/api/v1/liquidations/summary", parameters: parametersOf(view(), window) }), ASK_EVERY_MS[window]);

function whyNone(all: number, { exchange, coins, valueMin }: View): string {
  const conditions = [exchange, coins.join(", "), valueMin ? `${valueMin} or more` : ""].filter(Boolean);
  if (all > 0) return `None of the newest ${all} fits: ${conditions.join("; ")}.`;
  return connectionState() === "open" ? "No liquidation has been told yet." : "No contact with the hub yet.";
}
