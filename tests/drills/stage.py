"""The way of rows into one sink, as the hub has it, and everything that is measured beside it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trio
from msgspec import Struct

from actors.intake import Intake, Recording
from actors.market.recording import Recorder
from actors.market.rows import Row, TradeRow
from actors.market.sinkstatus import SinkStatus
from actors.persist import Pace, Persist
from actors.runtime.backoff import Backoff
from actors.runtime.clock import steady_clock
from actors.sinks.base import Sink, kinds_of
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Bounds
from tests.drills.paced_load import STEP_S, PacedLoad
from tests.drills.watched import WatchedSink
from tests.patience import PATIENCE_S

SAMPLE_EVERY_S = 0.01
SAMPLES_MIN = 100  # of less nothing can be said
BATCHES_QUEUED = 256


class Scale(Struct, frozen=True):
    """How long a drill takes, in seconds, and under which load."""

    rows_per_s: int = 5000
    before_s: float = 0.4
    outage_s: float = 1.5
    after_s: float = 0.3
    write_timeout_s: float = 1.5
    catch_up_within_s: float = PATIENCE_S
    rows_max: int = 100_000


@dataclass
class NotingIntake(Intake):
    """An intake that notes the numbers of what it is offered."""

    number: Callable[[Row], int | None] = lambda _: None

    def __post_init__(self) -> None:
        self.offered: set[int] = set()

    def offer(self, rows: list[Row]) -> None:
        ours = [row for row in rows if self.kinds is None or type(row) in self.kinds]
        self.offered.update(number for row in ours if (number := self.number(row)) is not None)
        super().offer(rows)


class Alarms(logging.Handler):
    """The states that the log tells as an alarm, in their order."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.states: list[str] = []
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        if record.levelno == logging.WARNING and isinstance(record.args, tuple):
            self.states.append(str(record.args[1]))


class Stage:
    """Recording → intake → persist, with its outbox in `outbox_folder` → a watched sink."""

    def __init__(self, sink: Callable[[float], Sink], outbox_folder: Path, scale: Scale) -> None:
        self.scale, self.now_ns = scale, steady_clock()
        real = sink(scale.write_timeout_s)
        kinds = kinds_of(real)
        self.load = PacedLoad(self.now_ns(), scale.rows_per_s, trades=kinds is None or TradeRow in kinds)
        self.sink = WatchedSink(real, self.load)
        send, receive = trio.open_memory_channel[list[Row]](BATCHES_QUEUED)
        self.status = SinkStatus(self.sink.name)
        self.intake = NotingIntake(
            send, self.status, self.now_ns, scale.rows_max, kinds=kinds, number=self.load.number
        )
        self.recording = Recording(self.now_ns, {self.sink.name: (Recorder(0), self.intake)})
        self.alarms = Alarms()
        self.states: Counter[str] = Counter()
        self.lags_s: list[float] = []
        self.samples = self.unbalanced = 0
        self.persist = Persist(
            self.sink,
            Outbox(outbox_folder / f"{self.sink.name}.db", Bounds(), self.now_ns),
            receive,
            self.status,
            self.intake.losses,
            self.now_ns,
            Pace(write_timeout_s=scale.write_timeout_s),
            Backoff(base_s=0.2, ceiling_s=1.0),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Rows come for as long as the block lasts; when the sink has them all, the actor ends."""
        logger = logging.getLogger("tickwell.persist")
        logger.addHandler(self.alarms)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.persist.run)
                async with trio.open_nursery() as beside:
                    beside.start_soon(self._supply)
                    beside.start_soon(self._sample)
                    yield
                    beside.cancel_scope.cancel()
                await self.until(self.intake.is_empty)
                self.recording.close()
            self._check()
        finally:
            logger.removeHandler(self.alarms)

    async def until(self, is_so: Callable[[], bool]) -> float:
        """Wait until it is so. Returns how many seconds that took."""
        began_s = trio.current_time()
        with trio.move_on_after(self.scale.catch_up_within_s):
            while not is_so():
                await trio.sleep(SAMPLE_EVERY_S)
        assert is_so(), f"{self.status.report()}\n" + "\n".join(self.alarms.lines)
        return trio.current_time() - began_s

    def is_caught_up(self) -> bool:
        """Whether the sink takes what comes, and nothing waits on disk."""
        return self.status.is_up and not self.status.outbox_rows and self.status.disk_error is None

    async def _supply(self) -> None:
        due_s = trio.current_time()
        while True:
            self.recording.note(self.load.tick())
            due_s += STEP_S
            await trio.sleep_until(due_s)

    async def _sample(self) -> None:
        while True:
            due_s = trio.current_time() + SAMPLE_EVERY_S
            await trio.sleep_until(due_s)
            self.lags_s.append(trio.current_time() - due_s)
            self._check()

    def _check(self) -> None:
        report = self.status.report()
        parts = report.written + report.in_hand + report.outbox_rows + sum(report.dropped.values())
        self.unbalanced += report.accepted != parts
        self.samples += 1
        self.states[report.state] += 1
