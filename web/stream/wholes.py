"""Groups of what is reckoned over all markets at once: spreads, and the screener."""

from __future__ import annotations

from collections.abc import Callable

from web.stream.groups import HOLDS_NOTHING, Built, Group, Held, Newest, Wish
from web.stream.journal import Journal
from web.stream.records import encode_record, whole
from web.stream.roster import Roster
from web.stream.shelves import Spreads

SPREADS_S = 1.0
SCREENER_S = 0.5


class SpreadsGroup(Newest):
    """The assets across all exchanges: those that changed, and those that are gone."""

    period_s = SPREADS_S

    def __init__(self, wish: Wish, journal: Journal, spare: Callable[[], bool] = lambda: True) -> None:
        self._spreads = Spreads(journal.site, wish.options)
        super().__init__(wish, journal, self._spreads, spare)
        self.roster = Roster(wish.options)
        self._reckoned = -1

    def resolve(self) -> tuple[list[str], list[str]]:
        """Its keys are found when they are reckoned."""
        return [], []

    def can_resume(self, offset: int) -> bool:
        """What was reckoned for others is nothing to go on from."""
        return False

    def _snapshot(self) -> Built:
        self._reckon()
        return super()._snapshot()

    def _update(self, offset: int, held: Held) -> Built:
        self._reckon()
        return super()._update(offset, held)

    def _reckon(self) -> None:
        if self._reckoned != self.journal.offset and self.roster is not None:
            self._reckoned = self.journal.offset
            self.roster.show(self._spreads.reckon(self._reckoned), self._reckoned)


class ScreenerGroup(Group):
    """What fulfils a condition: each frame holds all of it."""

    period_s = SCREENER_S

    def __init__(self, wish: Wish, journal: Journal, spare: Callable[[], bool] = lambda: True) -> None:
        super().__init__(wish, journal, spare)
        self._records: list[bytes] = []
        self._changed = self._reckoned = -1

    def can_resume(self, offset: int) -> bool:
        """Each frame holds everything: there is nothing to go on from."""
        return False

    def _snapshot(self) -> Built:
        self._reckon()
        body = self.body("snapshot", self._records, self.journal.offset)
        return Built([body], self.journal.offset)

    def _update(self, offset: int, held: Held) -> Built:
        self._reckon()
        if self._changed <= offset:
            return Built([], self.journal.offset, HOLDS_NOTHING)
        return self._snapshot()

    def _reckon(self) -> None:
        if self._reckoned == self.journal.offset:
            return
        self._reckoned = self.journal.offset
        records = [encode_record(each, *self.style) for each in whole(self.journal.site, self.options)]
        if records != self._records:
            self._records, self._changed = records, self._reckoned
