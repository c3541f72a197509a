"""The bars of one instrument: seven lengths from one stream of trades, each saying whether it is whole."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from msgspec.structs import replace

from actors.market.events import Candle, Trade
from actors.market.holes import Holes
from actors.market.lengths import NS_PER_S
from actors.market.levels import NEVER_NS, Level, chain
from actors.market.reports import Bar
from actors.market.tally import Tally, bar_of, fold

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

    Memory: nothing before the first trade or candle. What still goes on is held as objects, what is over is
    packed (`levels.py`): 0.11 KB for a bar of 1 s or 1 m, which can still be counted on, 0.08 KB for a longer
    one. With 300 seconds and 500 of each other length, an instrument that never pauses takes 0.15 MB after a
    day, and 0.28 MB when all lengths are full; a quiet one far less, since there are no bars without trades.
    A late trade counts for as long as its bar is kept, packed or not.
    """

    __slots__ = (
        "_grace_ns",
        "_holes",
        "_kept",
        "_levels",
        "_now_ns",
        "_seconds_kept",
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
        self._grace_ns = _ns(grace_s)
        self._kept, self._seconds_kept = kept, seconds_kept
        self._levels: tuple[Level, ...] = ()
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
        seconds, minutes = self._opened()[:2]
        for second, tally in tallies.items():
            start_ns = second * NS_PER_S
            seconds.count(start_ns, tally)
            if not minutes.count(minutes.start_of(start_ns), tally):
                self.too_late += tally.trades

    def fill(self, candle: Candle) -> None:
        """Take the exchange's own bar. One of a length that is none of ours is ignored."""
        for level in self._opened():
            if level.length.interval_s == candle.interval_s:
                if level.lets_go(candle.start_ns):
                    self.settle()
                level.tell(bar_of(candle))

    def touch(self, from_ns: int) -> None:
        """What is covered since this moment has changed."""
        for level in self._levels:
            level.touch(from_ns)

    def sweep(self, now_ns: int) -> bool:
        """Close what is over at the exchange's time `now_ns`, and make all lengths anew. Whether there is
        anything to tell."""
        self.settle()
        self._now_ns = max(now_ns, self._now_ns)
        if self._now_ns >= self.due_ns:
            self._close()
        return any(level.changed for level in self._levels)

    def _opened(self) -> tuple[Level, ...]:
        if not self._levels:
            self._levels = chain(self._symbol, self._kept, self._seconds_kept)
        return self._levels

    def _close(self) -> None:
        for level in self._levels:
            level.close(self._now_ns - self._grace_ns)
        self.settle()
        self.due_ns = min([level.open_ns() for level in self._levels], default=NEVER_NS) + self._grace_ns

    def drain(self, upto_s: int = DAY_S) -> list[Bar]:
        """The bars that changed since the last call, by interval and start. Those that are longer than
        `upto_s` are as of the last sweep."""
        self.settle(upto_s)
        changed: list[Bar] = []
        for level in self._levels:
            if level.changed:
                changed += level.drain()
        return changed

    def everything(self) -> list[Bar]:
        """All bars, by interval and start."""
        self.settle()
        return [bar for level in self._levels for bar in level.all()]

    def settle(self, upto_s: int = DAY_S) -> None:
        """Make anew what has to be, the finest first: each hands what changed to the next coarser one."""
        for level in self._levels:
            if level.dirty and level.length.interval_s <= upto_s:
                dirty, level.dirty = level.dirty, None
                for start_ns in dirty:
                    self._settle(level, start_ns)

    def _settle(self, level: Level, start_ns: int) -> None:
        known = level.bars.get(start_ns)
        bar = self._made(level, start_ns, known.revision if known else 0)
        if bar is None or bar == known:
            return
        if known is not None and known.closed:
            bar = replace(bar, revision=known.revision + 1)
        level.put(bar)
        if not bar.closed:
            self.due_ns = min(self.due_ns, start_ns + level.length.interval_ns + self._grace_ns)
        coarser = level.coarser
        if coarser is not None:
            coarser.mark(coarser.start_of(start_ns))

    def _made(self, level: Level, start_ns: int, revision: int) -> Bar | None:
        """The best that can be said about this time; `None` if there is nothing to say."""
        interval_s, end_ns = level.length.interval_s, start_ns + level.length.interval_ns
        is_over = end_ns + self._grace_ns <= self._now_ns
        whole = self._holes.covers(start_ns, end_ns)
        ours: Bar | None = None
        if level.finer is None:
            tally = level.tally(start_ns)
            if tally is not None:
                ours = tally.bar(self._symbol, interval_s, start_ns, is_over, revision, not whole)
        elif parts := level.finer.parts_of(start_ns, end_ns):
            gap = not (whole or self._is_filled(level.finer, start_ns, end_ns))
            ours = fold(parts, interval_s, start_ns, is_over, revision, gap)
        told = level.candle(start_ns)
        if told is None or (ours is not None and not (ours.gap and told.closed)):
            return ours
        return _as_of_now(told, is_over, revision)

    def _is_filled(self, level: Level, start_ns: int, end_ns: int) -> bool:
        """Whether all of the time for which there is no bar is covered: nothing was traded then."""
        if self._holes.begin_ns is None:
            end_ns = min(end_ns, level.newest_ns)
        return all(
            self._holes.covers(start, start + level.length.interval_ns)
            for start in level.missing(start_ns, end_ns)
        )


@cache  # one number for all instruments
def _ns(seconds: float) -> int:
    return int(seconds * NS_PER_S)


def _as_of_now(told: Bar, is_over: bool, revision: int) -> Bar:
    if is_over and not told.closed:
        return replace(told, closed=True, gap=True, revision=revision)
    return replace(told, revision=revision) if revision else told
