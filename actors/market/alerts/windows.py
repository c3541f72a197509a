"""What is remembered of one number of one instrument: its course over a window, a sum, the usual volume.

Each is bounded: a window is kept in parts, of which only the last value, or the sum, is known.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
from math import isfinite, nan, sqrt

PARTS = 60
VOLUMES_MIN = 10
NO_DEVIATION = 1e-9  # of the mean: what rounding makes of volumes that are all the same


class Course:
    """A number over the last `window_ns`, told as the change in percent since the beginning of the window.

    A time when it was unknown stays unknown: what it was then is no base for a change.
    """

    __slots__ = ("_part_ns", "_times", "_values", "window_ns")

    def __init__(self, window_ns: int) -> None:
        self.window_ns = window_ns
        self._part_ns = max(1, window_ns // PARTS)
        self._times = array("q")
        self._values = array("d")

    def __len__(self) -> int:
        return len(self._times)

    def add(self, now_ns: int, value: float | None) -> None:
        """What it is from now on."""
        number, times, values = nan if value is None else value, self._times, self._values
        if times and isfinite(values[-1]) == isfinite(number):
            if not isfinite(number):
                return
            if self._is_of(-1, now_ns):
                times[-1], values[-1] = now_ns, number
                return
        if len(times) > 2 and self._is_of(
            -3, now_ns
        ):  # known, unknown, known within one part: that is enough
            times[-1], values[-1] = now_ns, number
            return
        times.append(now_ns)
        values.append(number)
        self._forget(now_ns)

    def change(self, now_ns: int) -> float | None:
        """The change since the beginning of the window in percent; `None` where one of both is unknown."""
        place = bisect_right(self._times, now_ns - self.window_ns) - 1
        if place < 0:
            return None
        base, value = self._values[place], self._values[-1]
        if not (isfinite(base) and isfinite(value)) or base == 0.0:
            return None
        return (value - base) / abs(base) * 100.0

    def size(self, now_ns: int) -> float | None:
        """The same, whatever its direction."""
        change = self.change(now_ns)
        return None if change is None else abs(change)

    def _is_of(self, place: int, now_ns: int) -> bool:
        return self._times[place] // self._part_ns == now_ns // self._part_ns

    def _forget(self, now_ns: int) -> None:
        old = bisect_right(self._times, now_ns - self.window_ns) - 1
        if old > 0:
            del self._times[:old], self._values[:old]


class Sum:
    """What came to pass within the last `window_ns`, added up; it may count a part too much, of 60."""

    __slots__ = ("_part_ns", "_parts", "_total", "window_ns")

    def __init__(self, window_ns: int) -> None:
        self.window_ns = window_ns
        self._part_ns = max(1, window_ns // PARTS)
        self._parts: deque[tuple[int, float]] = deque()
        self._total = 0.0

    def add(self, ts_ns: int, value: float) -> None:
        """Something came to pass."""
        part = ts_ns // self._part_ns
        if self._parts and self._parts[-1][0] >= part:
            last, total = self._parts.pop()
            self._parts.append((last, total + value))
        else:
            self._parts.append((part, value))
        self._total += value

    def total(self, now_ns: int) -> float:
        """The sum."""
        oldest = (now_ns - self.window_ns) // self._part_ns
        while self._parts and self._parts[0][0] < oldest:
            self._total -= self._parts.popleft()[1]
        if not self._parts:
            self._total = 0.0  # what rounding has left
        return self._total


class Volumes:
    """The volumes of the last bars of one length, oldest first. The newest bar is compared with those."""

    __slots__ = ("_closed", "_count", "_newest")

    def __init__(self, count: int) -> None:
        self._count = count
        self._closed: dict[int, float] = {}
        self._newest: tuple[int, float] | None = None

    def add(self, start_ns: int, volume: float, *, closed: bool) -> None:
        """A bar, or what became of one."""
        if self._newest is None or start_ns >= self._newest[0]:
            self._newest = (start_ns, volume)
        if closed:
            fresh = start_ns not in self._closed
            self._closed[start_ns] = volume
            if fresh:
                self._order()

    def deviations(self) -> float | None:
        """How many standard deviations the newest stands above the mean of those before it; `None` while
        fewer than 10 are known, and where all are the same."""
        if self._newest is None:
            return None
        start_ns, volume = self._newest
        before = [each for start, each in self._closed.items() if start < start_ns][-self._count :]
        if len(before) < VOLUMES_MIN:
            return None
        mean = sum(before) / len(before)
        variance = sum((each - mean) ** 2 for each in before) / len(before)
        deviation = sqrt(variance)
        return (volume - mean) / deviation if deviation > mean * NO_DEVIATION else None

    def _order(self) -> None:
        starts = list(self._closed)
        if len(starts) > 1 and starts[-1] < starts[-2]:
            self._closed = dict(sorted(self._closed.items()))
        while len(self._closed) > self._count + 1:
            del self._closed[next(iter(self._closed))]
