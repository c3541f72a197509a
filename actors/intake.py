"""Where rows are accepted for one sink, without ever making whoever brings them wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import trio
from msgspec import structs

from actors.market.losses import Loss, Losses
from actors.market.recording import Recorder
from actors.market.rows import Row
from actors.market.sinkstatus import SinkReport, SinkStatus
from actors.market.tick import Tick


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


@dataclass
class Recording:
    """Hands what changed to every sink, as rows; no sink waits for another, and the market for none."""

    now_ns: Callable[[], int]
    takers: dict[str, tuple[Recorder, Intake]] = field(default_factory=dict)

    def note(self, tick: Tick) -> None:
        """Record what changed. A whole tick repeats what was told, or will be."""
        if tick.whole:
            return
        for recorder, intake in self.takers.values():
            intake.offer(recorder.rows(tick.exchange, tick.changes, self.now_ns()))

    def is_whole(self) -> bool:
        """Whether history has all that happened, but for the last moments. A cache is no history: a sink that
        keeps rows of some kinds only is not asked."""
        return all(intake.is_prompt() for _, intake in self.takers.values() if intake.kinds is None)

    def reports(self) -> list[SinkReport]:
        """The state of every sink."""
        return [
            structs.replace(intake.status.report(), rejected=dict(recorder.rejected))
            for recorder, intake in self.takers.values()
        ]

    def close(self) -> None:
        """Nothing more will come: the sinks' actors write what they have, and end."""
        takers, self.takers = self.takers, {}
        for _, intake in takers.values():
            intake.outbox.close()
