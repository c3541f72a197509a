"""The persist actor: batches → one sink, and by way of the outbox whenever the sink does not keep up.

    inbox ─▶ gathered ─┬─▶ hand ────────────────▶ sink
                       └─▶ outbox on disk ─▶ hand ──▶

Nothing overtakes: rows go straight to the sink only while the outbox is empty. What the sink was given and
has not confirmed within its share of `flush_interval_s` is put into the outbox meanwhile, so that no row is
for longer in memory alone, whatever the sink does. A sink may get rows twice; it keeps each once, by its key.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import trio
from msgspec import Struct

from actors.market.losses import Loss, Losses, gap_rows
from actors.market.rows import Row
from actors.market.sinkstatus import SinkStatus
from actors.runtime.backoff import Backoff
from actors.runtime.errors import OutboxUnwritable, SinkError, SinkRefused, SinkUnavailable
from actors.sinks.base import Sink, storage_of
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Batch, Refusal
from actors.sinks.sifting import deliver
from actors.sinks.spool import Caller, Spool, in_thread

DISK_RETRY_S = 1.0
CLOSE_WITHIN_S = 2.0


class Pace(Struct, frozen=True):
    """How rows are batched, and how long is waited for what. No row is in memory alone for longer than
    `flush_interval_s`: half of it is for gathering, half for the sink."""

    batch_rows: int = 5000
    flush_interval_s: float = 1.0
    write_timeout_s: float = 10.0
    stop_within_s: float = 3.0

    @property
    def share_s(self) -> float:
        """Half of the flush interval."""
        return self.flush_interval_s / 2


@dataclass
class Persist:
    """One sink's actor. Its end is the end of its inbox; then every row is in the sink or in the outbox.

    `losses` are those of its intake; `call` runs what blocks. Raises `StartError` when another process has
    the outbox.
    """

    sink: Sink
    outbox: Outbox
    inbox: trio.MemoryReceiveChannel[list[Row]]
    status: SinkStatus
    losses: Losses
    now_ns: Callable[[], int]
    pace: Pace = field(default_factory=Pace)
    backoff: Backoff = field(default_factory=lambda: Backoff(base_s=0.5, ceiling_s=5.0))
    call: Caller = in_thread

    async def run(self) -> None:
        """One life."""
        life = _Life(self, Spool(self.outbox, self.status, self.now_ns, self.call))
        try:
            await life.begin()
            with self.inbox.clone() as inbox:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(life.deliver)
                    nursery.start_soon(life.watch_disk)
                    nursery.start_soon(life.pass_on)
                    await life.receive(inbox)
                    with trio.move_on_after(self.pace.stop_within_s):
                        await life.until_safe()
                    nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True):
                await life.end()


class _Life:
    """What is in hand between the inbox, the outbox and the sink."""

    def __init__(self, actor: Persist, spool: Spool) -> None:
        self._actor, self._pace, self._spool, self._status = actor, actor.pace, spool, actor.status
        self._status.storage = storage_of(actor.sink)
        self._gathered: list[Row] = []
        self._since_ns, self._due_s, self._is_over = 0, 0.0, False
        self._hand: Batch | None = None  # the sink is being given it
        self._changed = trio.Event()

    async def begin(self) -> None:
        """Open the outbox; a disk that takes nothing may do so later."""
        self._status.is_up = False
        with suppress(OutboxUnwritable):
            await self._spool.open()

    # From the inbox

    async def receive(self, inbox: trio.MemoryReceiveChannel[list[Row]]) -> None:
        """Gather rows until the inbox ends. Its intake bounds how many there can be."""
        async for rows in inbox:
            if not self._gathered:
                self._since_ns, self._due_s = self._actor.now_ns(), trio.current_time() + self._pace.share_s
            self._gathered += rows
            self._tell()
        self._due_s = float("-inf")
        self._is_over = True
        self._tell()

    async def until_safe(self) -> None:
        """Wait until nothing is in memory alone."""
        await self._until(lambda: not self._gathered and self._is_free)

    async def pass_on(self) -> None:
        """Pass rows on, by number or by age: to the sink, or to the outbox if that is not free for them."""
        while True:
            await self._until(lambda: bool(self._gathered))
            with trio.move_on_at(self._due_s):
                await self._until(lambda: self._is_over or len(self._gathered) >= self._pace.batch_rows)
            await self._pass_on(self._gathered[: self._pace.batch_rows])

    async def _pass_on(self, rows: list[Row]) -> None:
        while True:
            await self._until(lambda: self._is_free)
            self._spool.lose(self._actor.losses.take())
            if self._status.is_up and self._hand is None and self._status.outbox_rows == 0:
                self._hand = Batch(rows, self._since_ns)
                break
            try:
                await self._spool.append(rows, self._since_ns)
                break
            except OutboxUnwritable:
                await trio.sleep(DISK_RETRY_S)
        del self._gathered[: len(rows)]
        self._tell()

    @property
    def _is_free(self) -> bool:
        """Whether the sink is given nothing that is in memory alone, which newer rows would overtake."""
        return self._hand is None or self._hand.kept is not None

    # To the sink

    async def deliver(self) -> None:
        """Open the sink and give it what there is; after a failure, wait and begin anew."""
        failures = 0
        while True:
            try:
                if not self._status.is_up:
                    await self._open()
                await self._send(await self._next())
                failures = 0
            except OutboxUnwritable:
                await trio.sleep(DISK_RETRY_S)
            except SinkError as error:
                failures += 1
                await self._recover(error, self._actor.backoff.delay_s(failures))

    async def _open(self) -> None:
        sink, timeout_s = self._actor.sink, self._pace.write_timeout_s
        try:
            with trio.fail_after(timeout_s):
                await sink.open()
        except trio.TooSlowError:
            raise SinkUnavailable(f"{sink.name} could not be opened within {timeout_s:g} s") from None
        self._status.opened_sink()
        self._spool.settle()

    async def _recover(self, error: SinkError, delay_s: float) -> None:
        """Put what is in hand where it is safe, and wait."""
        now_ns = self._actor.now_ns()
        if isinstance(error, SinkRefused):
            self._status.refused_ns = now_ns
        self._status.failed(str(error), now_ns, now_ns + int(delay_s * 1e9))
        self._spool.settle()
        await self._put_back()
        await trio.sleep(delay_s)

    async def _put_back(self) -> None:
        batch = self._hand
        if batch is None:
            return
        if batch.kept is None:
            try:
                batch.kept = await self._spool.append(batch.rows, batch.at_ns)
            except OutboxUnwritable:
                return  # it stays in hand, to be tried again
        self._actor.outbox.release()
        self._hand = None
        self._tell()

    async def _next(self) -> Batch:
        """What the sink gets next, and that is nothing newer than what waits."""
        while self._hand is None:
            if self._status.outbox_rows:
                parcel = await self._spool.peek(self._pace.batch_rows)
                if parcel is not None:
                    self._hand = Batch(parcel.rows, parcel.at_ns, parcel)
            elif not await self._spool.tidy():
                await self._until(lambda: self._hand is not None or self._status.outbox_rows > 0)
        return self._hand

    async def _send(self, batch: Batch) -> None:
        """Give one batch to the sink, after what it should know to be missing."""
        told = self._spool.losses.all()
        rows: list[Row] = [*gap_rows(told), *batch.rows]
        outcome: list[Refusal] | SinkError
        async with trio.open_nursery() as nursery:
            if batch.kept is None:
                nursery.start_soon(self._keep_later, batch)
            try:
                outcome = await deliver(self._actor.sink, rows, self._pace.write_timeout_s)
            except SinkError as error:
                outcome = error  # a group that the nursery makes of it would be no `SinkError`
            nursery.cancel_scope.cancel()
        if isinstance(outcome, SinkError):
            raise outcome
        await self._delivered(batch, told, outcome)

    async def _keep_later(self, batch: Batch) -> None:
        """A sink that takes its time is not waited for with the only copy in memory."""
        await trio.sleep(self._pace.share_s)
        while batch.kept is None:
            try:
                batch.kept = await self._spool.append(batch.rows, batch.at_ns, in_flight=True)
                self._tell()
            except OutboxUnwritable:
                await trio.sleep(DISK_RETRY_S)

    async def _delivered(self, batch: Batch, told: list[Loss], refused: list[Refusal]) -> None:
        status = self._status
        status.delivered()
        if batch.kept is not None or told or refused:
            await self._spool.acknowledge(batch.kept, told, refused)
        if batch.kept is None:
            status.in_hand -= len(batch.rows)
            status.written += len(batch.rows)
        status.accepted += len(told)
        status.written += len(told)
        if refused:
            self._spool.refused(refused, batch.at_ns)
        self._hand = None
        self._tell()
        self._spool.settle()

    # Beside them

    async def watch_disk(self) -> None:
        """A disk that was full is asked again, and told until when everything is safe."""
        while True:
            await trio.sleep(DISK_RETRY_S)
            if self._status.disk_error is not None:
                with suppress(OutboxUnwritable):
                    await self._spool.probe()
            self._spool.lose(self._actor.losses.take())
            await self._spool.vouch(self._safe_ns())
            self._spool.settle()

    def _safe_ns(self) -> int | None:
        """Until when everything that was accepted is in the sink or on disk; `None`: the inbox has some."""
        if not self._is_free and self._hand is not None:
            return self._hand.at_ns
        if self._gathered:
            return self._since_ns
        return None if self._status.in_hand else self._actor.now_ns()

    async def end(self) -> None:
        """Save what is in hand, in its order, and let go of everything."""
        self._spool.lose(self._actor.losses.take())
        batch = self._hand
        if batch is not None and batch.kept is None:
            await self._save(batch.rows, batch.at_ns)
        if self._gathered:
            await self._save(self._gathered, self._since_ns)
        self._hand, self._gathered, self._status.is_up = None, [], False
        with trio.move_on_after(CLOSE_WITHIN_S):
            await self._actor.sink.aclose()
        await self._spool.close()
        self._spool.settle()

    async def _save(self, rows: list[Row], since_ns: int) -> None:
        try:
            await self._spool.append(rows, since_ns)
        except OutboxUnwritable:
            self._spool.discard("disk_full", len(rows), since_ns)

    def _tell(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._changed.wait()
