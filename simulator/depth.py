"""The hidden order book of one instrument: what every feed shows a part of, and every test compares with.

A `Depth` exists only once somebody asked `World.depth` for it. From then on every quote or trade move of the
instrument changes it: its top is always exactly the instrument's bid and ask, levels that the price runs over
vanish, levels behind it appear, a few others change. Pure and seeded, like the walk that drives it.
"""

from bisect import bisect_left, insort
from typing import Final

from simulator.dice import Dice
from simulator.instruments import Instrument

Level = tuple[float, float]  # price, size; in changes a size of 0.0 means the level is gone

LEVELS_FEWEST: Final = 1_000  # per side; fewer only where the price has no more ticks below it
LEVELS_MOST: Final = 1_200  # then the far end is cut back to the fewest
TOUCHED_MOST: Final = 8_192  # levels per side whose last change is remembered
FILL_MOST: Final = 12  # new levels behind a top that moved away
GAP_SHARE: Final = 12e-6  # of the price: the widest gap between two levels
CHURN_REACH: Final = 60  # other levels change within this many levels of the top


class _Side:
    """One side. Ticks of asks are kept negative, so that the best level is the largest tick on both sides."""

    __slots__ = ("forgotten", "instrument", "random", "sizes", "ticks", "touched", "worst")

    def __init__(self, instrument: Instrument, random: Dice, *, is_bid: bool) -> None:
        self.instrument = instrument
        self.random = random
        self.worst = 1 if is_bid else -(10**15)  # no bid below one tick
        self.ticks: list[int] = []  # ascending: the best is last
        self.sizes: dict[int, float] = {}
        self.touched: dict[int, int] = {}  # tick -> update that changed it last, oldest change first
        self.forgotten = 0  # changes up to this update are no longer known

    def put(self, tick: int, size: float, update_id: int) -> None:
        """Set one level, new or not."""
        if tick not in self.sizes:
            insort(self.ticks, tick)
        self.sizes[tick] = size
        self._touch(tick, update_id)

    def remove(self, tick: int, update_id: int) -> None:
        """Take one level away."""
        del self.ticks[bisect_left(self.ticks, tick)]
        del self.sizes[tick]
        self._touch(tick, update_id)

    def _touch(self, tick: int, update_id: int) -> None:
        self.touched.pop(tick, None)
        self.touched[tick] = update_id
        if len(self.touched) > TOUCHED_MOST:
            oldest = next(iter(self.touched))
            self.forgotten = self.touched.pop(oldest)

    def size(self) -> float:
        """A size for a level behind the top, never zero."""
        instrument, draw = self.instrument, self.random.random()
        smallest = 10.0**-instrument.size_decimals
        return round(smallest + instrument.lot * draw * draw * 6.0, instrument.size_decimals) or smallest

    def follow(self, best: int, size: float, update_id: int) -> None:
        """Move the top to `best`, then let a level behind it change."""
        ticks = self.ticks
        before = ticks[-1] if ticks else best
        while ticks and ticks[-1] > best:
            self.remove(ticks[-1], update_id)
        self.put(best, size, update_id)
        if before < best:
            self._fill(before, best, update_id)
        self._churn(update_id)
        self._keep_deep(update_id)

    def _fill(self, before: int, best: int, update_id: int) -> None:
        tick = best
        for _ in range(FILL_MOST):
            tick -= self._gap()
            if tick <= before:
                return
            self.put(tick, self.size(), update_id)

    def _churn(self, update_id: int) -> None:
        draw = self.random.random
        index = len(self.ticks) - 2 - int(draw() ** 2 * CHURN_REACH)
        if index < 1:
            return
        tick, choice = self.ticks[index], draw()
        if choice < 0.2:
            self.remove(tick, update_id)
        elif choice < 0.4 and tick - 1 not in self.sizes:
            self.put(tick - 1, self.size(), update_id)
        else:
            self.put(tick, self.size(), update_id)

    def _keep_deep(self, update_id: int) -> None:
        """Cut or extend the far end, so that the side stays about as deep as it was."""
        if len(self.ticks) > LEVELS_MOST:
            for tick in self.ticks[:-LEVELS_FEWEST]:
                self.remove(tick, update_id)
        while len(self.ticks) < LEVELS_FEWEST:
            tick = self.ticks[0] - self._gap()
            if tick < self.worst:
                return
            self.put(tick, self.size(), update_id)

    def _gap(self) -> int:
        """Ticks to the next level: a thousand levels reach about 40 bps, however small the tick."""
        return 1 + int(self.random.random() ** 2 * max(3.0, abs(self.ticks[-1]) * GAP_SHARE))

    def levels(self, count: int) -> list[Level]:
        """The best `count` levels, best first."""
        step, sizes = self.instrument.tick, self.sizes
        return [(abs(tick) * step, sizes[tick]) for tick in self.ticks[: -count - 1 : -1]]

    def changes_since(self, update_id: int) -> list[Level]:
        """The levels that changed after an update, best first, with the sizes they have now."""
        if update_id < self.forgotten:
            raise LookupError(f"changes after update {update_id} are no longer known")
        changed = []
        for tick in reversed(self.touched):
            if self.touched[tick] <= update_id:
                break
            changed.append(tick)
        changed.sort(reverse=True)
        step, sizes = self.instrument.tick, self.sizes
        return [(abs(tick) * step, sizes.get(tick, 0.0)) for tick in changed]


class Depth:
    """The true book of one instrument, about a thousand levels per side, never crossed.

    Ask `World.depth(instrument)` for it; the world keeps it up to date. Prices are floats as the instrument
    has them (a multiple of its tick; round them for comparison), sizes are absolute base units.
    """

    __slots__ = ("_asks", "_bids", "_instrument")

    def __init__(self, instrument: Instrument, random: Dice) -> None:
        self._instrument = instrument
        self._bids = _Side(instrument, random, is_bid=True)
        self._asks = _Side(instrument, random, is_bid=False)
        self.follow()
        # Whoever asks for changes has seen this book first: its making is no change.
        self._bids.forgotten = self._asks.forgotten = self.update_id
        self._bids.touched.clear()
        self._asks.touched.clear()

    @property
    def update_id(self) -> int:
        """The number of the newest change: the instrument's own, one more with every quote or trade move."""
        return self._instrument.update_id

    def levels(self, count: int) -> tuple[list[Level], list[Level]]:
        """The best `count` bids and asks, best first; an empty side is an empty list."""
        return self._bids.levels(count), self._asks.levels(count)

    def changes_since(self, update_id: int) -> tuple[list[Level], list[Level]]:
        """Bids and asks that changed after `update_id`, merged: one entry per level, size now, 0.0 = gone.

        A level that came and went in between is reported as gone, as on the real exchanges. Raises
        LookupError when `update_id` lies before what is remembered (thousands of changes, or the making of
        the book): then only `levels` tell.
        """
        return self._bids.changes_since(update_id), self._asks.changes_since(update_id)

    def follow(self) -> None:
        """Take over the instrument's newest top; the world calls this after every quote."""
        instrument = self._instrument
        update_id = instrument.update_id
        if instrument.bid_size:
            self._bids.follow(_ticks(instrument, instrument.bid), instrument.bid_size, update_id)
        if instrument.ask_size:
            self._asks.follow(-_ticks(instrument, instrument.ask), instrument.ask_size, update_id)


def _ticks(instrument: Instrument, price: float) -> int:
    return round(price / instrument.tick)
