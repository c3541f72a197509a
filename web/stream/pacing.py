"""When the next frame may be sent: at most so many a second, the first at once, the last always."""

from __future__ import annotations

import math
from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)
SLACK_S = 0.001
EARLY = 0.25
STALE_ENTRIES = 64


class Wheel(Generic[T]):
    """What is due when. Each thing is due once at most; putting it in again moves it."""

    def __init__(self) -> None:
        self._due_s: dict[T, float] = {}
        self._heap: list[tuple[float, int, T]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._due_s)

    def __contains__(self, thing: object) -> bool:
        return thing in self._due_s

    def put(self, thing: T, due_s: float) -> None:
        """Have it come out at that time."""
        self._due_s[thing] = due_s
        self._count += 1
        heappush(self._heap, (due_s, self._count, thing))
        if len(self._heap) > 2 * len(self._due_s) + STALE_ENTRIES:
            self._heap = [each for each in self._heap if self._due_s.get(each[2]) == each[0]]
            heapify(self._heap)

    def drop(self, thing: T) -> None:
        """Forget it, if it is there."""
        self._due_s.pop(thing, None)
        if not self._due_s:
            self._heap.clear()

    def next_s(self) -> float:
        """When something is due next; infinity for never."""
        while self._heap and self._due_s.get(self._heap[0][2]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else math.inf

    def due(self, now_s: float) -> list[T]:
        """Take out what is due; what comes within a millisecond is due as well."""
        found: list[T] = []
        while self.next_s() <= now_s + SLACK_S:
            thing = heappop(self._heap)[2]
            del self._due_s[thing]
            found.append(thing)
        return found


class Cadence:
    """The beat of all that share a group and a rate, so that they are due together and share their frames.

    It begins anew with the first frame after a pause. `period_s` 0 is no limit.
    """

    def __init__(self, period_s: float) -> None:
        self.period_s = period_s
        self._origin_s = 0.0
        self._quiet_from_s = -math.inf

    def next_s(self, now_s: float) -> float:
        """When the next frame after one at `now_s` may come. One that was a little late keeps the beat."""
        if not self.period_s:
            return now_s
        if now_s > self._quiet_from_s + EARLY * self.period_s:
            self._origin_s = now_s
        turns = math.ceil((now_s - self._origin_s) / self.period_s - EARLY)
        next_s = self._origin_s + (turns + 1) * self.period_s
        self._quiet_from_s = max(self._quiet_from_s, next_s)
        return next_s


class Paces:
    """How soon the quickest of all subscriptions wants to be told."""

    def __init__(self) -> None:
        self._counts: dict[float, int] = {}
        self.quickest_s: float | None = None

    def add(self, period_s: float, count: int = 1) -> None:
        """One more of this period, or with -1 one less."""
        left = self._counts.get(period_s, 0) + count
        if left:
            self._counts[period_s] = left
        else:
            self._counts.pop(period_s, None)
        self.quickest_s = min(self._counts, default=None)
