"""One open connection at work: it subscribes, listens, asks over REST, and watches for silence."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import trio
from msgspec import structs

from actors.exchanges.base import Acknowledged, Codec, Command, Fetch, Refused, Rollover, Send
from actors.feed.agenda import Agenda
from actors.feed.subscriptions import Subscriptions
from actors.feed.transport import Connection, Rest
from actors.market.events import Event, Heard, Quote, Silent, TickerUpdate
from actors.market.feeds import FeedState, FeedStatus
from actors.market.rhythm import NS_PER_S, Patience, Rhythm
from actors.runtime.errors import DecodeError, FeedError, StaleFeed

SUBSCRIBE_EVERY_S = 0.05
WATCH_EVERY_S = 1.0
BAD_FRAMES_MAX = 50

_COMMANDS = frozenset({Send, Fetch, Acknowledged, Refused, Rollover})
_logger = logging.getLogger("tickwell.feed")


class Deliver(Protocol):
    """Passes events on; `fetched` are those that came over REST."""

    async def __call__(self, events: list[Event], fetched: bool = False) -> None: ...


@dataclass
class Session:
    """Runs one connection until it fails.

    `ready` is set once everything wanted produces; `expiring` once the exchange announces a cut. While
    `quiet`, it follows the market without delivering: its predecessor still does.
    """

    codec: Codec
    connection: Connection
    rest: Rest
    route: str
    subscriptions: Subscriptions
    agenda: Agenda
    status: FeedStatus
    deliver: Deliver
    now_ns: Callable[[], int]
    patience: Patience
    quiet: bool = False
    ready: trio.Event = field(default_factory=trio.Event)
    expiring: trio.Event = field(default_factory=trio.Event)

    def __post_init__(self) -> None:
        self._symbols: tuple[str, ...] = ()
        self._unsaid: dict[tuple[type, str], Event] = {}
        self._rhythm = Rhythm(self.now_ns())
        self._messages = self._messages_counted = self._bad_frames = 0

    async def run(self) -> None:
        """Work until the connection fails. Raises `FeedError`."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._subscribe)
            nursery.start_soon(self._fetch)
            nursery.start_soon(self._watch)
            if self.codec.ping_every_s is not None:
                nursery.start_soon(self._ping, self.codec.ping_every_s)
            await self._listen()

    async def take_over(self, predecessor: Session) -> None:
        """Deliver what was kept back, and from now on everything; tell where the two differ about silence."""
        self.quiet = False
        unsaid, self._unsaid = list(self._unsaid.values()), {}
        await self._pass_on(unsaid)
        before = {topic.name: topic for topic in predecessor.subscriptions.silent()}
        now = {topic.name: topic for topic in self.subscriptions.silent()}
        changes: list[Event] = [Heard(before[name].symbol, name) for name in before.keys() - now.keys()]
        changes += [Silent(now[name].symbol, name) for name in now.keys() - before.keys()]
        await self._pass_on(changes)

    async def _listen(self) -> None:
        while True:
            frames = await self.connection.receive()
            events, commands = self._decode(frames)
            await self._pass_on(events)
            for command in commands:
                await self._obey(command)

    def _decode(self, frames: list[bytes]) -> tuple[list[Event], list[Command]]:
        """The hot path: what one read brought, in the codec's words."""
        events: list[Any] = []
        commands: list[Any] = []
        receive, ts_recv = self.codec.receive, self.now_ns()
        self._messages += len(frames)
        for frame in frames:
            try:
                for item in receive(frame, ts_recv):
                    (commands if type(item) in _COMMANDS else events).append(item)
            except DecodeError as error:
                self._count_bad(frame, error)
        return events, commands

    async def _obey(self, command: Command) -> None:
        if isinstance(command, Acknowledged):
            self.subscriptions.acknowledged(command)
        elif isinstance(command, Refused):
            _logger.warning("%s: the exchange refused: %s", self.status.name, command.reason)
            self.subscriptions.refused(command, self.now_ns())
        elif isinstance(command, Send):
            await self.connection.send(command.payload)
        elif isinstance(command, Fetch):
            self.agenda.ask([command], self.now_ns())
        else:
            _logger.info("%s: %s", self.status.name, command.reason)
            self.expiring.set()

    async def _pass_on(self, events: list[Event]) -> None:
        if self.quiet:
            self._remember(events)
        elif events:
            await self.deliver(events)

    def _remember(self, events: list[Event]) -> None:
        """Fold what must not be delivered yet: the newest of every field, for the hand-over."""
        for event in events:
            if isinstance(event, Quote):
                self._unsaid[Quote, event.symbol] = event
            elif isinstance(event, TickerUpdate):
                earlier = self._unsaid.get((TickerUpdate, event.symbol))
                values = (
                    {**earlier.values, **event.values} if isinstance(earlier, TickerUpdate) else event.values
                )
                self._unsaid[TickerUpdate, event.symbol] = structs.replace(event, values=values)

    def _count_bad(self, frame: bytes, error: DecodeError) -> None:
        self._bad_frames += 1
        _logger.warning("%s: skipped a frame of %d bytes: %s", self.status.name, len(frame), error)

    async def _subscribe(self) -> None:
        while True:
            if self._symbols != self.status.symbols:
                self._want(self.status.symbols)
            while (request := self.subscriptions.next_request(self.now_ns())) is not None:
                write = self.codec.unsubscribe if request.unsubscribe else self.codec.subscribe
                await self.connection.send(write(request.topics, request.request_id))
            await trio.sleep(SUBSCRIBE_EVERY_S)

    def _want(self, symbols: tuple[str, ...]) -> None:
        topics = [topic for symbol in symbols for topic in self.codec.topics(symbol)]
        self.subscriptions.want([topic for topic in topics if topic.route == self.route])
        self.agenda.retain(symbols)
        self.agenda.ask(self.codec.fetches(symbols, self.route), self.now_ns())
        self._symbols = symbols

    async def _ping(self, every_s: float) -> None:
        while True:
            await trio.sleep(every_s)
            await self.connection.send(self.codec.ping())

    async def _fetch(self) -> None:
        while True:
            while (fetch := self.agenda.next(self.now_ns())) is not None:
                await self._fetch_one(fetch)
            await trio.sleep(SUBSCRIBE_EVERY_S)

    async def _fetch_one(self, fetch: Fetch) -> None:
        """Ask once. What REST refuses must not end the stream: it stays on the agenda for later."""
        try:
            body = await self.rest.fetch(fetch)
            await self.deliver(self.codec.receive_fetched(fetch, body, self.now_ns()), fetched=True)
        except (FeedError, DecodeError) as error:
            retry_after_s = error.retry_after_s if isinstance(error, FeedError) else None
            self.agenda.failed(fetch, retry_after_s, self.now_ns())
            _logger.warning("%s: %s failed: %s", self.status.name, fetch.tag, error)
        else:
            self.agenda.answered(fetch, self.now_ns())

    async def _watch(self) -> None:
        while True:
            await trio.sleep(WATCH_EVERY_S)
            now_ns = self.now_ns()
            await self._pass_on(self._compare(now_ns))
            self._judge(now_ns)
            self._publish()

    def _compare(self, now_ns: int) -> list[Event]:
        """What fell silent or was heard again since the last look."""
        changes = self.subscriptions.check(self.codec.heard, now_ns)
        for change in changes:
            words = "fell silent" if change.silent else "is heard again"
            _logger.warning("%s: %s %s", self.status.name, change.topic.name, words)
        if self.subscriptions.is_settled():
            self.ready.set()
        return [(Silent if each.silent else Heard)(each.topic.symbol, each.topic.name) for each in changes]

    def _judge(self, now_ns: int) -> None:
        """End a connection whose data stopped, or is no longer readable. Pongs and acks are no data."""
        newest_ns = max(self.codec.heard.values(), default=0)
        if newest_ns > self._rhythm.last_ns:
            self._rhythm.beat(newest_ns)
        silence_s = (now_ns - self._rhythm.last_ns) / NS_PER_S
        if self._symbols and silence_s * NS_PER_S > self._silence_allowed_ns():
            raise StaleFeed(f"connected, but no data for {silence_s:.0f} s")
        if self.subscriptions.is_mostly_silent():
            raise StaleFeed("connected, but most of its streams are silent")
        if self._bad_frames > max(BAD_FRAMES_MAX, (self._messages - self._messages_counted) / 2):
            raise StaleFeed(f"{self._bad_frames} unreadable frames")

    def _silence_allowed_ns(self) -> float:
        steady = self.subscriptions.is_steady()
        allowed_ns = self._rhythm.threshold_ns(self.patience, steady=steady)
        if steady or self.codec.heard:
            return allowed_ns
        return min(allowed_ns, 2 * self.patience.ceiling_s * NS_PER_S)  # it never spoke at all

    def _publish(self) -> None:
        if self.quiet:
            return
        status, subscriptions = self.status, self.subscriptions
        rate = (self._messages - self._messages_counted) / WATCH_EVERY_S
        status.messages_per_s = (
            rate if not status.messages_per_s else 0.7 * status.messages_per_s + 0.3 * rate
        )
        status.messages += self._messages - self._messages_counted
        self._messages_counted, self._bad_frames = self._messages, 0
        status.producing = subscriptions.producing()
        silent = subscriptions.silent()
        status.stale = {topic.symbol for topic in silent}
        status.mute = tuple(topic.name for topic in silent)
        status.refused = subscriptions.refusals()
        status.last_data_ts = max(self.codec.heard.values(), default=status.last_data_ts)
        self._announce("stale" if status.stale else "live" if subscriptions.is_settled() else "syncing")

    def _announce(self, state: FeedState) -> None:
        if state == "live" != self.status.state:
            _logger.info("%s is live symbols=%d", self.status.name, len(self.status.producing))
        self.status.state = state
