"""The embedded history keeps what every sink promises."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow
from actors.sinks.base import Sink
from actors.sinks.sqlite import Retention, SqliteSink
from tests.sinks.conformance import T0, R, SinkConformance, SinkRig, bar, opened, save

FOREVER = Retention(
    ticks_days=0, tick_minutes_days=0, trades_days=0, bars_minute_days=0,
    liquidations_days=0, funding_days=0, gaps_days=0,
)  # fmt: skip
VIEWS: dict[type[Row], str] = {
    TickRow: "market_data",
    TradeRow: "trades",
    BarRow: "bars",
    LiquidationRow: "liquidations",
    FundingRow: "funding",
    GapRow: "gaps",
}
NAMES = {"timestamp": "ts", "high24h": "high_24h", "low24h": "low_24h", "change24h": "change_24h"}
FLAGS = ("closed", "gap", "backfill", "healed")


def read(path: Path, kind: type[R]) -> list[R]:
    """The rows of a view, through a plain connection, as anybody would read them."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        rows = connection.execute(f"SELECT * FROM {VIEWS[kind]} ORDER BY timestamp").fetchall()
    finally:
        connection.close()
    return [kind(**_fields(row)) for row in rows]


def _fields(row: sqlite3.Row) -> dict[str, Any]:
    fields = {NAMES.get(name, name): row[name] for name in row.keys()}  # noqa: SIM118
    return {name: bool(value) if name in FLAGS else value for name, value in fields.items()}


class SqliteRig:
    """A file; what takes it down is another program that holds its lock."""

    kinds: Sequence[type[Row]] = tuple(VIEWS)

    def __init__(self, folder: Path) -> None:
        self.path = folder / "data" / "history.db"
        self._other: sqlite3.Connection | None = None

    def sink(self) -> Sink:
        return SqliteSink(self.path, FOREVER, lambda: T0, lock_wait_s=0.01)

    async def stored(self, kind: type[R]) -> list[R]:
        return read(self.path, kind)

    async def take_down(self) -> None:
        self.path.parent.mkdir(exist_ok=True)
        self._other = sqlite3.connect(self.path, isolation_level=None)
        self._other.execute("BEGIN EXCLUSIVE")

    async def bring_back(self) -> None:
        assert self._other is not None
        self._other.close()

    async def change_schema(self) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute("DROP TABLE trade")
            connection.execute("CREATE TABLE trade (id TEXT, price REAL)")
        connection.close()


class TestSqliteSink(SinkConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> SinkRig:
        return SqliteRig(tmp_path)


async def test_after_a_restart_no_candle_stands_in_for_a_whole_bar_of_trades(tmp_path: Path) -> None:
    """A hub that starts anew counts revisions from 0, and knows the minutes before only from the exchange."""
    whole, partial = bar(0), replace(bar(1), gap=True)
    candles = [replace(bar(minute, close=100.5), source="exchange") for minute in (0, 1)]
    rig = SqliteRig(tmp_path)
    async with opened(rig) as sink:
        await save(sink, whole, partial)
        await save(sink, *candles)
    assert read(rig.path, BarRow) == [whole, candles[1]]
