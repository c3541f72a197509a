"""One notifier's way out: the outbox on disk → the notifier, at a rate, again and again until it is taken."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

import trio

from actors.alerting.database import LedgerError
from actors.alerting.ledger import Ledger, Letter
from actors.alerting.letters import notification_of
from actors.market.alerts.views import NotifierView
from actors.notifiers.base import Notifier, NotifierError
from actors.runtime.backoff import Backoff

DISK_RETRY_S = 1.0
PATIENCE_MAX_S = 3600.0
T = TypeVar("T")
_logger = logging.getLogger("tickwell.alerts")


class Caller(Protocol):
    """Calls what blocks, where it may, one at a time."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Return what it returns, raise what it raises."""


class InThread:
    """A `Caller` with one worker thread; what has begun is waited for, even when we are cancelled."""

    def __init__(self) -> None:
        self._limiter = trio.CapacityLimiter(1)

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Return what it returns, raise what it raises."""
        return await trio.to_thread.run_sync(work, limiter=self._limiter)


@dataclass
class Courier:
    """Sends what waits for `notifier`, at most `per_minute`, what is due first first.

    What is not taken is tried again with growing pauses, for `give_up_after_s`. After a failure everything
    waits a little, so that a server that is down is not asked for each message; and one message that it will
    not take does not hold up the others. A message may be sent twice, after a crash between two steps.
    """

    notifier: Notifier
    ledger: Ledger
    call: Caller
    now_ns: Callable[[], int]
    per_minute: float = 20.0
    give_up_after_s: float = 86_400.0
    letter_backoff: Backoff = field(
        default_factory=lambda: Backoff(base_s=5.0, ceiling_s=3600.0, floor_s=1.0)
    )
    pause: Backoff = field(default_factory=lambda: Backoff(base_s=1.0, ceiling_s=60.0, floor_s=0.5))
    sent: int = 0
    failures: int = 0
    waiting: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    last_error: str | None = None
    last_error_ns: int | None = None

    def __post_init__(self) -> None:
        self._woken = trio.Event()
        self._failed_in_turn = 0

    def wake(self) -> None:
        """Something was put into the outbox."""
        self._woken.set()

    def view(self) -> NotifierView:
        """How it does."""
        return NotifierView(
            name=self.notifier.name,
            kind=self.notifier.kind,
            waiting=self.waiting,
            sent=self.sent,
            failures=self.failures,
            dropped=dict(self.dropped),
            last_error=self.last_error,
            last_error_ns=self.last_error_ns,
        )

    async def run(self) -> None:
        """For as long as the hub runs."""
        while True:
            try:
                letter = await self._next()
                await self._send(letter)
            except LedgerError as error:
                _logger.warning("alerts: the outbox cannot be used: %s", error)
                await trio.sleep(DISK_RETRY_S)

    async def _next(self) -> Letter:
        """The next letter, as soon as it is due."""
        while True:
            self._woken = trio.Event()
            letter = await self.call(partial(self.ledger.next_letter, self.notifier.name))
            if letter is None:
                await self._woken.wait()
                continue
            wait_s = (letter.due_ns - self.now_ns()) / 1e9
            if wait_s <= 0:
                return letter
            with trio.move_on_after(wait_s):
                await self._woken.wait()

    async def _send(self, letter: Letter) -> None:
        try:
            await self.notifier.send(notification_of(letter.alert))
        except NotifierError as error:
            await self._failed(letter, error)
            return
        await self._settle(letter)
        self.sent += 1
        self._failed_in_turn = 0
        await trio.sleep(60.0 / self.per_minute)

    async def _failed(self, letter: Letter, error: NotifierError) -> None:
        self.failures += 1
        self._failed_in_turn += 1
        self.last_error, self.last_error_ns = str(error), self.now_ns()
        _logger.warning("notifier %s: %s", self.notifier.name, error)
        attempt, patience_s = letter.attempts + 1, min(error.retry_after_s or 0.0, PATIENCE_MAX_S)
        delay_s = max(self.letter_backoff.delay_s(attempt), patience_s)
        due_ns = self.now_ns() + int(delay_s * 1e9)
        if error.final or due_ns - letter.at_ns > self.give_up_after_s * 1e9:
            await self._settle(letter)
            self.dropped["refused" if error.final else "gave_up"] += 1
            _logger.error("notifier %s: gave up alert %s", self.notifier.name, letter.alert.id)
        else:
            await self.call(partial(self.ledger.failed, letter.id, due_ns))
        await trio.sleep(max(self.pause.delay_s(self._failed_in_turn), patience_s))

    async def _settle(self, letter: Letter) -> None:
        await self.call(partial(self.ledger.done, letter.id))
        self.waiting = max(0, self.waiting - 1)
