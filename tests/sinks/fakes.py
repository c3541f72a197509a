"""Made-up rows, and a sink in memory that fails by script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import trio

from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow
from actors.runtime.errors import SinkRefused, SinkUnavailable

_Result = TypeVar("_Result")
EPOCH_NS = 1_700_000_000_000_000_000


async def inline(work: Callable[[], _Result], limiter: trio.CapacityLimiter, /) -> _Result:
    """Call what blocks at once: a clock that jumps would not wait for a thread.

    As with a thread, only what has not begun can be cancelled.
    """
    async with limiter:
        await trio.lowlevel.checkpoint()
        return work()


def trade(number: int, symbol: str = "BTCUSDT") -> TradeRow:
    """A trade that is told from all others by its number."""
    ts = EPOCH_NS + number * 1_000_000
    return TradeRow(ts, "bybit", "linear", symbol, str(number), 100.0 + number, 0.5, "buy", 1, False)


def trades(start: int, stop: int) -> list[Row]:
    return [trade(number) for number in range(start, stop)]


def tick(number: int) -> TickRow:
    ts = EPOCH_NS + number * 1_000_000
    return TickRow(ts, "bybit", "linear", "BTCUSDT", 100.0, 1.0, None, None, None, 99.5, 100.5)


def liquidation(number: int) -> LiquidationRow:
    return LiquidationRow(EPOCH_NS + number, "bybit", "linear", "BTCUSDT", "long", 1.0, 2.0)


def funding(number: int) -> FundingRow:
    ts = EPOCH_NS + number * 1_000_000
    return FundingRow(ts, "bybit", "linear", "BTCUSDT", 0.0001, 8.0, None, 100.0, 100.0, None)


def key_of(row: Row) -> tuple[object, ...]:
    """What makes a row unique, as its docstring says."""
    place = (type(row).__name__, row.exchange, row.market, row.symbol)
    match row:
        case TradeRow():
            return (*place, row.trade_id)
        case BarRow():
            return (*place, row.interval_s, row.ts)
        case LiquidationRow():
            return (*place, row.ts, row.side, row.price, row.size)
        case GapRow():
            return (*place, row.channel, row.ts)
        case _:
            return (*place, row.ts)


@dataclass
class ScriptedSink:
    """Keeps each row once, by its key, in the order of its first arrival.

    While `down`, it takes nothing. `script` is asked once per write how many rows are written before the sink
    fails (`None`: all, and it does not fail). `doubtful` writes take everything and fail afterwards. Rows for
    which `refuses` is true are refused, with their batch.
    """

    name: str = "fake"
    down: bool = False
    slow_s: float = 0.0
    doubtful: int = 0
    refuses: Callable[[Row], bool] = lambda _: False
    refuses_open: bool = False
    script: Callable[[], int | None] = lambda: None
    kept: dict[tuple[object, ...], Row] = field(default_factory=dict)
    batches: list[list[Row]] = field(default_factory=list)
    opened: int = 0
    closed: int = 0
    writing: int = 0

    async def open(self) -> None:
        await trio.lowlevel.checkpoint()
        self.opened += 1
        self._check()
        if self.refuses_open:
            raise SinkRefused("table `trades` has columns a, b; it needs a, b, c")

    async def write(self, rows: Sequence[Row]) -> None:
        assert not self.writing, "one task uses it at a time"
        self.writing += 1
        try:
            await trio.sleep(self.slow_s)
            self._check()
            self._write(rows)
        finally:
            self.writing -= 1

    def _write(self, rows: Sequence[Row]) -> None:
        if any(self.refuses(row) for row in rows):
            raise SinkRefused("column `price` is of another type")
        taken = self.script()
        for row in rows[:taken]:
            self.kept.setdefault(key_of(row), row)
        self.batches.append(list(rows[:taken]))
        if taken is not None:
            raise SinkUnavailable("the connection was reset")
        if self.doubtful:
            self.doubtful -= 1
            raise SinkUnavailable("no answer came")

    async def flush(self) -> None:
        await trio.lowlevel.checkpoint()
        self._check()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()
        self.closed += 1

    def _check(self) -> None:
        if self.down:
            raise SinkUnavailable("connection refused")

    @property
    def rows(self) -> list[Row]:
        """What it keeps, in order, without gaps."""
        return [row for row in self.kept.values() if not isinstance(row, GapRow)]

    @property
    def gaps(self) -> list[GapRow]:
        return [row for row in self.kept.values() if isinstance(row, GapRow)]
