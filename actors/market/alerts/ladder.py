"""The bounds of all triggers of one meter, sorted: which of them a movement passes.

value   ──────▶ rises: it exceeds these now
──┬───┬──┬────┬───────
  bounds, in order       a movement that passes none costs two searches, however many there are
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from actors.market.alerts.triggers import Meter, Sign, Trigger


class Bounds:
    """Numbers in order, each with its trigger."""

    def __init__(self, bounds: Iterable[tuple[float, Trigger]]) -> None:
        ordered = sorted(bounds, key=lambda each: each[0])
        self._numbers = [number for number, _ in ordered]
        self._triggers = [trigger for _, trigger in ordered]

    def between(self, low: float | None, high: float) -> Sequence[Trigger]:
        """Those from `low` on, or from the least, up to `high` without it."""
        first = 0 if low is None else bisect_left(self._numbers, low)
        return self._triggers[first : bisect_left(self._numbers, high, first)]


class Ladder:
    """The triggers of one meter among the rules that have the same pattern."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self._sides: list[tuple[Sign, Bounds, Bounds]] = []

    def build(self, triggers: Sequence[Trigger]) -> None:
        """Have these triggers, and no others."""
        signs: tuple[Sign, ...] = (1, -1)
        found = {sign: [each for each in triggers if each.sign == sign] for sign in signs}
        self._sides = [
            (
                sign,
                Bounds((each.fires_above, each) for each in some),
                Bounds((each.clears_at, each) for each in some),
            )
            for sign, some in found.items()
            if some
        ]

    def risen(self, before: float | None, after: float) -> list[Trigger]:
        """Those whose bound is exceeded after a movement and was not before. `None`: nothing was known."""
        found: list[Trigger] = []
        for sign, fires, _ in self._sides:
            low, high = None if before is None else sign * before, sign * after
            if low is None or low < high:
                found += fires.between(low, high)
        return found

    def fallen(self, before: float, after: float) -> tuple[list[Trigger], list[Trigger]]:
        """Those whose bound is no longer exceeded, and those that are off again."""
        dipped: list[Trigger] = []
        cleared: list[Trigger] = []
        for sign, fires, clears in self._sides:
            low, high = sign * after, sign * before
            if low < high:
                dipped += fires.between(low, high)
                cleared += clears.between(low, high)
        return dipped, cleared
