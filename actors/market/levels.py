"""The bars of one length: what is kept of them, and from what they are made."""

from __future__ import annotations

from itertools import pairwise

from actors.market.reports import Bar
from actors.market.tally import Tally

NS_PER_S = 1_000_000_000


class Level:
    """The bars of one interval, by their start.

    `tallies` are counted from trades, `told` came from the exchange, `bars` are the best that can be said
    from these and from the bars of the `finer` level. `dirty` are to be made anew, `open` are not closed yet,
    `changed` are still to be told.

    The newest `kept` are kept. The oldest go in whole groups of `group_ns` (the length of the bars that are
    made of these), so that a longer bar can always be made anew from all of its parts.
    """

    __slots__ = (
        "_group_ns",
        "_kept_ns",
        "bars",
        "changed",
        "coarser",
        "dirty",
        "finer",
        "floor_ns",
        "interval_ns",
        "interval_s",
        "newest_ns",
        "open",
        "tallies",
        "told",
    )

    def __init__(self, interval_s: int, kept: int, group_s: int) -> None:
        self.interval_s = interval_s
        self.interval_ns = interval_s * NS_PER_S
        self._group_ns = group_s * NS_PER_S
        self._kept_ns = (kept - 1) * self.interval_ns
        self.newest_ns = -1
        self.floor_ns = 0
        self.finer: Level | None = None
        self.coarser: Level | None = None
        self.tallies: dict[int, Tally] = {}
        self.told: dict[int, Bar] = {}
        self.bars: dict[int, Bar] = {}
        self.dirty: set[int] = set()
        self.open: set[int] = set()
        self.changed: set[int] = set()

    def start_of(self, ts_event: int) -> int:
        """When the bar of this moment starts, in UTC."""
        return ts_event - ts_event % self.interval_ns

    def mark(self, start_ns: int) -> bool:
        """Have this bar made anew. Whether it is kept at all."""
        if start_ns > self.newest_ns:
            self._advance(start_ns)
        if start_ns < self.floor_ns:
            return False
        self.dirty.add(start_ns)
        return True

    def count(self, start_ns: int, tally: Tally) -> bool:
        """Count trades of this bar. Whether it is kept at all."""
        if not self.mark(start_ns):
            return False
        known = self.tallies.get(start_ns)
        if known is None:
            self.tallies[start_ns] = tally.copy()
        else:
            known.merge(tally)
        return True

    def tell(self, bar: Bar) -> None:
        """Take the exchange's own bar."""
        if self.mark(bar.start_ns):
            self.told[bar.start_ns] = bar

    def touch(self, from_ns: int) -> None:
        """Have all bars made anew that end after this moment."""
        first = max(self.start_of(from_ns), self.floor_ns)
        self.dirty.update(
            start
            for start in range(first, self.newest_ns + 1, self.interval_ns)
            if start in self.tallies or start in self.told or start in self.bars
        )

    def parts_of(self, start_ns: int, end_ns: int) -> list[Bar]:
        """The bars from one moment to another, in order; where nothing was traded there is none."""
        bars = self.bars
        return [bars[start] for start in range(start_ns, end_ns, self.interval_ns) if start in bars]

    def missing(self, start_ns: int, end_ns: int) -> list[int]:
        """The starts of that time for which there is no bar."""
        return [start for start in range(start_ns, end_ns, self.interval_ns) if start not in self.bars]

    def lets_go(self, start_ns: int) -> bool:
        """Whether a bar of this time would end the keeping of some that are still to be made anew."""
        return bool(self.dirty) and start_ns > self.newest_ns and self._floor_for(start_ns) > min(self.dirty)

    def _floor_for(self, newest_ns: int) -> int:
        oldest_ns = max(newest_ns - self._kept_ns, 0)
        return oldest_ns - oldest_ns % self._group_ns

    def _advance(self, start_ns: int) -> None:
        self.newest_ns = start_ns
        floor_ns = self._floor_for(start_ns)
        if floor_ns > self.floor_ns:
            self.floor_ns = floor_ns
            self._drop()

    def _drop(self) -> None:
        tables: tuple[dict[int, Tally] | dict[int, Bar], ...] = (self.tallies, self.told, self.bars)
        for table in tables:
            for start_ns in [start for start in table if start < self.floor_ns]:
                del table[start_ns]
        for starts in (self.dirty, self.open, self.changed):
            starts.difference_update([start for start in starts if start < self.floor_ns])


def chain(kept: int, seconds_kept: int) -> tuple[Level, ...]:
    """Seven levels, the finest first. From a minute on, each is made of the one before it."""
    seconds = Level(1, seconds_kept, group_s=60)
    lengths = (60, 300, 900, 3600, 14400, 86400)
    folded = [
        Level(length, kept, group) for length, group in zip(lengths, (*lengths[1:], lengths[-1]), strict=True)
    ]
    for finer, coarser in pairwise(folded):
        finer.coarser, coarser.finer = coarser, finer
    return seconds, *folded
