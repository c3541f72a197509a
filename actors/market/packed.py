"""Bars that are over, in a sixth of the memory that they take as objects: most are never looked at again."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from math import isnan, nan
from struct import Struct

from actors.market.reports import Bar, BarSource

# Open, high, low, close, volume; turnover, trades, taker-buy volume, which are NaN where they are not told; a
# word of revision, source, gap, closed. A double holds a count of trades exactly up to 2^53.
_BAR = Struct("<8dI")
_SOURCES: tuple[BarSource, ...] = ("trades", "backfill", "exchange")
_REVISION_MAX = (1 << 28) - 1
_TRADES_MAX = 1 << 53
BAR_BYTES = _BAR.size


class Records:
    """Records of `size` bytes by a time, the oldest first. Most join at the end, and go at the beginning."""

    __slots__ = ("_bytes", "_size", "starts")

    def __init__(self, size: int) -> None:
        self._size = size
        self._bytes = bytearray()
        self.starts = array("q")

    def __len__(self) -> int:
        return len(self.starts)

    def __contains__(self, start_ns: int) -> bool:
        return self._at(start_ns) is not None

    def reaches(self, start_ns: int) -> bool:
        """Whether there is a record of this time, or of a later one."""
        return bool(self.starts) and self.starts[-1] >= start_ns

    def find(self, start_ns: int) -> bytes | None:
        """The record of this time; `None` if there is none."""
        index = self._at(start_ns)
        return None if index is None else self.at(index)

    def at(self, index: int) -> bytes:
        """The record of `starts[index]`."""
        return bytes(self._bytes[index * self._size : (index + 1) * self._size])

    def put(self, start_ns: int, record: bytes) -> None:
        """Add a record, or replace the one of this time."""
        index = len(self.starts) if not self.reaches(start_ns) else bisect_left(self.starts, start_ns)
        begin = end = index * self._size
        if index < len(self.starts) and self.starts[index] == start_ns:
            end += self._size
        else:
            self.starts.insert(index, start_ns)
        self._bytes[begin:end] = record

    def pop(self, start_ns: int) -> bytes | None:
        """Take a record out; `None` if there is none."""
        index = self._at(start_ns)
        if index is None:
            return None
        record = self.at(index)
        del self.starts[index]
        del self._bytes[index * self._size : (index + 1) * self._size]
        return record

    def drop(self, count: int) -> None:
        """Let go of the oldest."""
        del self.starts[:count]
        del self._bytes[: count * self._size]

    def drop_before(self, floor_ns: int) -> None:
        """Let go of what is older."""
        self.drop(bisect_left(self.starts, floor_ns))

    def _at(self, start_ns: int) -> int | None:
        index = bisect_left(self.starts, start_ns)
        return index if index < len(self.starts) and self.starts[index] == start_ns else None


def pack(bar: Bar) -> bytes:
    """`BAR_BYTES` of everything but whose bar it is, how long and of when."""
    word = min(bar.revision, _REVISION_MAX) << 4 | _SOURCES.index(bar.source) << 2 | bar.gap << 1 | bar.closed
    return _BAR.pack(
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        nan if bar.turnover is None else bar.turnover,
        nan if bar.trades is None else min(bar.trades, _TRADES_MAX),
        nan if bar.taker_buy_volume is None else bar.taker_buy_volume,
        word,
    )


def unpack(symbol: str, interval_s: int, start_ns: int, record: bytes) -> Bar:
    """The bar again; what follows it in the record is ignored."""
    open_, high, low, close, volume, turnover, trades, taker_buy_volume, word = _BAR.unpack_from(record)
    return Bar(
        symbol,
        interval_s,
        start_ns,
        open_,
        high,
        low,
        close,
        volume,
        None if isnan(turnover) else turnover,
        None if isnan(trades) else int(trades),
        None if isnan(taker_buy_volume) else taker_buy_volume,
        bool(word & 1),
        word >> 4,
        bool(word & 2),
        _SOURCES[word >> 2 & 3],
    )


class BarRow:
    """The bars of one instrument and length, the oldest first: all but the newest are packed."""

    __slots__ = ("_newest", "_older")

    def __init__(self, bar: Bar) -> None:
        self._newest = bar
        self._older: Records | None = None

    def put(self, bar: Bar) -> None:
        """Add a bar, in place of its older self if there is one."""
        newest = self._newest
        if bar.start_ns < newest.start_ns:
            self._store(bar)
            return
        if bar.start_ns > newest.start_ns:
            self._store(newest)
        self._newest = bar

    def keep(self, count: int) -> None:
        """Let go of all but the newest `count`, which is 1 at least."""
        if self._older is not None and len(self._older) >= count:
            self._older.drop(len(self._older) - count + 1)

    def newest(self, count: int) -> list[Bar]:
        """The newest `count` bars, the oldest first."""
        newest, older = self._newest, self._older
        if older is None or count <= 1:
            return [newest][:count]
        indexes = range(max(0, len(older) - count + 1), len(older))
        bars = [unpack(newest.symbol, newest.interval_s, older.starts[at], older.at(at)) for at in indexes]
        return [*bars, newest]

    def __len__(self) -> int:
        return 1 + (len(self._older) if self._older is not None else 0)

    def _store(self, bar: Bar) -> None:
        if self._older is None:
            self._older = Records(BAR_BYTES)
        self._older.put(bar.start_ns, pack(bar))
