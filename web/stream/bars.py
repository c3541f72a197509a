"""The group of bars: whoever was busy or away is told every bar that closed meanwhile, within reason."""

from __future__ import annotations

from collections.abc import Callable

from web.stream.groups import Built, Held, Newest, Wish
from web.stream.journal import Journal
from web.stream.shelves import Bars

KEYS_AGAIN_MAX = 20  # of so many instruments all bars that are kept may be told again


class BarsGroup(Newest):
    """Bars of one interval. One who has missed those of many instruments begins anew, with a snapshot: all
    bars of all instruments would be a message of hundreds of megabytes."""

    def __init__(
        self, wish: Wish, journal: Journal, bars: Bars, spare: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__(wish, journal, bars, spare)
        self._bars = bars

    def can_resume(self, offset: int) -> bool:
        """Whether the bars that closed meanwhile are still at hand, of all but a few instruments."""
        return super().can_resume(offset) and not self._is_far_behind(offset)

    def _update(self, offset: int, held: Held) -> Built:
        if self._is_far_behind(offset):
            return self._snapshot()
        return super()._update(offset, held)

    def _is_far_behind(self, offset: int) -> bool:
        had = (key for key, joined in self.keys.items() if joined <= offset)
        return sum(not self._bars.reaches(key, offset) for key in had) > KEYS_AGAIN_MAX
