"""Bars of the past, for rules that compare with the usual volume: out of history, folded where need be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from msgspec import structs

from actors.market.reports import Bar
from actors.market.rows import BarRow
from actors.sinks.base import History, InstrumentKey, Span

NS = 1_000_000_000
KEPT_S = {60: 60, 300: 60, 900: 60, 3600: 3600, 14_400: 3600, 86_400: 86_400}  # each and what it is made of


class Past(Protocol):
    """Tells the newest closed bars of an instrument, oldest first."""

    async def __call__(self, place: tuple[str, str, str], interval_s: int, count: int, /) -> list[Bar]:
        """So many at most. May raise `SinkError` or `HistoryTimeout`."""


class HistoryPast:
    """A `Past` out of history."""

    def __init__(self, history: History | None) -> None:
        self._history = history

    async def __call__(self, place: tuple[str, str, str], interval_s: int, count: int, /) -> list[Bar]:
        """The newest `count` closed bars."""
        if self._history is None:
            return []
        kept_s = KEPT_S[interval_s]
        span = Span(limit=count * (interval_s // kept_s), order="newest")
        rows: list[BarRow] = []
        async for page in self._history.bars(InstrumentKey(*place), kept_s, span):
            rows += page
        return folded([row for row in reversed(rows) if row.closed], interval_s, kept_s)


def folded(rows: Iterable[BarRow], interval_s: int, kept_s: int) -> list[Bar]:
    """Rows, oldest first, as bars of a multiple of their length. One that lacks a part has a gap."""
    parts: dict[int, list[BarRow]] = {}
    for row in rows:
        parts.setdefault(row.ts // (interval_s * NS) * interval_s * NS, []).append(row)
    return [_joined(start_ns, some, interval_s, interval_s // kept_s) for start_ns, some in parts.items()]


def _joined(start_ns: int, parts: list[BarRow], interval_s: int, wanted: int) -> Bar:
    first = bar_of(parts[0])
    return structs.replace(
        first,
        interval_s=interval_s,
        start_ns=start_ns,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        close=parts[-1].close,
        volume=sum(part.volume for part in parts),
        gap=len(parts) < wanted or any(part.gap for part in parts),
    )


def bar_of(row: BarRow) -> Bar:
    """A row as a bar."""
    return Bar(
        symbol=row.symbol,
        interval_s=row.interval_s,
        start_ns=row.ts,
        open=row.open,
        high=row.high,
        low=row.low,
        close=row.close,
        volume=row.volume,
        turnover=row.turnover,
        trades=row.trades,
        taker_buy_volume=row.taker_buy_volume,
        closed=row.closed,
        revision=row.revision,
        gap=row.gap,
        source="trades",
    )
