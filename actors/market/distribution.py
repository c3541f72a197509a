"""How often something took how long, since the start."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from msgspec import Struct

BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Distribution(Struct, frozen=True):
    """How many durations did not exceed each of `BOUNDS_S`, and not the one before; at last the longer ones.

    Empty while there was none. `sum_s` is all of them together.
    """

    counts: tuple[int, ...] = ()
    sum_s: float = 0.0


class Histogram:
    """Takes durations. Nothing is forgotten, so the difference of two reports is what came between them."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self._sum_s = 0.0

    def take(self, durations_s: Iterable[float]) -> None:
        """Count some durations; those below zero are counted as none."""
        counts = self._counts
        for seconds in durations_s:
            counts[bisect_left(BOUNDS_S, seconds)] += 1
            if seconds > 0:
                self._sum_s += seconds

    def report(self) -> Distribution:
        """What was taken until now."""
        return Distribution(tuple(self._counts), self._sum_s) if any(self._counts) else Distribution()
