"""An outbox as an actor uses it: in a thread, one call at a time, with every row counted as it moves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, Protocol, TypeVar, cast

import trio

from actors.market.losses import Loss, Losses
from actors.market.rows import GapRow, Row
from actors.market.sinkstatus import SinkStatus
from actors.runtime.errors import OutboxUnwritable
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Parcel, Refusal
from actors.sinks.presence import Presence
from actors.sinks.telling import Teller

LOG_EVERY_S = 60.0
UNDER_WAY_NS = 2_000_000_000  # what happened before that moment may have been on its way to us still

_Result = TypeVar("_Result")
_logger = logging.getLogger("tickwell.persist")


class Caller(Protocol):
    """Calls what blocks, where it may, and never leaves it half done."""

    async def __call__(self, work: Callable[[], _Result], limiter: trio.CapacityLimiter, /) -> _Result:
        """Return what it returns, raise what it raises."""


async def in_thread(work: Callable[[], _Result], limiter: trio.CapacityLimiter, /) -> _Result:
    """Call it in a worker thread; what has begun is waited for, even when we are cancelled."""
    return await trio.to_thread.run_sync(work, limiter=limiter)


@dataclass(frozen=True)
class _Answer(Generic[_Result]):
    """What a call returned or failed of, and what it did to the outbox."""

    result: _Result | None
    error: OutboxUnwritable | None
    rows_added: int
    bytes: int
    oldest_ns: int | None
    dropped: list[Loss]

    @property
    def rows_left(self) -> int:
        """How many rows left the outbox because the sink has them."""
        return -self.rows_added - sum(loss.rows for loss in self.dropped)


@dataclass
class Spool:
    """Rows go from hand to the outbox, and from either to the sink; `status` follows each step.

    `losses` are those that the sink was not told yet, `_unsaved` those of them that are not on disk. A method
    may raise `OutboxUnwritable`; the status tells of it until the disk takes something again.
    """

    outbox: Outbox
    status: SinkStatus
    now_ns: Callable[[], int]
    call: Caller = in_thread
    losses: Losses = field(default_factory=Losses)
    _unsaved: Losses = field(default_factory=Losses)
    _limiter: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(1))
    _logged_s: float = float("-inf")
    _is_open: bool = False
    _is_tidy: bool = False

    def __post_init__(self) -> None:
        self._teller = Teller(self.status)
        self._presence = Presence(self.outbox.path.with_suffix(".alive"))

    async def open(self) -> None:
        """Open the outbox, and count what an earlier life has left. Raises `StartError` when another process
        has it."""
        answer = await self.call(partial(self._observed, self._open_outbox), self._limiter)
        for loss in [*self._result(answer), *answer.dropped]:
            self.losses.add(loss)
        self._is_open = True
        missing = self.status.opened(self.outbox.rows)
        if missing:
            self.lose([Loss("lost", self.now_ns(), self.now_ns(), missing)])
        self.status.outbox_bytes, self.status.outbox_oldest_ns = answer.bytes, answer.oldest_ns

    def _open_outbox(self) -> list[Loss]:
        self.outbox.open()
        self._find_crash()
        return self.outbox.losses()

    def _find_crash(self) -> None:
        now_ns, safe_ns = self.now_ns(), self._presence.died_ns()
        if safe_ns is not None:
            from_ns = min(safe_ns - UNDER_WAY_NS if safe_ns else now_ns, now_ns)
            self.outbox.lose([Loss("crash", from_ns, now_ns, 0)])
            since_s = (now_ns - from_ns) / 1e9
            words = "the hub died without a stop; rows of the last %.1f s before this start may be missing"
            _logger.warning(f"sink %s: {words}", self.status.name, since_s)
        self._presence.vouch(now_ns)

    async def vouch(self, safe_ns: int | None) -> None:
        """Everything that was accepted before this moment is in the sink or on disk."""
        if safe_ns is not None and self._is_open:
            await self.call(partial(self._presence.vouch, safe_ns), self._limiter)

    async def close(self) -> None:
        """Let go of the outbox. Rows that are still in the inbox are the next life's, or lost."""
        await self.call(partial(self._close, not self.status.in_hand), self._limiter)

    def _close(self, is_whole: bool) -> None:
        if self._unsaved and self._is_open:
            with suppress(OutboxUnwritable):
                self.outbox.lose(self._unsaved.all())
        self.outbox.close()
        if is_whole and self._is_open:
            self._presence.leave()

    def lose(self, losses: Sequence[Loss]) -> None:
        """Note what was lost before it came to the outbox; it is saved with the next batch, or at the end."""
        for loss in losses:
            self._unsaved.add(loss)
            self.losses.add(loss)
        if losses:
            self._log_drops(", ".join(sorted({loss.cause for loss in losses})))

    async def append(self, rows: Sequence[Row], at_ns: int, *, in_flight: bool = False) -> Parcel:
        """Put rows that were in hand away."""
        losses = self._unsaved.take()
        try:
            answer = await self._call(lambda: self.outbox.append(rows, at_ns, losses, in_flight=in_flight))
            parcel = self._result(answer)
        except BaseException:
            for loss in losses:
                self._unsaved.add(loss)
            raise
        self._is_tidy = False
        self.status.in_hand -= len(rows)
        self.mark_disk(None)
        return parcel

    async def peek(self, rows_max: int) -> Parcel | None:
        """The oldest that waits; it is in flight then."""
        return self._result(await self._call(lambda: self.outbox.peek(rows_max)))

    async def acknowledge(
        self, parcel: Parcel | None, told: Sequence[Loss] = (), refused: Sequence[Refusal] = ()
    ) -> None:
        """The sink has what was kept as `parcel`, but for what it refused."""
        answer = await self._call(lambda: self.outbox.acknowledge(parcel, told, refused))
        self.mark_disk(self._result(answer))
        self.status.written += answer.rows_left
        self.losses.told(told)
        self._unsaved.keep(self.losses)

    async def probe(self) -> None:
        """Find out whether the disk takes anything."""
        self._result(await self._call(self.outbox.probe))
        self.mark_disk(None)

    async def tidy(self) -> bool:
        """Give a little back to the disk, and tell whether there is more to give."""
        if self._is_tidy:
            return False
        answer = await self._call(self.outbox.tidy)
        self._is_tidy = not answer.result
        return not self._is_tidy

    def refused(self, refusals: Sequence[Refusal], since_ns: int) -> None:
        """Rows that count as written were refused. Gaps among them are nothing more to tell of."""
        rows = [row for refusal in refusals for row in refusal.rows]
        self.status.written -= len(rows)
        self.status.dropped["refused"] += len(rows)
        self.status.refused_ns = self.now_ns()
        self.status.last_error, self.status.last_error_ns = refusals[0].reason, self.now_ns()
        self._log_drops(f"refused: {refusals[0].reason}")
        missing = sum(not isinstance(row, GapRow) for row in rows)
        if missing:
            self.lose([Loss("refused", since_ns, self.now_ns(), missing)])

    def discard(self, cause: str, rows: int, since_ns: int) -> None:
        """Rows in hand can be put nowhere."""
        self.status.in_hand -= rows
        self.status.dropped[cause] += rows
        self.lose([Loss(cause, since_ns, self.now_ns(), rows)])

    def mark_disk(self, error: OutboxUnwritable | None) -> None:
        """The disk took something, or did not."""
        self.status.disk_error = None if error is None else str(error)
        self.settle()

    def settle(self) -> None:
        """Find the state anew, and tell the log when it is another one."""
        self._teller.tell(self.now_ns())

    async def _call(self, work: Callable[[], _Result]) -> _Answer[_Result]:
        """Do it in the thread. What it did is counted in the step in which this returns."""
        if not self._is_open:
            await self.open()
        answer = await self.call(partial(self._observed, work), self._limiter)
        status = self.status
        status.outbox_rows += answer.rows_added
        status.outbox_bytes, status.outbox_oldest_ns = answer.bytes, answer.oldest_ns
        for loss in answer.dropped:
            status.dropped[loss.cause] += loss.rows
            self.losses.add(loss)
        if answer.dropped:
            self._log_drops(", ".join(sorted({loss.cause for loss in answer.dropped})))
        return answer

    def _observed(self, work: Callable[[], _Result]) -> _Answer[_Result]:
        outbox, before = self.outbox, self.outbox.rows
        result, error = None, None
        try:
            result = work()
        except OutboxUnwritable as refusal:
            error = refusal
        added = outbox.rows - before
        return _Answer(result, error, added, outbox.bytes, outbox.oldest_ns, outbox.take_dropped())

    def _result(self, answer: _Answer[_Result]) -> _Result:
        if answer.error is not None:
            self.mark_disk(answer.error)
            raise answer.error
        return cast(_Result, answer.result)

    def _log_drops(self, why: str) -> None:
        if trio.current_time() - self._logged_s >= LOG_EVERY_S:
            self._logged_s = trio.current_time()
            counts = ", ".join(f"{cause} {rows}" for cause, rows in sorted(self.status.dropped.items()))
            _logger.error("sink %s: rows were dropped (%s); so far: %s", self.status.name, why, counts)
