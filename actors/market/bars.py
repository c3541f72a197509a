"""The bars of one instrument: seven lengths from one stream of trades, each saying whether it is whole."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from actors.market.events import Candle, Trade
from actors.market.holes import Holes
from actors.market.levels import NS_PER_S, Level, chain
from actors.market.reports import Bar
from actors.market.tally import Tally, bar_of, fold

NEVER_NS = 1 << 63
DAY_S = 86_400


class Bars:
    """`take` trades, `fill` with the exchange's candles, `sweep` now and then, `drain` what changed.

    Bars of 1 s and of 1 m are counted from trades; each longer one is made of the bars of the length before
    it, and only when somebody wants to know: six parts at most, whatever the number of trades.

    A bar of time that is not covered has a gap; `holes` knows. If the exchange has closed a candle of that
    time, the candle stands for it, and is whole; it never stands for a whole bar of trades. A longer bar is
    whole if all of its time is covered, or told by whole candles. A covered minute without a bar is one
    without trades; an uncovered one without a candle is a gap. A candle that the exchange has not closed when
    its time is over may lack its end: a gap. Where trades are not covered at all, time goes as far as the
    newest candle.

    A bar is closed `grace_s` after its end. What changes it later raises its revision, once per drain or
    sweep.

    Memory: a bar takes about 0.4 KB, shared with whoever was told of it, one of 1 s or 1 m 0.3 KB more for
    what it is counted from. With 300 seconds and 500 of each other length, an instrument that never pauses
    takes 0.6 MB after its first eight hours, and 1.7 MB when all lengths are full; a quiet one far less,
    since there are no bars without trades.
    """

    __slots__ = (
        "_grace_ns",
        "_holes",
        "_levels",
        "_now_ns",
        "_symbol",
        "due_ns",
        "too_late",
    )

    def __init__(
        self,
        symbol: str,
        holes: Holes,
        kept: int = 500,
        seconds_kept: int = 300,
        grace_s: float = 2.0,
    ) -> None:
        self._symbol = symbol
        self._holes = holes
        self._grace_ns = int(grace_s * NS_PER_S)
        self._levels = {level.interval_s: level for level in chain(kept, seconds_kept)}
        self.due_ns = NEVER_NS
        self._now_ns = 0
        self.too_late = 0

    def take(self, trades: Iterable[Trade]) -> None:
        """Count trades. Those of a time whose bars were let go are counted in `too_late` only."""
        tallies: dict[int, Tally] = {}
        for trade in trades:
            second = trade.ts_event // NS_PER_S
            tally = tallies.get(second)
            if tally is None:
                tallies[second] = Tally(trade)
            else:
                tally.add(trade)
        seconds, minutes = self._levels[1], self._levels[60]
        for second, tally in tallies.items():
            start_ns = second * NS_PER_S
            seconds.count(start_ns, tally)
            if not minutes.count(minutes.start_of(start_ns), tally):
                self.too_late += tally.trades

    def fill(self, candle: Candle) -> None:
        """Take the exchange's own bar. One of a length that is none of ours is ignored."""
        level = self._levels.get(candle.interval_s)
        if level is None:
            return
        if level.lets_go(candle.start_ns):
            self.settle()
        level.tell(bar_of(candle))

    def touch(self, from_ns: int) -> None:
        """What is covered since this moment has changed."""
        for level in self._levels.values():
            level.touch(from_ns)

    def sweep(self, now_ns: int) -> bool:
        """Close what is over at the exchange's time `now_ns`, and make all lengths anew. Whether there is
        anything to tell."""
        self.settle()
        self._now_ns = max(now_ns, self._now_ns)
        if self._now_ns >= self.due_ns:
            self._close()
        return any(level.changed for level in self._levels.values())

    def _close(self) -> None:
        for level in self._levels.values():
            level.dirty.update(
                [start for start in level.open if self._closing_ns(level, start) <= self._now_ns]
            )
        self.settle()
        self.due_ns = min(
            [self._closing_ns(level, min(level.open)) for level in self._levels.values() if level.open],
            default=NEVER_NS,
        )

    def drain(self, upto_s: int = DAY_S) -> list[Bar]:
        """The bars that changed since the last call, by interval and start. Those that are longer than
        `upto_s` are as of the last sweep."""
        self.settle(upto_s)
        changed: list[Bar] = []
        for level in self._levels.values():
            changed += [level.bars[start] for start in sorted(level.changed)]
            level.changed.clear()
        return changed

    def everything(self) -> list[Bar]:
        """All bars, by interval and start."""
        self.settle()
        return [level.bars[start] for level in self._levels.values() for start in sorted(level.bars)]

    def settle(self, upto_s: int = DAY_S) -> None:
        """Make anew what has to be, the finest first: each hands what changed to the next coarser one."""
        for level in self._levels.values():
            if level.dirty and level.interval_s <= upto_s:
                dirty, level.dirty = level.dirty, set()
                for start_ns in dirty:
                    self._settle(level, start_ns)

    def _settle(self, level: Level, start_ns: int) -> None:
        known = level.bars.get(start_ns)
        bar = self._made(level, start_ns, known.revision if known else 0)
        if bar is None or bar == known:
            return
        if known is not None and known.closed:
            bar = replace(bar, revision=known.revision + 1)
        level.bars[start_ns] = bar
        level.changed.add(start_ns)
        if bar.closed:
            level.open.discard(start_ns)
        elif start_ns not in level.open:
            level.open.add(start_ns)
            self.due_ns = min(self.due_ns, self._closing_ns(level, start_ns))
        coarser = level.coarser
        if coarser is not None:
            coarser.mark(start_ns - start_ns % coarser.interval_ns)

    def _made(self, level: Level, start_ns: int, revision: int) -> Bar | None:
        """The best that can be said about this time; `None` if there is nothing to say."""
        end_ns = start_ns + level.interval_ns
        is_over = end_ns + self._grace_ns <= self._now_ns
        whole = self._holes.covers(start_ns, end_ns)
        ours: Bar | None = None
        if level.finer is None:
            tally = level.tallies.get(start_ns)
            if tally is not None:
                ours = tally.bar(self._symbol, level.interval_s, start_ns, is_over, revision, not whole)
        elif parts := level.finer.parts_of(start_ns, end_ns):
            gap = not (whole or self._is_filled(level.finer, start_ns, end_ns))
            ours = fold(parts, level.interval_s, start_ns, is_over, revision, gap)
        told = level.told.get(start_ns)
        if told is None or (ours is not None and not (ours.gap and told.closed)):
            return ours
        return _as_of_now(told, is_over, revision)

    def _is_filled(self, level: Level, start_ns: int, end_ns: int) -> bool:
        """Whether all of the time for which there is no bar is covered: nothing was traded then."""
        if self._holes.begin_ns is None:
            end_ns = min(end_ns, level.newest_ns)
        return all(
            self._holes.covers(start, start + level.interval_ns) for start in level.missing(start_ns, end_ns)
        )

    def _closing_ns(self, level: Level, start_ns: int) -> int:
        return start_ns + level.interval_ns + self._grace_ns


def _as_of_now(told: Bar, is_over: bool, revision: int) -> Bar:
    if is_over and not told.closed:
        return replace(told, closed=True, gap=True, revision=revision)
    return replace(told, revision=revision) if revision else told
