"""One open connection at work: it subscribes, listens, asks over REST, and watches for silence."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import trio

from actors.exchanges.base import (
    BOOK,
    CANDLES,
    TRADES,
    Acknowledged,
    Codec,
    Command,
    Fetch,
    Refused,
    Resync,
    Rollover,
    Send,
    Topic,
)
from actors.feed.agenda import Agenda
from actors.feed.fetching import COMMANDS, Fetcher
from actors.feed.memory import Memory
from actors.feed.stream import Change
from actors.feed.subscriptions import Subscriptions
from actors.feed.transport import Connection, Rest
from actors.feed.watch import WATCH_EVERY_S, Watch
from actors.feed.wishes import Roster, differences, topics_of
from actors.market.events import Denied, Event, FeedUp, Gap, Heard, Silent
from actors.market.feeds import FeedStatus
from actors.market.rhythm import NS_PER_S, Patience
from actors.runtime.errors import DecodeError

SUBSCRIBE_EVERY_S = 0.05
CANDLES_AGAIN_AFTER_S = 75.0
COMPLAIN_EVERY_S = 60

_logger = logging.getLogger("tickwell.feed")


class Deliver(Protocol):
    """Passes events on; `fetched` are those that came over REST."""

    async def __call__(self, events: list[Event], fetched: bool = False) -> None: ...


@dataclass
class Session:
    """Runs one connection until it fails. An `heir` follows the market without delivering, because its
    predecessor still does, until it is told to `take_over`.

    `ready` is set once everything wanted produces, `expiring` once the exchange announces a cut, and `ended`,
    by whoever runs it, when nothing more will come.
    """

    codec: Codec
    connection: Connection
    rest: Rest
    route: str
    channels: tuple[str, ...]
    subscriptions: Subscriptions
    agenda: Agenda
    roster: Roster
    status: FeedStatus
    deliver: Deliver
    now_ns: Callable[[], int]
    patience: Patience
    heir: bool = False
    ready: trio.Event = field(default_factory=trio.Event)
    expiring: trio.Event = field(default_factory=trio.Event)
    ended: trio.Event = field(default_factory=trio.Event)

    def __post_init__(self) -> None:
        self._symbols: tuple[str, ...] = ()
        self._books: Mapping[str, int] = {}
        self._topics: list[Topic] = []
        self._histories: set[str] = set()
        self._candles_due: deque[tuple[int, str]] = deque()
        self._complain_at_ns = 0
        self._memory = Memory() if self.heir else None
        self._watch = Watch(self.codec, self.subscriptions, self.status, self.patience, self.now_ns())

    async def run(self) -> None:
        """Work until the connection fails. Raises `FeedError`."""
        fetcher = Fetcher(
            self.codec,
            self.rest,
            self.agenda,
            self.status,
            self._pass_on,
            self._fill,
            self._obey,
            self.now_ns,
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._subscribe)
            nursery.start_soon(fetcher.run)
            nursery.start_soon(self._look)
            if self.codec.ping_every_s is not None:
                nursery.start_soon(self._ping, self.codec.ping_every_s)
            await self._listen()

    async def take_over(self, predecessor: Session) -> None:
        """Deliver what was kept back, and from now on everything; tell where the two differ."""
        now_ns = self.now_ns()
        told = _open_to(self.roster.update(self._topics, self._symbols, now_ns), now_ns)
        if self._memory is not None:
            told += self._memory.recall(now_ns)
            told += [_not_yet(symbol, now_ns) for symbol in self._memory.lacks(self._wanted_books())]
        before, now = predecessor.subscriptions.standings(), self.subscriptions.standings()
        self.agenda.take_over(predecessor.agenda, now_ns)
        self._memory = None
        await self._pass_on(told + differences(before, now, now_ns))

    # What comes

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
        self._watch.took(frames)
        for frame in frames:
            try:
                for item in receive(frame, ts_recv):
                    (commands if type(item) in COMMANDS else events).append(item)
            except DecodeError as error:
                self._count_bad(frame, error)
        return events, commands

    def _count_bad(self, frame: bytes, error: DecodeError) -> None:
        """A bad frame is skipped and counted; one a minute is enough for the log."""
        self._watch.bad_frames += 1
        now_ns = self.now_ns()
        if now_ns >= self._complain_at_ns:
            self._complain_at_ns = now_ns + COMPLAIN_EVERY_S * NS_PER_S
            _logger.warning("%s: skipped a frame of %d bytes: %s", self.status.name, len(frame), error)

    async def _pass_on(self, events: list[Event]) -> None:
        if self._memory is not None:
            for event in events:
                self._memory.note(event)
        elif events:
            await self.deliver(events)

    async def _fill(self, events: list[Event]) -> None:
        """Fields that came over REST: they are as good from an heir."""
        if events:
            await self.deliver(events, fetched=True)

    async def _obey(self, command: Command) -> None:
        match command:
            case Acknowledged():
                self.subscriptions.acknowledged(command)
            case Refused():
                _logger.warning("%s: the exchange refused: %s", self.status.name, command.reason)
                self.subscriptions.refused(command, self.now_ns())
            case Send():
                await self.connection.send(command.payload)
            case Fetch():
                self.status.resyncs += command.mends
                self.agenda.ask([command], self.now_ns())
            case Resync():
                self.status.resyncs += self.subscriptions.renew(command.topic)
            case Rollover():
                _logger.info("%s: %s", self.status.name, command.reason)
                self.expiring.set()

    # What is wanted

    async def _subscribe(self) -> None:
        while True:
            symbols, books = self.status.symbols, self.status.demand.wanted(self.now_ns())
            if symbols != self._symbols or books is not self._books:
                await self._want(symbols, books)
            while (request := self.subscriptions.next_request(self.now_ns())) is not None:
                write = self.codec.unsubscribe if request.unsubscribe else self.codec.subscribe
                await self.connection.send(write(request.topics, request.request_id))
            await trio.sleep(SUBSCRIBE_EVERY_S)

    async def _want(self, symbols: tuple[str, ...], books: Mapping[str, int]) -> None:
        now_ns = self.now_ns()
        self._symbols, self._books = symbols, books
        self._topics = topics_of(self.codec, self.route, self.channels, symbols, books)
        self._histories &= set(symbols)
        self.subscriptions.want(self._topics)
        self.agenda.retain(symbols, books)
        self.agenda.ask(self.codec.fetches(symbols, self.route), now_ns)
        if self._memory is None:
            self.status.books = tuple(self._wanted_books())
            await self._pass_on(_open_to(self.roster.update(self._topics, symbols, now_ns), now_ns))

    async def _ping(self, every_s: float) -> None:
        while True:
            await trio.sleep(every_s)
            await self.connection.send(self.codec.ping())

    # What is missing

    async def _look(self) -> None:
        while True:
            await trio.sleep(WATCH_EVERY_S)
            now_ns = self.now_ns()
            changes = self.subscriptions.check(self.codec.heard, now_ns)
            for change in changes:
                self._note(change, now_ns)
            if self.subscriptions.is_settled() and self._has_books():
                self.ready.set()
            await self._pass_on([event for change in changes for event in self._told(change, now_ns)])
            self._ask_candles_again(now_ns)
            self._watch.judge(now_ns)
            if self._memory is None and self._watch.publish():
                _logger.info("%s is live symbols=%d", self.status.name, len(self.status.producing))
            self._watch.begin_anew()

    def _wanted_books(self) -> list[str]:
        return [topic.symbol for topic in self._topics if topic.channel == BOOK]

    def _has_books(self) -> bool:
        """Whether an heir has every book that its predecessor tells: an acknowledgement is no book."""
        return self._memory is None or not self._memory.lacks(self._wanted_books())

    def _note(self, change: Change, now_ns: int) -> None:
        topic, name = change.topic, self.status.name
        if change.kind in ("silent", "heard"):
            _logger.warning("%s: %s: %s", name, topic.name, change.words or "is heard again")
        if change.kind in ("carried", "heard") and topic.channel in (TRADES, CANDLES):
            self._ask_history(topic, again=change.kind == "heard", now_ns=now_ns)

    def _ask_history(self, topic: Topic, *, again: bool, now_ns: int) -> None:
        """What was missed of the trades, now that new ones are sure to come; and once, the bars before them.

        An heir that does not speak yet has missed nothing: its predecessor tells.
        """
        if self._memory is not None:
            return
        if topic.channel == TRADES and (again or self.heir or self.status.missed_some(topic.symbol)):
            missed = self.codec.missed_trades(topic.symbol)
            self.agenda.ask([missed] if missed is not None else [], now_ns)
        if topic.symbol not in self._histories:
            self._histories.add(topic.symbol)
            self._ask_candles(topic.symbol, now_ns)
            self._candles_due.append((now_ns + int(CANDLES_AGAIN_AFTER_S * NS_PER_S), topic.symbol))

    def _ask_candles(self, symbol: str, now_ns: int) -> None:
        candles = self.codec.candles(symbol)
        self.agenda.ask([candles] if candles is not None else [], now_ns, last=True)

    def _ask_candles_again(self, now_ns: int) -> None:
        """The minute in which this life began to hear trades is over: now the exchange can tell it whole."""
        while self._candles_due and self._candles_due[0][0] <= now_ns:
            _, symbol = self._candles_due.popleft()
            if symbol in self._histories:
                self._ask_candles(symbol, now_ns)

    def _told(self, change: Change, now_ns: int) -> list[Event]:
        """A change in the words of the market. That data came, the data says; except of an heir, which may
        have told at its taking over that none had come yet."""
        topic = change.topic
        if change.kind == "silent":
            return [Silent(topic.symbol, topic.name, topic.channel, change.words, now_ns)]
        if change.kind == "refused":
            return [Denied(topic.symbol, topic.channel, change.words, now_ns)]
        if change.kind == "heard" or self.heir or not topic.greets:
            return [Heard(topic.symbol, topic.name, topic.channel, now_ns)]
        return []


def _not_yet(symbol: str, now_ns: int) -> Gap:
    """What the last connection told of a book is over, and this one has not told it."""
    return Gap(symbol, BOOK, "handover", "the next connection has no snapshot of it yet", now_ns)


def _open_to(events: list[Event], now_ns: int) -> list[Event]:
    """What joins a connection that is open can come at once."""
    return [*events, FeedUp(now_ns)] if events else events
