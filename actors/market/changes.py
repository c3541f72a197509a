"""How a price has changed over the last minute, five minutes and hour, without keeping every price."""

from __future__ import annotations

from array import array
from math import isfinite, isnan, nan

NS_PER_S = 1_000_000_000
STEP_NS = 10 * NS_PER_S
CANDLE_NS = 60 * NS_PER_S

# Each window in steps, and how many steps beside its beginning a known price may lie: a tenth of the window,
# and never more than half a minute, so that the closes of 1 m candles will do for the longer ones.
WINDOWS = ((6, 0), (30, 3), (360, 3))
KEPT = 364


class Prices:
    """The price history of one instrument: the price that was in force at every full ten seconds.

    It must be told each change of the price and of whether it is live; in between, the last word holds. That
    takes 8 bytes for each ten seconds: 3 KB for the hour and a bit that are kept, grown as time passes.
    """

    __slots__ = ("_first", "_is_noted", "_newest", "_now", "_ring", "_then", "_then_slot")

    def __init__(self) -> None:
        self._ring = array("d")
        self._first = self._newest = 0
        self._now = nan
        self._is_noted = False
        # What to compare with, as of `_then_slot`: but for seeds, the past does not change.
        self._then = (nan, nan, nan)
        self._then_slot = -1

    def note(self, price: float | None, now_ns: int) -> None:
        """From now on this is the price; `None` while there is none that may be trusted."""
        self._is_noted = True
        self._advance(now_ns // STEP_NS)
        self._now = price if price is not None and price > 0.0 and isfinite(price) else nan

    def seed(self, start_ns: int, close: float) -> None:
        """What a closed 1 m candle says of the time that was not watched; what is known stays."""
        slot = (start_ns + CANDLE_NS) // STEP_NS
        if not (close > 0.0 and isfinite(close)) or (self._ring and self._newest - slot >= KEPT):
            return
        if self._is_noted and slot > self._newest:
            return  # it is being watched
        self._advance(slot)
        if slot < self._first:
            self._ring = array("d", [nan]) * (self._first - slot) + self._ring
            self._first = slot
        at = (slot - self._first) % KEPT
        if isnan(self._ring[at]):
            self._ring[at] = close
            self._then_slot = -1

    def changes(self, price: float | None, now_ns: int) -> tuple[float | None, float | None, float | None]:
        """The change to `price` over 1 m, 5 m and 1 h, in percent; each `None` until it is known."""
        slot = (now_ns + STEP_NS // 2) // STEP_NS
        if slot != self._then_slot:
            one_minute, five_minutes, one_hour = (
                self._near(slot - steps, beside) for steps, beside in WINDOWS
            )
            self._then, self._then_slot = (one_minute, five_minutes, one_hour), slot
        then = self._then
        return _percent(price, then[0]), _percent(price, then[1]), _percent(price, then[2])

    def _advance(self, slot: int) -> None:
        """Write down the price that was in force at every step up to this one."""
        ring = self._ring
        if not ring or slot - self._newest >= KEPT:
            self._ring = array("d", [self._now]) * (KEPT if ring else 1)
            self._first, self._newest = slot - len(self._ring) + 1, slot
            return
        for each in range(self._newest + 1, slot + 1):
            if len(ring) < KEPT:
                ring.append(self._now)
            else:
                ring[(each - self._first) % KEPT] = self._now
        self._newest = max(self._newest, slot)

    def _near(self, slot: int, beside: int) -> float:
        """The known price nearest to a step; of two equally near, the older. NaN where there is none."""
        for distance in range(beside + 1):
            for each in (slot - distance, slot + distance):
                found = self._at(each)
                if not isnan(found):
                    return found
        return nan

    def _at(self, slot: int) -> float:
        if slot > self._newest:
            return self._now
        if not self._ring or slot < max(self._first, self._newest - KEPT + 1):
            return nan
        return self._ring[(slot - self._first) % KEPT]


def _percent(price: float | None, then: float) -> float | None:
    """Rounding takes away the noise of the binary division."""
    if price is None or isnan(then):
        return None
    change = (price - then) / then * 100.0
    return round(change, 10) if isfinite(change) else None
