"""A history in memory, for the tests of what reads it: true to its contract, and scripted to fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import trio
from msgspec.structs import replace

from actors.market.losses import EVERYTHING
from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow
from actors.sinks.base import (
    InstrumentKey,
    LiquidationsAsked,
    LiquidationsFound,
    LiquidationSlice,
    Span,
    Stats,
    liquidation_gap,
)
from tests.web.harness import NOW_NS

R = TypeVar("R", TickRow, TradeRow, BarRow, FundingRow, GapRow)
PAGE = 300
SECOND_NS = 1_000_000_000
HOUR_NS = 3600 * SECOND_NS
BTC = InstrumentKey("bybit", "linear", "BTCUSDT")
GONE = InstrumentKey("bybit", "linear", "GONEUSDT")  # nobody follows it any more


@dataclass
class FakeHistory:
    """`asked` remembers every question. One takes `takes_s`; `failures` are raised one after the other, each
    by the next question, `None` for none. What is missing is no question: that is asked beside another, is
    remembered in `asked_gaps`, and fails by `gap_failures`."""

    rows: list[Row] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    failures: list[Exception | None] = field(default_factory=list)
    takes_s: float = 0.0
    active: int = 0
    active_most: int = 0
    given_up: int = 0
    asked_gaps: list[tuple[InstrumentKey, Span]] = field(default_factory=list)
    gap_failures: list[Exception] = field(default_factory=list)

    async def _work(self) -> None:
        self.active += 1
        self.active_most = max(self.active, self.active_most)
        try:
            await trio.sleep(self.takes_s)
        except trio.Cancelled:
            self.given_up += 1
            raise
        finally:
            self.active -= 1
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure

    async def latest(self, exchange: str | None, market: str | None) -> list[TickRow]:
        """The newest tick of every instrument."""
        self.asked.append(("latest", exchange, market))
        await self._work()
        newest: dict[tuple[str, str, str], TickRow] = {}
        for row in sorted((row for row in self.rows if isinstance(row, TickRow)), key=lambda row: row.ts):
            if exchange in (None, row.exchange) and market in (None, row.market):
                newest[row.exchange, row.market, row.symbol] = row
        return list(newest.values())

    async def instruments(self) -> list[InstrumentKey]:
        """All that there is a row of."""
        self.asked.append(("instruments",))
        await self._work()
        keys = {(row.exchange, row.market, row.symbol) for row in self.rows}
        return [InstrumentKey(*each) for each in sorted(keys)]

    async def ticks(self, of: InstrumentKey, span: Span) -> AsyncIterator[list[TickRow]]:
        """The ticks of one instrument."""
        async for page in self._pages("ticks", TickRow, of, span, lambda row: (row.ts, "")):
            yield page

    async def trades(self, of: InstrumentKey, span: Span) -> AsyncIterator[list[TradeRow]]:
        """The trades of one instrument."""
        async for page in self._pages("trades", TradeRow, of, span, lambda row: (row.ts, row.trade_id)):
            yield page

    async def bars(self, of: InstrumentKey, interval_s: int, span: Span) -> AsyncIterator[list[BarRow]]:
        """The bars of one length of one instrument."""
        fitting = [row for row in self.rows if not isinstance(row, BarRow) or row.interval_s == interval_s]
        only = FakeHistory(fitting, self.asked, self.failures, self.takes_s)
        async for page in only._pages(f"bars:{interval_s}", BarRow, of, span, lambda row: (row.ts, "")):
            yield page

    async def funding(
        self, of: InstrumentKey, span: Span, every_ns: int = 0
    ) -> AsyncIterator[list[FundingRow]]:
        """The funding rates of one instrument."""
        rates = sorted((row for row in self.rows if isinstance(row, FundingRow)), key=lambda row: row.ts)
        last = {row.ts // (every_ns or 1): row for row in rates}
        only = FakeHistory(list(last.values()), self.asked, self.failures, self.takes_s)
        async for page in only._pages("funding", FundingRow, of, span, lambda row: (row.ts, "")):
            yield page

    async def liquidations(self, asked: LiquidationsAsked) -> LiquidationsFound:
        """What the liquidations of a window come to."""
        self.asked.append(("liquidations", asked))
        await self._work()
        kept = [row for row in self.rows if isinstance(row, LiquidationRow)]
        since_ns = min((row.ts for row in kept), default=None)
        return summed([row for row in kept if fits(row, asked)], asked, since_ns, self.rows)

    async def gaps(self, of: InstrumentKey, span: Span) -> AsyncIterator[list[GapRow]]:
        """The gaps that overlap a span."""
        self.asked_gaps.append((of, span))
        await trio.lowlevel.checkpoint()
        if self.gap_failures:
            raise self.gap_failures.pop(0)
        from_ns = span.from_ns or 0
        reaching = [row for row in self.rows if isinstance(row, GapRow) and (row.to_ts or NOW_NS) >= from_ns]
        mine = [
            replace(row, exchange=of.exchange, market=of.market, symbol=of.symbol)
            if row.symbol == EVERYTHING
            else row
            for row in reaching
        ]
        yield chosen(mine, GapRow, of, replace(span, from_ns=None), lambda row: (row.ts, row.channel))

    async def stats(self, of: InstrumentKey, from_ns: int, to_ns: int) -> Stats:
        """What the ticks of a window come to."""
        self.asked.append(("stats", of, from_ns, to_ns))
        await self._work()
        ticks = chosen(
            self.rows, TickRow, of, Span(from_ns, to_ns, 10**9, "oldest"), lambda row: (row.ts, "")
        )
        prices = [row.price for row in ticks]
        if not prices:
            return Stats(0, *[None] * 9)
        average = sum(prices) / len(prices)
        ends = (prices[0], prices[-1], ticks[0].ts, ticks[-1].ts)
        return Stats(len(prices), min(prices), max(prices), average, *ends, 12.5, average)

    async def _pages(
        self,
        name: str,
        kind: type[R],
        of: InstrumentKey,
        span: Span,
        place_of: Callable[[R], tuple[int, str]],
    ) -> AsyncIterator[list[R]]:
        self.asked.append((name, of, span))
        await self._work()
        found = chosen(self.rows, kind, of, span, place_of)
        for start in range(0, len(found), PAGE):
            yield found[start : start + PAGE]


def chosen(
    rows: Iterable[Row],
    kind: type[R],
    of: InstrumentKey,
    span: Span,
    place_of: Callable[[R], tuple[int, str]],
) -> list[R]:
    """The rows that a span means."""
    mine = [
        row
        for row in rows
        if isinstance(row, kind) and InstrumentKey(row.exchange, row.market, row.symbol) == of
    ]
    newest = span.order == "newest"
    inside = [
        row
        for row in sorted(mine, key=place_of, reverse=newest)
        if (span.from_ns is None or row.ts >= span.from_ns)
        and (span.to_ns is None or row.ts < span.to_ns)
        and (span.after is None or (place_of(row) < span.after if newest else place_of(row) > span.after))
    ]
    return inside[: span.limit]


def fits(row: LiquidationRow, asked: LiquidationsAsked) -> bool:
    """Whether a liquidation is asked for."""
    return (
        asked.from_ns <= row.ts < asked.to_ns
        and row.price * row.size >= asked.value_min
        and asked.exchange in (None, row.exchange)
        and asked.market in (None, row.market)
        and (asked.of is None or InstrumentKey(row.exchange, row.market, row.symbol) in asked.of)
    )


def summed(
    rows: list[LiquidationRow], asked: LiquidationsAsked, since_ns: int | None, kept: Iterable[Row]
) -> LiquidationsFound:
    """What liquidations come to."""
    slices: dict[tuple[int, str, str, str], list[float]] = {}
    for row in rows:
        start = row.ts // asked.slice_ns * asked.slice_ns
        slices.setdefault((start, row.exchange, row.market, row.side), []).append(row.price * row.size)
    biggest = sorted(rows, key=lambda row: (-row.price * row.size, -row.ts))[: asked.biggest_max]
    found = [LiquidationSlice(*key, len(values), sum(values)) for key, values in sorted(slices.items())]
    gaps = [
        liquidation_gap(row.ts, row.to_ts, row.exchange, row.market, 1)
        for row in kept
        if isinstance(row, GapRow) and row.channel in ("liquidations", "outbox") and not row.healed
    ]
    return LiquidationsFound(found, biggest, since_ns, gaps)


def tick(ts: int, price: float = 100.0, of: InstrumentKey = BTC) -> TickRow:
    """A tick."""
    return TickRow(
        ts, of.exchange, of.market, of.symbol, price, 10.0, 110.0, 90.0, None, price - 1, price + 1
    )


def trade(ts: int, trade_id: str, of: InstrumentKey = BTC) -> TradeRow:
    """A trade."""
    return TradeRow(ts, of.exchange, of.market, of.symbol, trade_id, 100.0, 0.5, "buy", 1, False)


def gap(
    ts: int, to_ts: int | None, channel: str = "trades", of: InstrumentKey = BTC, **changes: Any
) -> GapRow:
    """A gap that nothing has healed."""
    usual: dict[str, Any] = {"cause": "disconnected", "reason": "connection lost", "missed": None}
    usual |= {"recovered": 0, "healed": False}
    return GapRow(ts, of.exchange, of.market, of.symbol, channel, to_ts, **{**usual, **changes})


def bar(ts: int, interval_s: int = 60, of: InstrumentKey = BTC, **changes: Any) -> BarRow:
    """A closed bar."""
    usual: dict[str, Any] = {"open": 1.0, "high": 3.0, "low": 0.5, "close": 2.0, "volume": 4.0}
    usual |= {"turnover": 6.0, "trades": 7, "taker_buy_volume": 1.0, "closed": True, "revision": 0}
    usual |= {"gap": False, "source": "trades"}
    return BarRow(ts, of.exchange, of.market, of.symbol, interval_s, **{**usual, **changes})


def remembering() -> FakeHistory:
    """Something of everything, up to now."""
    minutes = [NOW_NS // (60 * SECOND_NS) * 60 * SECOND_NS - each * 60 * SECOND_NS for each in range(1, 61)]
    hours = [NOW_NS // HOUR_NS * HOUR_NS - each * HOUR_NS for each in range(1, 49)]
    rows: list[Row] = [tick(NOW_NS - each * SECOND_NS, 100.0 + each) for each in range(600)]
    rows += [trade(NOW_NS - each // 3 * SECOND_NS, f"{each:05}") for each in range(900)]
    rows += [tick(NOW_NS - HOUR_NS, 50.0), trade(NOW_NS - HOUR_NS, "90000")]
    rows += [bar(ts, revision=number % 2) for number, ts in enumerate(minutes)]
    rows += [bar(ts, 3600) for ts in hours]
    rows += [bar(ts - ts % (24 * HOUR_NS), 86_400) for ts in hours[24:25]]
    rows += [tick(NOW_NS - HOUR_NS, 5.0, GONE), tick(NOW_NS, 99.0, InstrumentKey("bybit", "spot", "BTCUSDT"))]
    return FakeHistory(rows)
