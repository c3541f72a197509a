/** The candles of an instrument: the bar that forms, those before it as far back as one scrolls, and what is missing. */

import { For, Show, type JSX } from "solid-js";
import type { Bar, Interval } from "tickwell/records";

import { compact, percent, price } from "~/format/number";
import type { CandleChart } from "~/pages/terminal/chart/candles";
import type { Reach } from "~/pages/terminal/chart/feed";
import { INTERVALS, LENGTH_MS } from "~/pages/terminal/chart/intervals";
import { paintedChart } from "~/pages/terminal/chart/painted";
import { timeInFull } from "~/pages/terminal/chart/times";
import type { States } from "~/pages/terminal/subject/states";
import type { Subject } from "~/pages/terminal/subject/subject";
import { Trust } from "~/pages/terminal/subject/Trust";
import type { View } from "~/pages/terminal/subject/view";
import { setZone, zone } from "~/shell/preferences";

export function ChartPane(props: { subject: Subject; states: States; view: View }): JSX.Element {
  return (
    <section class="panel pane chart" aria-label="Chart">
      <header>
        <h2 class="spoken">Chart</h2>
        <div class="intervals" role="group" aria-label="Interval">
          <For each={INTERVALS}>
            {(interval, index) => (
              <button
                type="button" aria-pressed={props.view.interval() === interval} title={`Key ${index() + 1}`}
                onClick={() => props.view.setInterval(interval)}
              >
                {interval}
              </button>
            )}
          </For>
        </div>
        <Trust state={props.states("trades")} />
        <LiquidationNote subject={props.subject} />
        <ZoneButton />
      </header>
      <Show when={props.view.interval()} keyed>
        {(interval) => <Candles subject={props.subject} interval={interval} isOld={props.states("trades").state !== "live"} />}
      </Show>
    </section>
  );
}

function ZoneButton(): JSX.Element {
  return (
    <button type="button" class="end zone" title="Whose time the axis tells" onClick={() => setZone(zone() === "utc" ? "local" : "utc")}>
      {zone() === "utc" ? "UTC" : "Local"}
    </button>
  );
}

function Candles(props: { subject: Subject; interval: Interval; isOld: boolean }): JSX.Element {
  const { subject, interval } = props;
  const painted = paintedChart(subject, interval, () => props.isOld);
  const press = (event: KeyboardEvent): void => {
    const command = COMMANDS[event.key], chart = painted.chart();
    if (!command || !chart) return;
    command(chart);
    event.preventDefault();
    event.stopPropagation();
  };
  const missing = (): string => {
    const gap = painted.gap(), isMissing = painted.hovered() !== null && (painted.bar()?.gap ?? gap !== undefined);
    return isMissing ? `trades may be missing${gap ? `: ${gap.reason || gap.cause}` : ""}` : "";
  };

  return (
    <div
      class="pane-body candles" tabindex="0" role="application"
      aria-label={`Candles of ${interval}. Arrow keys scroll, plus and minus zoom, End shows what is now.`}
      onKeyDown={press}
    >
      <div class="canvas" ref={painted.attach} aria-hidden="true" />
      <Legend bar={painted.bar()} tick={subject.tick_size} missing={missing()} isOld={props.isOld && painted.hovered() === null} />
      <Show when={painted.isEmpty() && painted.reach() !== "loading"}>
        <p class="empty over">
          {painted.reach() === "failed" ? "The hub does not answer; it is asked again." : "No trade has come yet, so there is no bar."}
        </p>
      </Show>
      <p class="spoken" aria-live="off">{spoken(painted.bar(), subject.tick_size, LENGTH_MS[interval])}</p>
      <Attribution reach={painted.reach()} lacksLiquidations={painted.lacksLiquidations()} />
    </div>
  );
}

/** Who made the chart, as its licence asks, and what the chart lacks. */
function Attribution(props: { reach: Reach; lacksLiquidations: boolean }): JSX.Element {
  return (
    <p class="attribution">
      <a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer" title="Copyright (c) 2026 TradingView, Inc.">
        TradingView Lightweight Charts™
      </a>
      {" · "}<a href="/static/app/THIRD-PARTY-NOTICES.txt" target="_blank" rel="noopener noreferrer">notices</a>
      <Show when={props.reach === "whole"}>{" · no earlier bars"}</Show>
      <Show when={props.lacksLiquidations}>{" · some liquidations are missing"}</Show>
    </p>
  );
}

function Legend(props: { bar: Bar | undefined; tick: number | null; missing: string; isOld: boolean }): JSX.Element {
  const of = (value: number | undefined): string => price(value, props.tick);
  const change = (): number | null => (props.bar && props.bar.open ? 100 * (props.bar.close / props.bar.open - 1) : null);
  return (
    <p class="legend" classList={{ stale: props.isOld }} aria-hidden="true">
      <span>O <b>{of(props.bar?.open)}</b></span><span>H <b>{of(props.bar?.high)}</b></span>
      <span>L <b>{of(props.bar?.low)}</b></span><span>C <b>{of(props.bar?.close)}</b></span>
      <span class={props.isOld ? "" : (change() ?? 0) < 0 ? "down" : "up"}>{percent(change())}</span>
      <span>V <b>{compact(props.bar?.volume)}</b></span>
      <Show when={props.missing}><span class="problem">{props.missing}</span></Show>
    </p>
  );
}

function LiquidationNote(props: { subject: Subject }): JSX.Element {
  const words = (): string => {
    const { offer } = props.subject;
    if (offer === null || offer.market === "spot") return "";
    if (!offer.channels.includes("liquidations")) return "no liquidations told";
    if (offer.switched_off.includes("liquidations")) return "liquidations switched off";
    return offer.sampled.includes("liquidations") ? "liquidations sampled" : "";
  };
  return <Show when={words()}><span class="muted note" title="The chart marks liquidations">{words()}</span></Show>;
}

const COMMANDS: Readonly<Record<string, (chart: CandleChart) => void>> = {
  ArrowLeft: (chart) => chart.scroll(-10),
  ArrowRight: (chart) => chart.scroll(10),
  "+": (chart) => chart.zoom(1.25),
  "=": (chart) => chart.zoom(1.25),
  "-": (chart) => chart.zoom(0.8),
  End: (chart) => chart.scrollToNow(),
};

function spoken(bar: Bar | undefined, tick: number | null, lengthMs: number): string {
  if (!bar) return "";
  const prices = (["open", "high", "low", "close"] as const).map((name) => `${name} ${price(bar[name], tick)}`);
  return `${timeInFull(bar.start, zone(), lengthMs)}: ${prices.join(", ")}`;
}
