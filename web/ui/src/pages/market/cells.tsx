/** The cells of the table that hold more than a figure. */

import { A } from "@solidjs/router";
import { createEffect, createMemo, Show, type JSX } from "solid-js";

import { percent, price } from "~/format/number";
import { span } from "~/format/time";
import type { Line } from "~/list/columns";
import { hubNowMs } from "~/live/clock";
import { tickSizeOf } from "~/live/instruments";
import { inPath } from "~/live/rest";
import { favourites, toggleFavourite } from "~/pages/market/favourites";
import { flash, unflash } from "~/pages/market/flash";
import { isCurrent, type MarketRecord } from "~/pages/market/market";
import type { Direction, Movements } from "~/pages/market/movements";
import { ageText } from "~/shell/Age";
import { QualityDot } from "~/shell/QualityDot";

type MarketLine = Line<MarketRecord>;

const ARROWS: Readonly<Record<Direction, string>> = { up: "↗", down: "↘", flat: "→" };

/** Where an instrument is shown by itself. */
export const terminalOf = (key: string): string => `/terminal/${inPath(key)}`;

export function SymbolCell(props: { line: MarketLine; hasPlace: boolean }): JSX.Element {
  const record = (): MarketRecord | undefined => props.line.record();
  return (
    <>
      <Star key={props.line.key()} symbol={record()?.symbol ?? ""} />
      <span class="market-symbol">
        <A class="name" href={terminalOf(props.line.key())} tabindex="-1" title={props.line.key()}>{record()?.symbol}</A>
        <Show when={props.hasPlace} fallback={<span class="name muted">{otherName(record())}</span>}>
          <span class="name muted">{record()?.exchange} {record()?.market}</span>
        </Show>
      </span>
    </>
  );
}

function Star(props: { key: string; symbol: string }): JSX.Element {
  const isFavourite = (): boolean => favourites().has(props.key);
  const toggle = (event: MouseEvent): void => {
    event.stopPropagation();
    toggleFavourite(props.key);
  };
  return (
    <button
      type="button" class="plain market-star" tabindex="-1" aria-pressed={isFavourite()} aria-label={`Favourite: ${props.symbol}`}
      onClick={toggle} onDblClick={(event) => event.stopPropagation()}
    >
      {isFavourite() ? "★" : "☆"}
    </button>
  );
}

/** The name, where it tells what the symbol does not: `@107` is HYPE-USDC. */
function otherName(record: MarketRecord | undefined): string {
  const name = record?.name ?? "";
  return name.replace("-", "") === record?.symbol ? "" : name;
}

export function LastCell(props: { line: MarketLine; movements: Movements }): JSX.Element {
  let cell!: HTMLSpanElement;
  let shown = { key: "", count: 0 };
  const movement = createMemo(() => {
    props.line.record();
    return props.movements.of(props.line.key());
  });
  createEffect(() => {
    const key = props.line.key(), { direction, count } = movement();
    if (key !== shown.key) unflash(cell);
    else if (count > shown.count) flash(cell, direction);
    shown = { key, count };
  });
  return (
    <span class="market-last" ref={cell}>
      <span class={`arrow ${movement().direction}`} aria-hidden="true">{ARROWS[movement().direction]}</span>
      {price(props.line.record()?.price, tickSizeOf(props.line.key()))}
    </span>
  );
}

export function FundingCell(props: { line: MarketLine }): JSX.Element {
  const rate = (): number | null => props.line.record()?.funding_rate_8h ?? null;
  const left = (): string => {
    const next = props.line.record()?.next_funding_ts ?? null;
    return next === null ? "" : span(Math.max(0, next - hubNowMs()));
  };
  return (
    <>
      <span>{percent(rate() === null ? null : rate()! * 100, 4)}</span>
      <span class="market-left muted">{left()}</span>
    </>
  );
}

export function AgeCell(props: { line: MarketLine }): JSX.Element {
  const record = (): MarketRecord | undefined => props.line.record();
  const state = (): string => {
    const now = record();
    if (now === undefined) return "connecting";
    return isCurrent(now) ? "live" : now.quality === "live" ? "stale" : now.quality;
  };
  return (
    <>
      <span>{ageText(record()?.ts_recv, hubNowMs())}</span>
      <QualityDot state={state()} />
    </>
  );
}
