"""The bars of one length: what is kept of them, and from what they are made."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise
from typing import TypeAlias

from actors.market.lengths import Length, lengths
from actors.market.packed import BAR_BYTES, Records, pack, unpack
from actors.market.reports import Bar
from actors.market.tally import ENDS_BYTES, Tally

NEVER_NS = 1 << 63
SPARE = 4  # so many bars that could be packed are worth the look for them
NO_ENDS = bytes(ENDS_BYTES)


class Level:
    """The bars of one interval, by their start.

    `tallies` are counted from trades, `told` came from the exchange, `bars` are the best that can be said
    from these and from the bars of the `finer` level. `dirty` are to be made anew, `changed` are still to be
    told. Each of these is `None` while it is empty, for most instruments trade seldom.

    The newest are kept. The oldest go in whole groups (of the length of the bars that are made of these), so
    that a longer bar can always be made anew from all of its parts.

    What is closed and told is `pack`ed, once its group is over, together with what its tally has to know to
    be counted on. It is unpacked when it is to be made anew, as if it had never been packed; but of a minute
    that trades tell as a whole, the exchange's candle is forgotten.
    """

    __slots__ = (
        "_pack_at",
        "_packed",
        "_symbol",
        "bars",
        "changed",
        "coarser",
        "dirty",
        "finer",
        "floor_ns",
        "length",
        "newest_ns",
        "tallies",
        "told",
    )

    def __init__(self, symbol: str, length: Length) -> None:
        self._symbol = symbol
        self.length = length
        self.newest_ns = -1
        self.floor_ns = 0
        self.finer: Level | None = None
        self.coarser: Level | None = None
        self.tallies: dict[int, Tally] | None = None
        self.told: dict[int, Bar] | None = None
        self.bars: dict[int, Bar] = {}
        self.dirty: set[int] | None = None
        self.changed: set[int] | None = None
        self._packed: Records | None = None
        self._pack_at = SPARE

    def start_of(self, ts_event: int) -> int:
        """When the bar of this moment starts, in UTC."""
        return ts_event - ts_event % self.length.interval_ns

    def mark(self, start_ns: int) -> bool:
        """Have this bar made anew. Whether it is kept at all."""
        if start_ns > self.newest_ns:
            if start_ns >= NEVER_NS:
                return False
            self._advance(start_ns)
        elif start_ns < self.floor_ns:
            return False
        elif self._packed is not None:
            self._unpack(start_ns)
        if self.dirty is None:
            self.dirty = {start_ns}
        else:
            self.dirty.add(start_ns)
        return True

    def count(self, start_ns: int, tally: Tally) -> bool:
        """Count trades of this bar. Whether it is kept at all."""
        if not self.mark(start_ns):
            return False
        known = self.tally(start_ns)
        if known is None:
            self._hold(start_ns, tally.copy())
        else:
            known.merge(tally)
        return True

    def tell(self, bar: Bar) -> None:
        """Take the exchange's own bar."""
        if self.mark(bar.start_ns):
            self._say(bar)

    def close(self, before_ns: int) -> None:
        """Have all bars made anew that are open and end before this moment, or in it."""
        before_ns -= self.length.interval_ns
        over = [start for start, bar in self.bars.items() if not bar.closed and start <= before_ns]
        if over:
            self._soil(over)

    def touch(self, from_ns: int) -> None:
        """Have all bars made anew that end after this moment."""
        first = max(self.start_of(from_ns), self.floor_ns)
        if self._packed is not None:
            starts = self._packed.starts
            for start in starts[bisect_left(starts, first) :]:
                self._unpack(start)
        for table in (self.tallies, self.told, self.bars):
            self._soil(start for start in table or () if start >= first)

    def put(self, bar: Bar) -> None:
        """Take what was made anew: it is to be told."""
        self.bars[bar.start_ns] = bar
        if self.changed is None:
            self.changed = {bar.start_ns}
        else:
            self.changed.add(bar.start_ns)

    def tally(self, start_ns: int) -> Tally | None:
        """What was counted of a bar that is to be made anew."""
        return None if self.tallies is None else self.tallies.get(start_ns)

    def candle(self, start_ns: int) -> Bar | None:
        """What the exchange told of a bar that is to be made anew."""
        return None if self.told is None else self.told.get(start_ns)

    def drain(self) -> list[Bar]:
        """The bars that changed since the last call, in order."""
        told = [self.bars[start] for start in sorted(self.changed or ())]
        self.changed = None
        if len(self.bars) >= self._pack_at:
            self._pack()
        return told

    def all(self) -> list[Bar]:
        """All bars, in order."""
        packed = {} if self._packed is None else {start: self._known(start) for start in self._packed.starts}
        return [bar for _, bar in sorted((packed | self.bars).items()) if bar is not None]

    def open_ns(self) -> int:
        """When the earliest open bar ends; `NEVER_NS` if none is open."""
        return min(
            [start + self.length.interval_ns for start, bar in self.bars.items() if not bar.closed],
            default=NEVER_NS,
        )

    def parts_of(self, start_ns: int, end_ns: int) -> list[Bar]:
        """The bars from one moment to another, in order; where nothing was traded there is none."""
        starts = range(start_ns, end_ns, self.length.interval_ns)
        if self._packed is None or not self._packed.reaches(start_ns):
            bars = self.bars
            return [bars[start] for start in starts if start in bars]
        return [bar for start in starts if (bar := self._known(start)) is not None]

    def missing(self, start_ns: int, end_ns: int) -> list[int]:
        """The starts of that time for which there is no bar."""
        starts = range(start_ns, end_ns, self.length.interval_ns)
        packed = self._packed
        return [start for start in starts if not (start in self.bars or (packed and start in packed))]

    def lets_go(self, start_ns: int) -> bool:
        """Whether a bar of this time would end the keeping of some that are still to be made anew."""
        return bool(self.dirty and start_ns > self.newest_ns and self._floor_for(start_ns) > min(self.dirty))

    def _soil(self, starts: Iterable[int]) -> None:
        self.dirty = {*(self.dirty or ()), *starts} or None

    def _floor_for(self, newest_ns: int) -> int:
        oldest_ns = max(newest_ns - self.length.kept_ns, 0)
        return oldest_ns - oldest_ns % self.length.group_ns

    def _advance(self, start_ns: int) -> None:
        self.newest_ns = start_ns
        floor_ns = self._floor_for(start_ns)
        if floor_ns > self.floor_ns:
            self.floor_ns = floor_ns
            self._drop()

    def _drop(self) -> None:
        for table in (self.tallies, self.told, self.bars):
            _forget(table, self.floor_ns)
        for starts in (self.dirty, self.changed):
            if starts:
                starts.difference_update([start for start in starts if start < self.floor_ns])
        if self._packed is not None:
            self._packed.drop_before(self.floor_ns)

    def _known(self, start_ns: int) -> Bar | None:
        bar = self.bars.get(start_ns)
        if bar is None and self._packed is not None and (record := self._packed.find(start_ns)) is not None:
            return unpack(self._symbol, self.length.interval_s, start_ns, record)
        return bar

    def _pack(self) -> None:
        """Pack what can be: what is closed and told, of a group that is over, and from one source."""
        newest_ns = self.newest_ns
        before_ns = newest_ns if self.coarser is None else newest_ns - newest_ns % self.length.group_ns
        left: dict[int, Bar] = {}
        for start_ns, bar in sorted(self.bars.items()):
            record = self._record(bar) if start_ns < before_ns else None
            if record is None:
                left[start_ns] = bar
                continue
            if self._packed is None:
                self._packed = Records(len(record))
            self._packed.put(start_ns, record)
            if self.finer is None:
                _take(self.tallies, start_ns)
                _take(self.told, start_ns)
        self.bars = left
        self._pack_at = len(left) + SPARE

    def _record(self, bar: Bar) -> bytes | None:
        if not bar.closed or (self.dirty and bar.start_ns in self.dirty):
            return None
        if self.finer is not None:
            return pack(bar)
        tally = self.tally(bar.start_ns)
        counts = tally is not None and bar.source != "exchange"
        if self.candle(bar.start_ns) is not None and (bar.gap or (tally is not None and not counts)):
            return None  # candle and trades may each be what it is made of the next time
        return pack(bar) + (tally.ends() if tally is not None else NO_ENDS)

    def _unpack(self, start_ns: int) -> None:
        record = None if self._packed is None else self._packed.pop(start_ns)
        if record is None:
            return
        bar = self.bars[start_ns] = unpack(self._symbol, self.length.interval_s, start_ns, record)
        if self.finer is not None:
            return
        if bar.source == "exchange":
            self._say(bar)
        else:
            self._hold(start_ns, Tally.of(bar, record[BAR_BYTES:]))

    def _say(self, bar: Bar) -> None:
        if self.told is None:
            self.told = {}
        self.told[bar.start_ns] = bar

    def _hold(self, start_ns: int, tally: Tally) -> None:
        if self.tallies is None:
            self.tallies = {}
        self.tallies[start_ns] = tally


Table: TypeAlias = dict[int, Tally] | dict[int, Bar] | None


def _forget(table: Table, floor_ns: int) -> None:
    for start_ns in [start for start in table or () if start < floor_ns]:
        _take(table, start_ns)


def _take(table: Table, start_ns: int) -> None:
    if table is not None:
        table.pop(start_ns, None)


def chain(symbol: str, kept: int, seconds_kept: int) -> tuple[Level, ...]:
    """Seven levels, the finest first. From a minute on, each is made of the one before it."""
    levels = tuple(Level(symbol, length) for length in lengths(kept, seconds_kept))
    for finer, coarser in pairwise(levels[1:]):
        finer.coarser, coarser.finer = coarser, finer
    return levels
