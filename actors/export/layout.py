"""Where rows go: Hive partitions, whose folders tell what all rows below have in common.

`ticks/exchange=bybit/market=linear/symbol=BTCUSDT/date=2026-11-21/part-0.parquet`

A day of ticks or trades of one instrument is a file worth having; of everything else a month is. A symbol
always has a folder of its own: a reader who wants few opens few files, and writing one touches no other.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Literal, TypeAlias
from urllib.parse import quote

from msgspec import Struct

from actors.sinks.base import InstrumentKey

NS_PER_S = 1_000_000_000
PART = "part-0.parquet"
Period: TypeAlias = Literal["date", "month"]


class Partition(Struct, frozen=True):
    """One folder: the name of its period, and from when to when that is, in ns."""

    name: str
    from_ns: int
    to_ns: int


def partition_of(ts: int, period: Period) -> Partition:
    """The partition of a moment, by UTC."""
    day = datetime.fromtimestamp(ts // NS_PER_S, UTC).replace(hour=0, minute=0, second=0)
    if period == "date":
        return Partition(f"date={day:%Y-%m-%d}", _ns(day), _ns(day + timedelta(days=1)))
    first = day.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return Partition(f"month={first:%Y-%m}", _ns(first), _ns(following))


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * NS_PER_S


def folder_of(table: str, of: InstrumentKey, interval: str = "") -> PurePosixPath:
    """The folder of an instrument's partitions. What a path may not hold is written as in a URL, as Hive and
    its readers do it."""
    levels = {"interval": interval} if interval else {}
    levels |= {"exchange": of.exchange, "market": of.market, "symbol": of.symbol}
    return PurePosixPath(table, *(f"{name}={quote(value, safe='')}" for name, value in levels.items()))
