"""How late data comes, and how far an exchange's clock is from ours."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from itertools import accumulate

from actors.market.distribution import Histogram
from actors.market.events import ServerTime

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


class Clock:
    """An exchange's clock, from questions about the time.

    Its answer was made somewhere between our question and its arrival, so half of that time is the error of
    taking the middle. Of the last answers, the quickest tells most.
    """

    KEPT = 8

    def __init__(self) -> None:
        self._answers: deque[tuple[int, int]] = deque(maxlen=self.KEPT)

    def take(self, answer: ServerTime) -> None:
        """Learn from one answer; one without the time of its question tells nothing."""
        if 0 < answer.ts_sent <= answer.ts_recv:
            middle_ns = (answer.ts_sent + answer.ts_recv) // 2
            error_ns = (answer.ts_recv - answer.ts_sent) // 2 + NS_PER_MS
            self._answers.append((error_ns, answer.ts_event - middle_ns))

    @property
    def offset_ns(self) -> int | None:
        """How far it is ahead of ours; `None` while it was never told."""
        return min(self._answers)[1] if self._answers else None

    @property
    def error_ns(self) -> int | None:
        """The offset is known within this, either way. A clock that is told in whole ms adds one."""
        return min(self._answers)[0] if self._answers else None


class Delays:
    """The distribution of delays over the last one to two spans of time, in buckets that grow by 15 %.

    A quantile is so known within 15 %, at a constant cost in time and memory. `ever` has them all.
    """

    SPAN_NS = 30_000_000_000
    BOUNDS_MS: tuple[float, ...] = tuple(0.05 * 1.15**number for number in range(106))

    def __init__(self) -> None:
        self._newest = [0] * (len(self.BOUNDS_MS) + 1)
        self._older = list(self._newest)
        self._began_ns = 0
        self.ever = Histogram()

    def take(self, delays_ns: Sequence[int], now_ns: int) -> None:
        """Count some delays; those below zero are counted as none."""
        if delays_ns and now_ns - self._began_ns > self.SPAN_NS:
            self._older, self._newest = self._newest, [0] * len(self._newest)
            self._began_ns = now_ns
        newest, bounds_ms = self._newest, self.BOUNDS_MS
        for delay_ns in delays_ns:
            newest[bisect_left(bounds_ms, delay_ns / NS_PER_MS)] += 1
        self.ever.take([delay_ns / NS_PER_S for delay_ns in delays_ns])

    def quantile_ms(self, share: float) -> float | None:
        """The delay that this share of all did not exceed; `None` while there was none."""
        counts = [newest + older for newest, older in zip(self._newest, self._older, strict=True)]
        total = sum(counts)
        if not total:
            return None
        seen = list(accumulate(counts))
        bucket = bisect_left(seen, share * total)
        return round(self.BOUNDS_MS[min(bucket, len(self.BOUNDS_MS) - 1)], 3)
