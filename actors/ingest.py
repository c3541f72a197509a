"""The feed handler: one life is one connection to one exchange, and its planned successors.

When the connection fails, the life fails: its supervisor waits and starts the next one, which remembers
nothing but what was refused. Only a cut that is known beforehand (the exchange's limit on a connection's
age, or its notice of a shutdown) is met without a gap: the next connection is opened and followed
quietly, and takes over once it carries everything, or at once should the present one fail meanwhile.
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
from actors.feed.transport import Connection, Rest, Transport
from actors.feed.wishes import Roster, topics_of
from actors.market.events import Batch, Event, FeedDown, FeedUp, Source
from actors.market.feeds import FeedStatus
from actors.market.rhythm import Patience
from actors.runtime.errors import FeedError, cause_of, main_error
from actors.runtime.observer import words_of

READY_WITHIN_S = 20.0
SUCCEED_AGAIN_AFTER_S = 60.0
HAND_OVER_WITHIN_S = 1.0
PLANNED = "planned"

_logger = logging.getLogger("tickwell.feed")


@dataclass
class Ingest:
    """Feeds one connection's events to the state: `channels` of every symbol, and the books in demand.

    `draw` spreads planned reconnections (0 to 1).
    """

    status: FeedStatus
    route: str
    channels: tuple[str, ...]
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
    roster: Roster = field(default_factory=Roster)

    async def run(self) -> None:
        """One life. Raises `FeedError` when the connection fails."""
        self.status.began()
        self.roster.begin()
        status, reason = self.status, "the feed was stopped"
        source = Source(status.exchange, status.market, status.connection, status.life)
        with self.outbox.clone() as outbox:
            life = _Life(source, outbox)
            try:
                await life.send(self._intentions())
                async with trio.open_nursery() as nursery:
                    await self._follow(nursery, life)
            except Exception as error:
                reason = words_of(error)
                raise
            finally:
                with trio.move_on_after(HAND_OVER_WITHIN_S, shield=True):
                    await outbox.send(Batch(source, [FeedDown(reason, self.now_ns())]))

    def _intentions(self) -> list[Event]:
        """What this life will follow, told before it is known whether it can."""
        symbols, now_ns = self.status.symbols, self.now_ns()
        books = self.status.demand.wanted(now_ns)
        topics = topics_of(self.new_codec(), self.route, self.channels, symbols, books)
        return self.roster.update(topics, symbols, now_ns)

    async def _follow(self, nursery: trio.Nursery, life: _Life) -> None:
        """Keep one connection after the other at work, each opened before the last is cut by plan."""
        link: _Link = await nursery.start(self._open, life, None)
        while True:
            await self._until_expiring(link.session)
            successor = await self._succeed(nursery, life, link)
            link.scope.cancel()
            await link.session.ended.wait()
            await successor.session.take_over(link.session)
            self.status.reconnects_by_cause[link.failure or PLANNED] += 1
            link = successor

    async def _succeed(self, nursery: trio.Nursery, life: _Life, link: _Link) -> _Link:
        """Open the next connection, trying for as long as the present one works."""
        while True:
            try:
                opened: _Link = await nursery.start(self._open, life, link)
                return opened
            except* FeedError as group:
                if link.failure:
                    raise
                _logger.warning("%s: no successor yet: %s", self.status.name, main_error(group))
            await trio.sleep(1.0 if link.session.expiring.is_set() else SUCCEED_AGAIN_AFTER_S)

    async def _until_expiring(self, session: Session) -> None:
        lifetime_s = session.codec.limits.lifetime_s
        with trio.move_on_after(float("inf") if lifetime_s is None else lifetime_s * (1 - 0.1 * self.draw())):
            await session.expiring.wait()

    async def _open(
        self, life: _Life, predecessor: _Link | None, *, task_status: trio.TaskStatus[_Link]
    ) -> None:
        """One connection. A first one counts as started once it is open, an heir once it can take over."""
        codec = self.new_codec()
        url = (self.stream_url or codec.stream_url).rstrip("/") + codec.stream_path(self.route)
        with trio.CancelScope() as scope:
            rest_url = self.rest_url or codec.rest_url
            async with self.transport.open_rest(rest_url) as rest, self.transport.connect(url) as connection:
                session = self._session(life, codec, connection, rest, heir=predecessor is not None)
                link = _Link(scope, session)
                if predecessor is None:
                    self.status.state = "syncing"
                    await life.send([FeedUp(self.now_ns())])
                    await self._work(link, task_status)
                else:
                    await self._inherit(link, predecessor, task_status)

    def _session(
        self, life: _Life, codec: Codec, connection: Connection, rest: Rest, *, heir: bool
    ) -> Session:
        return Session(
            codec=codec,
            connection=connection,
            rest=rest,
            route=self.route,
            channels=self.channels,
            subscriptions=Subscriptions(codec.limits, self.refusals, self.patience),
            agenda=Agenda(self.budget),
            roster=self.roster,
            status=self.status,
            deliver=life.send,
            now_ns=self.now_ns,
            patience=self.patience,
            heir=heir,
        )

    async def _inherit(self, link: _Link, predecessor: _Link, task_status: trio.TaskStatus[_Link]) -> None:
        predecessor.has_heir = True
        try:
            await self._work(link, task_status, predecessor)
        finally:
            predecessor.has_heir = False

    async def _work(
        self, link: _Link, task_status: trio.TaskStatus[_Link], predecessor: _Link | None = None
    ) -> None:
        session = link.session
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(session.run)
                if predecessor is not None:
                    await _until_it_may_speak(session, predecessor.session)
                task_status.started(link)
        except* FeedError as group:
            if session.codec.drops_on_unknown_topic:
                session.subscriptions.lost(self.now_ns())
            if not link.has_heir:
                raise
            link.failure = cause_of(group)
            _logger.warning("%s: %s; its successor takes over", self.status.name, words_of(group))
        finally:
            session.ended.set()


async def _until_it_may_speak(session: Session, predecessor: Session) -> None:
    """An heir waits until it carries everything, for a while, or until nobody else speaks."""
    with trio.move_on_after(READY_WITHIN_S):
        async with trio.open_nursery() as nursery:
            for event in (session.ready, predecessor.ended):
                nursery.start_soon(_cancel_after, event, nursery.cancel_scope)


async def _cancel_after(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()


@dataclass
class _Link:
    """One open connection. While it `has_heir` its failure ends nothing, and is noted in `failure`."""

    scope: trio.CancelScope
    session: Session
    has_heir: bool = False
    failure: str = ""


@dataclass
class _Life:
    """Where the events of one life go. What is in hand when it is stopped is still handed over."""

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
