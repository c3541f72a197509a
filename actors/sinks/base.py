"""The contract of a sink, and of a history that can be read back.

Blocking drivers run in one worker thread of their own. A sink may be given the same rows again after a
crash or a doubtful answer, and keeps each once, by its key (`actors/market/rows.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct

from actors.market.losses import EVERYTHING
from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow
from actors.market.storage import StorageReport

GAP_BEGINS_BEFORE_NS = 86_400 * 1_000_000_000
GAPS_MAX = 500
Order: TypeAlias = Literal["newest", "oldest"]


class Sink(Protocol):
    """`open`, then `write` and `flush`, at last `aclose`. One task uses it at a time.

    Raises `SinkUnavailable` when trying again later may help (down, slow, full, wrong password), and
    `SinkRefused` when these rows will never be taken (schema); it names what is wrong.
    """

    name: str

    async def open(self) -> None:
        """Connect, and create what is missing. It may be called again after a failure."""

    async def write(self, rows: Sequence[Row]) -> None:
        """Take rows, in order."""

    async def flush(self) -> None:
        """When it returns, everything written is durable."""

    async def aclose(self) -> None:
        """Let go of everything; it never raises."""


@runtime_checkable
class Choosy(Protocol):
    """A sink that keeps rows of some kinds only. Others are not accepted for it, so none of them counts as
    lost; where it is told of gaps all the same, `write` leaves them out."""

    kinds: frozenset[type[Row]]


def kinds_of(sink: Sink) -> frozenset[type[Row]] | None:
    """The kinds of rows that a sink keeps; `None` for all."""
    return sink.kinds if isinstance(sink, Choosy) else None


@runtime_checkable
class Stored(Protocol):
    """A sink that keeps its rows on our own disk. `report` tells what they take there."""

    report: StorageReport


def storage_of(sink: Sink) -> Callable[[], StorageReport | None]:
    """What tells how much of our disk a sink takes; `None` where that is not on our disk."""
    return lambda: sink.report if isinstance(sink, Stored) else None


class InstrumentKey(Struct, frozen=True):
    """Which instrument a question is about."""

    exchange: str
    market: str
    symbol: str


class Span(Struct, frozen=True):
    """From when (inclusive) to when (exclusive), in ns; `None` for no bound. `after` is where the last page
    ended (its last row's `ts` and tie-breaker), so that no row is told twice or left out."""

    from_ns: int | None = None
    to_ns: int | None = None
    limit: int = 500
    order: Order = "newest"
    after: tuple[int, str] | None = None


class Stats(Struct, frozen=True):
    """What the ticks of a window come to; `None` where there were none."""

    count: int
    minimum: float | None
    maximum: float | None
    average: float | None
    first: float | None
    last: float | None
    first_ts: int | None
    last_ts: int | None
    volume: float | None
    vwap: float | None


class LiquidationsAsked(Struct, frozen=True):
    """Liquidations of all instruments (or those `of` names) from when (inclusive) to when (exclusive), in ns,
    worth `value_min` quote units at least; in slices of `slice_ns`, counted from the epoch."""

    from_ns: int
    to_ns: int
    slice_ns: int
    exchange: str | None = None
    market: str | None = None
    of: tuple[InstrumentKey, ...] | None = None
    value_min: int = 0
    biggest_max: int = 10


class LiquidationSlice(Struct, frozen=True):
    """What was liquidated on one side of one market in the slice that begins at `ts`, in quote units."""

    ts: int
    exchange: str
    market: str
    side: str
    count: int
    value: float


class LiquidationGap(Struct, frozen=True):
    """From when to when (ns; `None` while it lasts) liquidations of a market were missed, of so many of its
    instruments; of all history where there is no exchange."""

    ts: int
    to_ts: int | None
    exchange: str | None
    market: str | None
    instruments: int


def liquidation_gap(
    ts: int, to_ts: int | None, exchange: str, market: str, instruments: int
) -> LiquidationGap:
    """A gap as it was kept."""
    if exchange == EVERYTHING:
        return LiquidationGap(ts, to_ts, None, None, 0)
    return LiquidationGap(ts, to_ts, exchange, market, instruments)


class LiquidationsFound(Struct, frozen=True):
    """Slices that hold any, in order; the biggest first; when the oldest that is kept of all was; and what is
    missing of the window, of what began a day before it at the earliest."""

    slices: list[LiquidationSlice]
    biggest: list[LiquidationRow]
    since_ns: int | None
    gaps: list[LiquidationGap]


class Memory(Protocol):
    """What was known at last, before the hub was started. Every `History` has that."""

    async def latest(self, exchange: str | None, market: str | None) -> list[TickRow]:
        """The newest tick of every instrument. Raises `SinkUnavailable` or `HistoryTimeout`."""


class History(Memory, Protocol):
    """Reads that never block writers, each within a time limit (`HistoryTimeout`). Rows come in pages of a
    few hundred, so that no result is built in memory whole."""

    async def instruments(self) -> list[InstrumentKey]:
        """Every instrument of which there may be rows, also those that are silent for long."""

    def ticks(self, of: InstrumentKey, span: Span) -> AsyncIterator[list[TickRow]]:
        """The ticks of one instrument."""

    def trades(self, of: InstrumentKey, span: Span) -> AsyncIterator[list[TradeRow]]:
        """The trades of one instrument."""

    def bars(self, of: InstrumentKey, interval_s: int, span: Span) -> AsyncIterator[list[BarRow]]:
        """The bars of one length of one instrument."""

    def funding(self, of: InstrumentKey, span: Span, every_ns: int = 0) -> AsyncIterator[list[FundingRow]]:
        """The funding rates of one instrument, a row for each time that they changed; with `every_ns`, the
        last of each such slice of time, counted from the epoch."""

    async def liquidations(self, asked: LiquidationsAsked) -> LiquidationsFound:
        """What the liquidations of a window come to."""

    def gaps(self, of: InstrumentKey, span: Span) -> AsyncIterator[list[GapRow]]:
        """What is missing of one instrument, or of all history: every gap that overlaps the span, healed ones
        too, by its begin. What breaks a tie is the channel."""

    async def stats(self, of: InstrumentKey, from_ns: int, to_ns: int) -> Stats:
        """What the ticks of a window come to, and its traded volume where trades or bars tell it."""
