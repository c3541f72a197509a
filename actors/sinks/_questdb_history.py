"""History read back from QuestDB, a page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from operator import attrgetter

from actors.market.rows import BarRow, FundingRow, GapRow, TickRow, TradeRow
from actors.sinks import _questdb_questions as questions
from actors.sinks._questdb_address import Address
from actors.sinks._questdb_funding import thinned_funding
from actors.sinks._questdb_http import Doors
from actors.sinks._questdb_liquidations import liquidations_of
from actors.sinks._questdb_pages import Pages, RowT, asked
from actors.sinks._questdb_schema import BARS, FUNDING, GAPS, MARKET_DATA, TRADES
from actors.sinks._questdb_traded import traded_in
from actors.sinks.base import InstrumentKey, LiquidationsAsked, LiquidationsFound, Span, Stats

_NO_TICKS = (0, *[None] * 7)


class QuestDBHistory:
    """A `History` over HTTP; a question may take `timeout_s`, and readers stand in no writer's way.

    What was written is seen when QuestDB has applied it, a moment after. Raises `SinkUnavailable` when the
    server cannot be asked, and `ValueError` for a name that can be no instrument's.
    """

    def __init__(self, url: str, *, timeout_s: float = 5.0) -> None:
        self._doors = Doors(Address.parse(url), timeout_s)

    async def latest(self, exchange: str | None, market: str | None) -> list[TickRow]:
        """The newest tick of every instrument that was heard of within a week of the newest of all."""
        since = partial(questions.latest, exchange, market)
        since(0)  # a name that is none never reaches the server
        async with self._doors.open() as server:
            [[newest_ns]] = await asked(server, questions.newest()) or [[None]]
            found = [] if newest_ns is None else await asked(server, since(newest_ns))
        return [TickRow(*row) for row in found]

    async def instruments(self) -> list[InstrumentKey]:
        """All that were heard of within the last week, or ever had a bar of a day."""
        async with self._doors.open() as server:
            traded = await asked(server, questions.instruments())
        names = {(row.exchange, row.market, row.symbol) for row in await self.latest(None, None)}
        names.update((exchange, market, symbol) for exchange, market, symbol in traded)
        return [InstrumentKey(*each) for each in sorted(names)]

    def ticks(self, of: InstrumentKey, span: Span) -> AsyncIterator[list[TickRow]]:
        """The ticks of one instrument."""
        return self._read(Pages(MARKET_DATA, TickRow, of, span))

    def trades(self, of: InstrumentKey, span: Span) -> AsyncIterator[list[TradeRow]]:
        """The trades of one instrument; those of one moment in the order of their ids."""
        return self._read(Pages(TRADES, TradeRow, of, span, tie=attrgetter("trade_id")))

    def bars(self, of: InstrumentKey, interval_s: int, span: Span) -> AsyncIterator[list[BarRow]]:
        """The bars of one length of one instrument."""
        return self._read(Pages(BARS, BarRow, of, span, interval_s=interval_s))

    def funding(self, of: InstrumentKey, span: Span, every_ns: int = 0) -> AsyncIterator[list[FundingRow]]:
        """The funding rates of one instrument, or the last of each `every_ns`."""
        if every_ns:
            return self._thinned(of, span, every_ns)
        return self._read(Pages(FUNDING, FundingRow, of, span))

    async def liquidations(self, asked: LiquidationsAsked) -> LiquidationsFound:
        """What the liquidations of a window come to."""
        async with self._doors.open() as server:
            return await liquidations_of(server, asked)

    def gaps(self, of: InstrumentKey, span: Span) -> AsyncIterator[list[GapRow]]:
        """What is missing of one instrument, or of all of them; those of one moment by their channels."""
        return self._read(Pages(GAPS, GapRow, of, span, tie=attrgetter("channel")))

    async def stats(self, of: InstrumentKey, from_ns: int, to_ns: int) -> Stats:
        """What the ticks of a window come to, and what was traded in it by minute bars and trades."""
        async with self._doors.open() as server:
            ticks = await asked(server, questions.tick_stats(of, from_ns, to_ns))
            traded = await traded_in(server, of, from_ns, to_ns)
        values = (*(ticks[0] if ticks else _NO_TICKS), traded.known_volume, traded.vwap)
        return Stats(**dict(zip(Stats.__struct_fields__, values, strict=True)))

    async def _thinned(self, of: InstrumentKey, span: Span, every_ns: int) -> AsyncIterator[list[FundingRow]]:
        async with self._doors.open() as server:
            yield [FundingRow(*row) for row in await asked(server, thinned_funding(of, span, every_ns))]

    async def _read(self, pages: Pages[RowT]) -> AsyncIterator[list[RowT]]:
        async with self._doors.open() as server:
            while pages.wanted:
                if page := await pages.next(server):
                    yield page
