/** One instrument on one screen: chart, book, trades, depth, and the same asset elsewhere. */

import { useLocation, useNavigate } from "@solidjs/router";
import { createEffect, createMemo, createSignal, For, Show, type JSX } from "solid-js";

import { price } from "~/format/number";
import { onHotkey } from "~/list/hotkeys";
import { followTickers } from "~/live/channels";
import { CurvePane } from "~/pages/terminal/book/CurvePane";
import { groupings, regrouped, stepOf } from "~/pages/terminal/book/ladder";
import { LadderPane } from "~/pages/terminal/book/LadderPane";
import { ChartPane } from "~/pages/terminal/chart/ChartPane";
import { INTERVALS } from "~/pages/terminal/chart/intervals";
import { ElsewherePane } from "~/pages/terminal/subject/ElsewherePane";
import { matches } from "~/pages/terminal/subject/size";
import { followStates } from "~/pages/terminal/subject/states";
import { isCurrent } from "~/pages/terminal/subject/stats";
import { StatsStrip } from "~/pages/terminal/subject/StatsStrip";
import { terminalPath, type Subject } from "~/pages/terminal/subject/subject";
import { Switcher } from "~/pages/terminal/subject/Switcher";
import { Trust } from "~/pages/terminal/subject/Trust";
import { carriedOver, PANES, PANE_NAMES, useView, type Pane, type View } from "~/pages/terminal/subject/view";
import { TapePane } from "~/pages/terminal/tape/TapePane";
import { explainKeys, type Keys } from "~/shell/help";

const NARROW = "(max-width: 760px)";
const KEYS: Keys = [
  ["/", "another instrument"],
  ["1 to 7", `interval: ${INTERVALS.join(", ")}`],
  ["←, →", "finer or coarser levels of the book"],
  ["in the chart: ←, →", "earlier, later"], ["in the chart: +, −, End", "closer, farther, now"],
];

export function Terminal(props: { subject: Subject }): JSX.Element {
  const { subject } = props, view = useView(), states = followStates(subject.key);
  const tickers = followTickers(subject.key), ticker = createMemo(() => tickers.get(subject.key));
  const navigate = useNavigate(), location = useLocation(), isNarrow = matches(NARROW);
  const [isSwitching, setIsSwitching] = createSignal(false);
  const around = createMemo(() => magnitude(ticker()?.price ?? null)), step = createMemo(() => stepOf(subject.tick_size, around()));
  const widths = createMemo(() => groupings(step(), around()));
  const regroup = (direction: 1 | -1): void => view.setGrouping(regrouped(widths(), view.grouping(), direction));
  const isShown = (pane: Pane): boolean => !isNarrow() || view.pane() === pane;

  nameDocument(() => (ticker() && isCurrent(ticker()) ? price(ticker()!.price, subject.tick_size) : null), subject);
  explainKeys("Terminal", KEYS);
  onHotkey((key) => {
    const interval = INTERVALS[Number(key) - 1];
    if (key === "/") setIsSwitching(true);
    else if (interval) view.setInterval(interval);
    else if (key === "ArrowLeft" || key === "ArrowRight") regroup(key === "ArrowLeft" ? -1 : 1);
    else return false;
    return true;
  });

  return (
    <section class="page fixed terminal" classList={{ narrow: isNarrow() }}>
      <header class="subject">
        <h1>
          <button type="button" class="plain" aria-haspopup="dialog" title="Another instrument: /" onClick={() => setIsSwitching(true)}>
            <bdi class="name">{subject.name ?? subject.symbol}</bdi> <span aria-hidden="true">▾</span>
          </button>
          <span class="muted where">{subject.exchange} {subject.market} <bdi>{subject.symbol}</bdi></span>
          <Trust state={states("ticker")} />
        </h1>
        <StatsStrip ticker={ticker} subject={subject} />
      </header>
      <Show when={isNarrow()}><Tabs view={view} /></Show>
      <div class="panes">
        <div class="place at-chart" id="pane-chart" hidden={!isShown("chart")}>
          <ChartPane subject={subject} states={states} view={view} />
        </div>
        <div class="place at-book" id="pane-book" hidden={!isShown("book")}>
          <LadderPane subject={subject} states={states} view={view} step={step()} widths={widths()} ticker={ticker()} />
        </div>
        <div class="place at-trades" id="pane-trades" hidden={!isShown("trades")}>
          <TapePane subject={subject} states={states} view={view} />
        </div>
        <div class="place at-depth" id="pane-depth" hidden={!isShown("depth")}>
          <CurvePane subject={subject} states={states} />
        </div>
        <div class="place at-elsewhere" id="pane-elsewhere" hidden={!isShown("elsewhere")}>
          <ElsewherePane subject={subject} />
        </div>
      </div>
      <Switcher
        isOpen={isSwitching()} close={() => setIsSwitching(false)}
        choose={(key) => navigate(terminalPath(key) + carriedOver(location.search))}
      />
    </section>
  );
}

function Tabs(props: { view: View }): JSX.Element {
  const move = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const next = PANES[(PANES.indexOf(props.view.pane()) + step + PANES.length) % PANES.length]!;
    event.preventDefault();
    event.stopPropagation();
    props.view.setPane(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Panes" onKeyDown={move}>
      <For each={PANES}>
        {(pane) => (
          <button
            type="button" role="tab" id={`tab-${pane}`} aria-controls={`pane-${pane}`} aria-selected={props.view.pane() === pane}
            tabindex={props.view.pane() === pane ? 0 : -1} onClick={() => props.view.setPane(pane)}
          >
            {PANE_NAMES[pane]}
          </button>
        )}
      </For>
    </div>
  );
}

/** The price in the title of the window, while it is current. */
function nameDocument(current: () => string | null, subject: Subject): void {
  const name = subject.name ?? subject.symbol;
  createEffect(() => { document.title = `${current() ?? "–"} ${name} ${subject.exchange} ${subject.market}`; });
}

/** The power of ten below a price: how levels can be grouped should not change with every trade. */
const magnitude = (value: number | null): number | null =>
  (value === null || value <= 0 ? null : 10 ** Math.floor(Math.log10(value)));
