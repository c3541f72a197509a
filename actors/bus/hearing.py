"""What a node makes of what it reads: whose time counts, what is seen of the feeds, how far it is safe."""

from __future__ import annotations

from collections.abc import Callable

import trio

from actors.bus.bookmark import Bookmark
from actors.bus.confluence import Confluence
from actors.bus.reporting import merged
from actors.intake import Recording
from actors.market.busstatus import BusStatus
from actors.market.demand import Demand
from actors.market.feeds import Board, MarketReport
from actors.market.mark import Mark
from actors.market.rhythm import NS_PER_S
from actors.runtime.settings import MarketSettings

OWN_TIME_AFTER_S = 1.0
REPORT_EVERY_S = 0.25
SAVE_EVERY_S = 1.0
BEHIND_NS = 5 * NS_PER_S


class Hearing:
    """`marked` by every mark of the flow, asked whether the hub `is_free` to keep its own time, and called by
    the receive actor. With a bookmark, `position` and `epoch` are where an earlier process was."""

    def __init__(
        self,
        confluence: Confluence,
        board: Board,
        status: BusStatus,
        settings: MarketSettings,
        bookmark: Bookmark | None,
        recording: Recording,
        now_ns: Callable[[], int],
        tell_epoch: Callable[[str], None],
        *,
        serves: bool,
    ) -> None:
        self._confluence, self._board, self._status = confluence, board, status
        self._settings, self._recording, self._now_ns = settings, recording, now_ns
        self._tell_epoch, self._serves, self._bookmark = tell_epoch, serves, bookmark
        self._silent_s: float | None = float("-inf")  # since when nothing has come
        self._reported_s = self._saved_s = float("-inf")
        self._last_ns, self._epochs = 0, 0
        saved = bookmark.load() if bookmark is not None else None
        self.resumes = saved is not None
        self.position: int | None = None if bookmark is None else 0
        self.epoch = ""
        if saved is not None:
            self.position, self.epoch, self._last_ns = saved.resume, saved.epoch, saved.recorded_ns
            recording.recorded = saved.recorded

    def is_free(self) -> bool:
        """Whether the flow has no time of its own now: nothing comes, which is not that we are slow to read.
        What is only recorded has none but that of the flow."""
        silent_s = self._silent_s
        return self._serves and silent_s is not None and trio.current_time() - silent_s > OWN_TIME_AFTER_S

    def marked(self, mark: Mark) -> None:
        """A mark was told to everybody here."""
        self._last_ns = mark.now_ns
        self._status.has_heard = mark.is_sure and self._now_ns() - mark.now_ns < BEHIND_NS
        if self._bookmark is not None:
            self._bookmark.note(mark)

    def begun(self, epoch: str) -> None:
        """The log is another. Who has told two of them shares neither's numbers with anybody."""
        self.epoch = epoch
        self._epochs += 1
        self._tell_epoch(epoch if self._epochs == 1 else f"{epoch}-{self._status.node}-{self._epochs}")
        if self._bookmark is not None:
            self._bookmark.restart()

    def lacking(self) -> None:
        """What came after the position is gone."""
        self._recording.recorded = 0
        if self._last_ns:
            self._recording.missed(self._last_ns, self._now_ns())

    def read(self, heard: bool) -> None:
        """Something was read, or nothing came."""
        now_s = trio.current_time()
        if heard or self._silent_s is None:
            self._silent_s = None if heard else now_s
        if now_s - self._reported_s >= REPORT_EVERY_S:
            self._reported_s = now_s
            self._report()
        if self._bookmark is not None and now_s - self._saved_s >= SAVE_EVERY_S:
            self._saved_s = now_s
            self._bookmark.save(self.epoch)

    def _report(self) -> None:
        """Let the web see the feeds of all nodes."""
        told = merged(self._confluence.reports(), self._confluence.reports(silent=True))
        for report in told:
            self._show(report)

    def _show(self, report: MarketReport) -> None:
        place = (report.exchange, report.market)
        if place not in self._board.markets:
            demand = Demand(self._settings.book_grace_s, self._settings.books_max)
            self._board.market(*place).demand = demand
        status = self._board.market(*place)
        status.elsewhere, status.offers, status.symbols = report, report.offers, report.symbols
        followed = frozenset(report.symbols) - report.refused.keys()
        if followed != status.followed:
            status.followed = followed
            status.demand.retain(followed)
