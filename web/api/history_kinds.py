"""The kinds of rows that can be asked for: ticks, trades, funding rates, gaps, and bars of every length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from actors.market.reports import Bar
from actors.market.rows import FundingRow, GapRow, TickRow, TradeRow
from actors.sinks.base import InstrumentKey, Span
from web.api.history_bars import MADE_OF_S, folded, parts_of
from web.api.history_desk import Desk
from web.api.history_gaps import OF_BARS, OF_TICKS, OF_TRADES, GapOut, gap_out, holes_of_trades
from web.api.history_pages import PAGE_ROWS
from web.api.history_rows import Rows
from web.api.history_shapes import (
    PastFundingOut,
    PastTradeOut,
    bar_of_row,
    past_funding_out,
    past_trade_out,
)
from web.api.tape import INTERVALS, BarOut, bar_out

PastInterval: TypeAlias = Literal["1m", "5m", "15m", "1h", "4h", "1d"]
PAST_INTERVALS: dict[str, int] = {name: INTERVALS[name] for name in get_args(PastInterval)}


def ticks(
    desk: Desk, of: InstrumentKey, out: type[Struct], told: Callable[[TickRow], Struct]
) -> Rows[TickRow]:
    """The ticks of an instrument, of which there is one at a time; `told` as `out`."""

    async def fetch(span: Span) -> list[TickRow]:
        return await desk.rows(lambda history: history.ticks(of, span))

    return Rows(f"ticks:{out.__name__}", out, fetch, lambda row: (row.ts, ""), told, OF_TICKS)


def trades(desk: Desk, of: InstrumentKey) -> Rows[TradeRow]:
    """The trades of an instrument."""

    async def fetch(span: Span) -> list[TradeRow]:
        return await desk.rows(lambda history: history.trades(of, span))

    return Rows("trades", PastTradeOut, fetch, lambda row: (row.ts, row.trade_id), past_trade_out, OF_TRADES)


def funding(desk: Desk, of: InstrumentKey, every_ns: int) -> Rows[FundingRow]:
    """The funding rates of an instrument, or the last of each `every_ns`."""

    async def fetch(span: Span) -> list[FundingRow]:
        return await desk.rows(lambda history: history.funding(of, span, every_ns))

    return Rows(
        f"funding:{every_ns}", PastFundingOut, fetch, lambda row: (row.ts, ""), past_funding_out, OF_TICKS
    )


def gaps(desk: Desk, of: InstrumentKey) -> Rows[GapRow]:
    """What is missing of an instrument, or of all of them."""

    async def fetch(span: Span) -> list[GapRow]:
        return await desk.rows(lambda history: history.gaps(of, span))

    return Rows("gaps", GapOut, fetch, lambda row: (row.ts, row.channel), gap_out)


def bars(desk: Desk, of: InstrumentKey, interval: str, now_ns: Callable[[], int]) -> Rows[Bar]:
    """The bars of one length of an instrument."""
    interval_s = PAST_INTERVALS[interval]
    kept_s = MADE_OF_S.get(interval_s, interval_s)

    async def kept(span: Span) -> list[Bar]:
        found = await desk.rows(lambda history: history.bars(of, kept_s, span))
        return [bar_of_row(row) for row in found]

    async def fetch(span: Span) -> list[Bar]:
        if kept_s == interval_s:
            return await kept(span)
        return await folded(kept, holes_of_trades(desk, of), span, interval_s, now_ns())

    return Rows(
        f"bars:{interval}",
        BarOut,
        fetch,
        lambda bar: (bar.start_ns, ""),
        lambda bar: bar_out(bar, interval),
        OF_BARS,
        lasts_s=interval_s,
        page_rows=max(1, PAGE_ROWS // parts_of(interval_s)),
    )
