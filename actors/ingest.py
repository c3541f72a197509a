"""The feed handler: one life is one connection to one exchange, and its planned successors.

When the connection fails, the life fails: its supervisor waits and starts the next one, which remembers
nothing but what was refused. Only a cut that is known beforehand (the exchange's limit on a connection's
age, or its notice of a shutdown) is met without a gap: the next connection is opened and followed
quietly, and takes over once it carries everything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from actors.exchanges.base import Codec
from actors.feed.agenda import Agenda, Budget
from actors.feed.refusals import Refusals
from actors.feed.session import Session
from actors.feed.subscriptions import Subscriptions
from actors.feed.transport import Transport
from actors.market.events import Batch, Event, FeedDown, Source
from actors.market.feeds import FeedStatus
from actors.market.rhythm import Patience
from actors.runtime.errors import FeedError, main_error

READY_WITHIN_S = 20.0
SUCCEED_AGAIN_AFTER_S = 60.0
HAND_OVER_WITHIN_S = 1.0

_logger = logging.getLogger("tickwell.feed")


@dataclass
class Ingest:
    """Feeds one connection's events to the state. `draw` spreads planned reconnections (0 to 1)."""

    status: FeedStatus
    route: str
    new_codec: Callable[[], Codec]
    stream_url: str
    rest_url: str
    transport: Transport
    budget: Budget
    outbox: trio.MemorySendChannel[Batch]
    now_ns: Callable[[], int]
    patience: Patience
    draw: Callable[[], float]
    refusals: Refusals = field(default_factory=Refusals)

    async def run(self) -> None:
        """One life. Raises `FeedError` when the connection fails."""
        self.status.began()
        status = self.status
        source = Source(status.exchange, status.market, status.connection, status.life)
        with self.outbox.clone() as outbox:
            try:
                async with trio.open_nursery() as nursery:
                    await self._follow(nursery, _Delivery(source, outbox))
            finally:
                with trio.move_on_after(HAND_OVER_WITHIN_S, shield=True):
                    await outbox.send(Batch(source, [FeedDown("the connection ended", self.now_ns())]))

    async def _follow(self, nursery: trio.Nursery, delivery: _Delivery) -> None:
        """Keep one connection after the other at work, each opened before the last is cut by plan."""
        scope, session = await nursery.start(self._open, delivery, False)
        while True:
            await self._until_expiring(session)
            next_scope, successor = await self._succeed(nursery, delivery, session)
            scope.cancel()
            await successor.take_over(session)
            scope, session = next_scope, successor

    async def _succeed(
        self, nursery: trio.Nursery, delivery: _Delivery, session: Session
    ) -> tuple[trio.CancelScope, Session]:
        """Open the next connection, trying for as long as the present one works."""
        while True:
            try:
                opened: tuple[trio.CancelScope, Session] = await nursery.start(self._open, delivery, True)
                return opened
            except* FeedError as group:
                _logger.warning("%s: no successor yet: %s", self.status.name, main_error(group))
            await trio.sleep(1.0 if session.expiring.is_set() else SUCCEED_AGAIN_AFTER_S)

    async def _until_expiring(self, session: Session) -> None:
        lifetime_s = session.codec.limits.lifetime_s
        with trio.move_on_after(float("inf") if lifetime_s is None else lifetime_s * (1 - 0.1 * self.draw())):
            await session.expiring.wait()

    async def _open(
        self,
        delivery: _Delivery,
        heir: bool,
        *,
        task_status: trio.TaskStatus[tuple[trio.CancelScope, Session]],
    ) -> None:
        """One connection. A first one counts as started once it is open, an heir once it is ready."""
        codec = self.new_codec()
        url = (self.stream_url or codec.stream_url).rstrip("/") + codec.stream_path(self.route)
        with trio.CancelScope() as scope:
            rest_url = self.rest_url or codec.rest_url
            async with self.transport.open_rest(rest_url) as rest, self.transport.connect(url) as connection:
                session = Session(
                    codec=codec,
                    connection=connection,
                    rest=rest,
                    route=self.route,
                    subscriptions=Subscriptions(codec.limits, self.refusals, self.patience),
                    agenda=Agenda(self.budget),
                    status=self.status,
                    deliver=delivery.send,
                    now_ns=self.now_ns,
                    patience=self.patience,
                    quiet=heir,
                )
                await self._work(session, scope, task_status)

    async def _work(
        self,
        session: Session,
        scope: trio.CancelScope,
        task_status: trio.TaskStatus[tuple[trio.CancelScope, Session]],
    ) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(session.run)
                if session.quiet:
                    with trio.move_on_after(READY_WITHIN_S):
                        await session.ready.wait()
                else:
                    self.status.state = "syncing"
                task_status.started((scope, session))
        except* FeedError:
            if session.codec.drops_on_unknown_topic:
                session.subscriptions.lost(self.now_ns())
            raise


@dataclass
class _Delivery:
    """Passes a life's events on. What is in hand when the life is stopped is still handed over."""

    source: Source
    outbox: trio.MemorySendChannel[Batch]

    async def send(self, events: list[Event], fetched: bool = False) -> None:
        batch = Batch(self.source, events, fetched)
        try:
            self.outbox.send_nowait(batch)
        except trio.WouldBlock:
            await self._send_patiently(batch)

    async def _send_patiently(self, batch: Batch) -> None:
        try:
            await self.outbox.send(batch)
        except trio.Cancelled:
            with trio.move_on_after(HAND_OVER_WITHIN_S, shield=True):
                await self.outbox.send(batch)
            raise
