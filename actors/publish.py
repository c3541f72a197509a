"""The publish actor: live prices → a server that hands them on, such as NATS.

Whoever subscribes there is told what is, not what was: of each instrument the newest price only, and none
that is not live. So nothing waits on disk while the server is away, and nothing is caught up with; when it is
back, it is told all that is live then. One life is one connection: when that ends, so does the life.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

import trio

from actors.market.live import LivePrice, LivePrices
from actors.market.sinkstatus import SinkReport, SinkStatus
from actors.market.tick import Tick
from actors.runtime.errors import FeedError, main_error

BATCH_PRICES = 2000
STOP_WITHIN_S = 1.0

_logger = logging.getLogger("tickwell.publish")


class Line(Protocol):
    """A connection to a server that hands prices on."""

    async def send(self, prices: Sequence[LivePrice]) -> int:
        """Returns when the server has them: how many of them it will never take. Raises `FeedError`."""

    async def until_lost(self) -> None:
        """Raises `FeedError` when the connection has ended."""


@dataclass
class Publish:
    """`note` every tick, `run` one life after the other, `close` when no more ticks come.

    Of prices, accepted = written + in hand + dropped, at all times. They are dropped because a newer one came
    before they could be sent (`replaced`), they were not live any more (`gone`), the server never confirmed
    them (`unconfirmed`), no name there can hold theirs (`refused`), or the hub ended first (`ended`).
    """

    name: str
    connect: Callable[[], AbstractAsyncContextManager[Line]]
    now_ns: Callable[[], int]
    prices: LivePrices = field(default_factory=LivePrices)

    def __post_init__(self) -> None:
        self._status = SinkStatus(self.name)
        self._news = trio.Event()
        self._scope = trio.CancelScope()
        self._closed = trio.Event()
        self._sending = 0

    def note(self, tick: Tick) -> None:
        """Something changed."""
        if not self._closed.is_set():
            self.prices.note(tick)
            self._count()
            self._news.set()

    def close(self) -> None:
        """Nothing more will come: what waits is sent, if that is possible soon, and the life ends."""
        self._closed.set()
        self._scope.deadline = trio.current_time() + STOP_WITHIN_S
        self._news.set()

    def report(self) -> SinkReport:
        """Where all prices are."""
        return self._status.report()

    async def run(self) -> None:
        """One life. Raises `FeedError` when the server cannot be reached, or is lost."""
        if self._closed.is_set():
            self._end()
            return
        with trio.CancelScope() as self._scope:
            try:
                await self._live()
            except* FeedError as group:
                self._fail(group)
                if not self._closed.is_set():
                    raise
        if self._closed.is_set():
            self._end()

    async def _live(self) -> None:
        async with self.connect() as line:
            self._begin()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(line.until_lost)
                await self._tell(line)
                nursery.cancel_scope.cancel()

    async def _tell(self, line: Line) -> None:
        """Send what is new, until there is nothing more and never will be."""
        while True:
            while len(self.prices):
                await self._send(line)
            if self._closed.is_set():
                return
            self._news = trio.Event()
            await self._news.wait()

    async def _send(self, line: Line) -> None:
        taken = self.prices.take(self.now_ns(), BATCH_PRICES)
        self._sending = len(taken)
        try:
            refused = await line.send(taken)
        except BaseException:
            self._drop("unconfirmed", self._sending)
            raise
        finally:
            self._sending = 0
            self._count()
        self._drop("refused", refused)
        self._status.written += len(taken) - refused
        self._status.delivered()
        self._count()

    def _begin(self) -> None:
        _logger.log(logging.INFO if self._status.failures else logging.DEBUG, "%s: connected", self.name)
        self._status.opened_sink()
        self._status.is_failing = False
        self.prices.begin_anew()
        self._count()

    def _fail(self, group: BaseExceptionGroup[FeedError]) -> None:
        self._status.failed(str(main_error(group)), self.now_ns(), None)
        self._count()

    def _end(self) -> None:
        """What was not sent by now is of no use to anybody."""
        self._drop("ended", len(self.prices.take(self.now_ns(), len(self.prices))))
        self._status.is_up = False
        self._count()

    def _drop(self, cause: str, count: int) -> None:
        if count:
            self._status.dropped[cause] += count

    def _count(self) -> None:
        status, prices = self._status, self.prices
        status.accepted, status.in_hand = prices.accepted, len(prices) + self._sending
        for cause, count in (("replaced", prices.replaced), ("gone", prices.gone)):
            if count:
                status.dropped[cause] = count
        status.settle(self.now_ns())
