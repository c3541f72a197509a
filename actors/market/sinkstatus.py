"""What is known about each sink: whether it takes rows, and where every accepted row is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from msgspec import Struct

from actors.market.storage import StorageReport

SinkState: TypeAlias = Literal["ok", "catching_up", "down", "refused", "disk_full"]

REFUSING_NS = 60 * 1_000_000_000


class SinkReport(Struct, frozen=True, kw_only=True):
    """The state of one sink. Of rows, accepted = written + in the outbox + in hand + dropped, at all times.

    `state` is `disk_full` when rows cannot be put away on our disk, `refused` when the sink will never take
    some of them, `down` when it takes none now, `catching_up` while the outbox is replayed. `in_hand` are
    those in memory, `outbox_oldest_ns` is since when they wait on disk. `dropped` counts by cause (`CAUSES`
    of `actors/market/losses.py`), `rejected` by kind what no sink could take and none was given, `failures`
    how often it did not take rows. `storage` is what it takes on our own disk, if it is there. `trouble` is
    why the state is no good one; `last_error` stays after that. Times are nanoseconds since the epoch, `None`
    where there was none.
    """

    name: str
    state: SinkState
    since_ns: int
    accepted: int
    written: int
    in_hand: int
    outbox_rows: int
    outbox_bytes: int
    outbox_oldest_ns: int | None
    dropped: dict[str, int]
    trouble: str | None
    last_error: str | None
    last_error_ns: int | None
    next_attempt_ns: int | None
    failures: int = 0
    rejected: dict[str, int] = {}
    storage: StorageReport | None = None


@dataclass
class SinkStatus:
    """One sink, from one life of its actor to the next. Whoever changes a fact calls `settle` then."""

    name: str
    state: SinkState = "down"
    since_ns: int = 0
    is_up: bool = False
    is_failing: bool = False
    disk_error: str | None = None
    refused_ns: int | None = None
    accepted: int = 0
    written: int = 0
    in_hand: int = 0
    outbox_rows: int = 0
    outbox_bytes: int = 0
    outbox_oldest_ns: int | None = None
    dropped: Counter[str] = field(default_factory=Counter)
    last_error: str | None = None
    last_error_ns: int | None = None
    next_attempt_ns: int | None = None
    failures: int = 0
    storage: Callable[[], StorageReport | None] = lambda: None

    def opened(self, outbox_rows: int) -> int:
        """The outbox was opened and holds so many rows; what an earlier run left counts as accepted again.

        Returns how many rows are missing that should be there; they count as dropped.
        """
        surplus = outbox_rows - self.outbox_rows
        self.outbox_rows = outbox_rows
        self.accepted += max(0, surplus)
        if surplus < 0:
            self.dropped["lost"] -= surplus
        return max(0, -surplus)

    def failed(self, words: str, now_ns: int, next_attempt_ns: int | None) -> None:
        """The sink did not take rows. It is failing until it does, and not only until it can be opened."""
        self.is_up, self.is_failing = False, True
        self.failures += 1
        self.last_error, self.last_error_ns, self.next_attempt_ns = words, now_ns, next_attempt_ns

    def opened_sink(self) -> None:
        """The sink could be opened; with rows to take, it has to show that it takes them."""
        self.is_up, self.next_attempt_ns = True, None
        self.is_failing = self.is_failing and bool(self.in_hand or self.outbox_rows)

    def delivered(self) -> None:
        """The sink took rows."""
        self.is_failing = False

    @property
    def trouble(self) -> str | None:
        """Why it is in the state in which it is; `None` where there is nothing to explain."""
        if self.state == "disk_full":
            return self.disk_error
        return self.last_error if self.state == "refused" or self.is_failing else None

    def settle(self, now_ns: int) -> bool:
        """Find the state that follows from the facts. Returns whether it is another one."""
        before, self.state = self.state, self._state(now_ns)
        if self.state != before or not self.since_ns:
            self.since_ns = now_ns
        return self.state != before

    def _state(self, now_ns: int) -> SinkState:
        if self.disk_error is not None:
            return "disk_full"
        if self.refused_ns is not None and now_ns - self.refused_ns < REFUSING_NS:
            return "refused"
        if not self.is_up or self.is_failing:
            return "down"
        return "catching_up" if self.outbox_rows else "ok"

    def report(self) -> SinkReport:
        """The sink as the web shows it."""
        return SinkReport(
            name=self.name,
            state=self.state,
            since_ns=self.since_ns,
            accepted=self.accepted,
            written=self.written,
            in_hand=self.in_hand,
            outbox_rows=self.outbox_rows,
            outbox_bytes=self.outbox_bytes,
            outbox_oldest_ns=self.outbox_oldest_ns,
            dropped=dict(self.dropped),
            trouble=self.trouble,
            last_error=self.last_error,
            last_error_ns=self.last_error_ns,
            next_attempt_ns=self.next_attempt_ns,
            failures=self.failures,
            storage=self.storage(),
        )
