"""Where rows are accepted for one sink, without ever making whoever brings them wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import trio
from msgspec import structs

from actors.market.losses import Loss, Losses
from actors.market.recording import Recorder
from actors.market.rows import Row
from actors.market.sinkstatus import SinkReport, SinkStatus
from actors.market.tick import Tick

LATE_NS = 5_000_000_000


@dataclass
class Intake:
    """`offer` rows to the inbox of a sink's persist actor.

    At most `rows_max` rows are in memory, in the inbox and in the actor's hands together, and as many batches
    as the channel holds. What is more is dropped, counted, and told to the sink as a gap by the actor, which
    finds it in `losses`. Rows of other `kinds` than the sink keeps (`None`: all) are none of its business.
    """

    outbox: trio.MemorySendChannel[list[Row]]
    status: SinkStatus
    now_ns: Callable[[], int]
    rows_max: int = 100_000
    kinds: frozenset[type[Row]] | None = None
    losses: Losses = field(default_factory=Losses)

    def offer(self, rows: list[Row]) -> None:
        """Take as many of these rows as there is room for, the first ones first."""
        if self.kinds is not None:
            rows = [row for row in rows if type(row) in self.kinds]
        self.status.accepted += len(rows)
        room = max(0, self.rows_max - self.status.in_hand)
        taken, refused = rows[:room], len(rows) - room
        if taken:
            try:
                self.outbox.send_nowait(taken)
                self.status.in_hand += len(taken)
            except (trio.WouldBlock, trio.BrokenResourceError):
                refused = len(rows)
        if refused > 0:
            self._drop(refused)

    def is_empty(self) -> bool:
        """Whether everything that was accepted has reached the sink, or is lost."""
        return not self.status.in_hand and not self.status.outbox_rows

    def is_prompt(self) -> bool:
        """Whether nothing waits: what is in memory, as there always is something, goes on at once."""
        return not self.status.outbox_rows and self.status.disk_error is None

    def _drop(self, rows: int) -> None:
        cause = "inbox_full" if self.status.disk_error is None else "disk_full"
        self.status.dropped[cause] += rows
        now_ns = self.now_ns()
        self.losses.add(Loss(cause, now_ns, now_ns, rows))


class Publisher(Protocol):
    """Tells others of what is live. It never makes whoever tells it wait."""

    def note(self, tick: Tick) -> None:
        """Something changed."""

    def report(self) -> SinkReport:
        """How it is doing."""

    def close(self) -> None:
        """Nothing more will come."""


@dataclass
class Recording:
    """Hands what changed to every sink, as rows, and to every publisher; none waits for another, and the
    market for none.

    Ticks up to number `recorded` were recorded by an earlier process. One that comes late, because a flow of
    other machines is caught up with, is for the sinks only.
    """

    now_ns: Callable[[], int]
    takers: dict[str, tuple[Recorder, Intake]] = field(default_factory=dict)
    publishers: list[Publisher] = field(default_factory=list)
    recorded: int = 0

    def note(self, tick: Tick) -> None:
        """Record what changed. A whole tick repeats what was told, or will be."""
        for publisher in self.publishers if tick.ts > self.now_ns() - LATE_NS else ():
            publisher.note(tick)
        if tick.whole or 0 < tick.number <= self.recorded:
            return
        for recorder, intake in self.takers.values():
            intake.offer(recorder.rows(tick.exchange, tick.changes, tick.ts))

    def accepted(self) -> tuple[int, ...]:
        """How many rows each sink was given."""
        return tuple(intake.status.accepted for _, intake in self.takers.values())

    def settled(self) -> tuple[int, ...]:
        """How many of these, the first ones, are in the sink, on disk, or lost."""
        statuses = [intake.status for _, intake in self.takers.values()]
        return tuple(status.accepted - status.in_hand for status in statuses)

    def has_room(self) -> bool:
        """Whether all sinks keep up, so that a flow that could be slower need not be."""
        return all(intake.status.in_hand < intake.rows_max // 4 for _, intake in self.takers.values())

    def missed(self, from_ns: int, to_ns: int) -> None:
        """What happened between these moments will never be told."""
        for _, intake in self.takers.values():
            intake.losses.add(Loss("bus", from_ns, to_ns, 0))

    def is_whole(self) -> bool:
        """Whether history has all that happened, but for the last moments. A cache is no history: a sink that
        keeps rows of some kinds only is not asked."""
        return all(intake.is_prompt() for _, intake in self.takers.values() if intake.kinds is None)

    def reports(self) -> list[SinkReport]:
        """The state of every sink."""
        recorded = [
            structs.replace(intake.status.report(), rejected=dict(recorder.rejected))
            for recorder, intake in self.takers.values()
        ]
        return [*recorded, *(publisher.report() for publisher in self.publishers)]

    def close(self) -> None:
        """Nothing more will come: the sinks' actors write what they have, and end."""
        for publisher in self.publishers:
            publisher.close()
        takers, self.takers = self.takers, {}
        for _, intake in takers.values():
            intake.outbox.close()
