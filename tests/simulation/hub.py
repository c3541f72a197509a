"""The pure side of the hub at work on one connection, driven by a clock that is told to it.

It does what a feed's life and its session do, with their parts and in their order, at once and without
sockets: codec, subscriptions, watch, agenda, roster and market are the real ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from actors.exchanges.base import (
    TRADES,
    Acknowledged,
    Command,
    Fetch,
    Refused,
    Resync,
    Topic,
)
from actors.exchanges.bybit import Codec
from actors.feed.agenda import Agenda, Budget
from actors.feed.fetching import FIELDS, sort_out
from actors.feed.refusals import Refusals
from actors.feed.stream import Change
from actors.feed.subscriptions import Subscriptions
from actors.feed.watch import Watch
from actors.feed.wishes import Roster, base_channels, topics_of
from actors.market.events import (
    Batch,
    Denied,
    Event,
    FeedDown,
    FeedUp,
    Gap,
    Heard,
    Listed,
    Removed,
    ServerTime,
    Silent,
    Source,
)
from actors.market.feeds import FeedStatus
from actors.market.instrument import Instrument
from actors.market.market import Market
from actors.market.rhythm import NS_PER_S, Patience
from actors.market.tick import Changes
from actors.runtime.errors import ConnectionLost, FeedError
from tests.simulation.exchange import Exchange

LOOK_EVERY_NS = NS_PER_S
FORGET_AFTER_NS = 5 * NS_PER_S
BACKOFF_MAX_S = 30.0
ANSWER_AFTER_NS = 20_000_000


class Hub:
    """`step` after each movement of the exchange. Set `symbols` and `books`, `enlist` and `unlist`."""

    def __init__(self, exchange: Exchange, dice: random.Random, patience: Patience) -> None:
        self.exchange = exchange
        self.patience = patience
        self.market = Market(patience)
        self.symbols: tuple[str, ...] = tuple(exchange.coins)
        self.books: dict[str, int] = {}
        self.gaps: list[Gap] = []
        self.lives: list[str] = []  # why each of them ended
        self.connected = False
        self._dice = dice
        self._status = FeedStatus("bybit", exchange.market, "stream-0")
        self._refusals = Refusals()
        self._budget = Budget(1000)
        self._forget: list[tuple[int, str]] = []
        self._retry_ns = 0
        self._failures = 0
        self._began_ns = 0

    def enlist(self, symbol: str, halted: str | None, now_ns: int) -> None:
        """What the listing says of an instrument."""
        base = symbol.removesuffix("USDT")
        market = self.exchange.market
        instrument = Instrument(
            exchange="bybit", market=market, symbol=symbol, base=base, quote="USDT", halted=halted
        )
        self._tell_listing([Listed(instrument, now_ns)])

    def unlist(self, symbol: str, now_ns: int) -> None:
        """The listing lacks it now."""
        self.symbols = tuple(each for each in self.symbols if each != symbol)
        self.books = {each: depth for each, depth in self.books.items() if each != symbol}
        self._forget.append((now_ns + FORGET_AFTER_NS, symbol))

    def bears_ns(self, topic: str) -> float:
        """The silence of a topic from which on the session asks for it anew; infinite where it never does."""
        entry = self._subscriptions._entries.get(topic) if self.connected else None
        if entry is None or entry.rhythm is None:
            return float("inf")
        return entry.rhythm.threshold_ns(self.patience, steady=entry.topic.steady)

    def step(self, now_ns: int) -> tuple[dict[str, Changes], list[str]]:
        """Everything that is due. Returns what changed, and which symbols were taken away."""
        gone = [symbol for due_ns, symbol in self._forget if due_ns <= now_ns]
        self._forget = [each for each in self._forget if each[0] > now_ns]
        self._tell_listing([Removed(symbol) for symbol in gone])
        try:
            if not self.connected and now_ns >= self._retry_ns:
                self._begin(now_ns)
            if self.connected:
                self._work(now_ns)
        except FeedError as error:
            self._fail(str(error), now_ns)
        self.market.sweep(now_ns)
        return self.market.drain(now_ns), gone

    # A life

    def _begin(self, now_ns: int) -> None:
        status = self._status
        status.began()
        self._source = Source("bybit", self.exchange.market, "stream-0", status.life)
        self._codec = Codec(self.exchange.market)
        self._channels = base_channels(self._codec.offers, trades=True, liquidations=False)
        self._roster = Roster()
        self._wanted: object = None
        self._tell(self._roster.update(self._topics(), self.symbols, now_ns))
        self.exchange.connect()
        self.connected, self._began_ns, self._looked_ns = True, now_ns, now_ns
        self._subscriptions = Subscriptions(self._codec.limits, self._refusals, self.patience)
        self._agenda = Agenda(self._budget)
        self._histories: set[str] = set()
        self._watch = Watch(self._codec, self._subscriptions, status, self.patience, now_ns)
        self._tell([FeedUp(now_ns)])

    def _fail(self, reason: str, now_ns: int) -> None:
        """Try again after a pause that grows with each failure, unless a life lasted."""
        if self.connected and now_ns - self._began_ns > 60 * NS_PER_S:
            self._failures = 0
        self.connected = self.exchange.connected = False
        self.lives.append(reason)
        pause_s = min(2.0**self._failures, BACKOFF_MAX_S) * self._dice.random()
        self._failures = min(self._failures + 1, 10)
        self._retry_ns = now_ns + int(pause_s * NS_PER_S)
        self._tell([FeedDown(reason, now_ns)])

    def _work(self, now_ns: int) -> None:
        self._want(now_ns)
        self._subscribe(now_ns)
        self._listen(now_ns)
        self._ask(now_ns)
        if now_ns - self._looked_ns >= LOOK_EVERY_NS:
            self._looked_ns = now_ns
            self._look(now_ns)
        self._subscribe(now_ns)

    def _topics(self) -> list[Topic]:
        return topics_of(self._codec, "", self._channels, self.symbols, self.books)

    def _want(self, now_ns: int) -> None:
        wanted = (self.symbols, self.books)
        if wanted == self._wanted:
            return
        self._wanted = (self.symbols, dict(self.books))
        topics = self._topics()
        self._subscriptions.want(topics)
        self._histories &= set(self.symbols)
        self._agenda.retain(self.symbols, self.books)
        self._agenda.ask(self._codec.fetches(self.symbols, ""), now_ns)
        begun = self._roster.update(topics, self.symbols, now_ns)
        self._tell([*begun, FeedUp(now_ns)] if begun else [])

    def _listen(self, now_ns: int) -> None:
        frames = self.exchange.frames(now_ns)
        events: list[Event] = []
        for frame in frames:
            told, commands = sort_out(self._codec.receive(frame, now_ns))
            events += told
            for command in commands:
                self._obey(command, now_ns)
        self._watch.messages += len(frames)
        self.gaps += [event for event in events if isinstance(event, Gap)]
        self._tell(events)

    def _obey(self, command: Command, now_ns: int) -> None:
        match command:
            case Acknowledged():
                self._subscriptions.acknowledged(command)
            case Refused():
                self._subscriptions.refused(command, now_ns)
            case Resync():
                self._subscriptions.renew(command.topic)

    def _ask(self, now_ns: int) -> None:
        """Whatever is due over REST: answered within this step."""
        while (fetch := self._agenda.next(now_ns)) is not None:
            try:
                body = self.exchange.fetch(fetch, now_ns)
            except ConnectionLost:
                self._agenda.failed(fetch, None, now_ns)
                continue
            events, _ = sort_out(self._codec.receive_fetched(fetch, body, now_ns))
            self._agenda.answered(fetch, now_ns)
            self._tell([_timed(each, now_ns) for each in events if type(each) not in FIELDS])

    def _look(self, now_ns: int) -> None:
        changes = self._subscriptions.check(self._codec.heard, now_ns)
        for change in changes:
            if change.kind in ("carried", "heard") and change.topic.channel == TRADES:
                self._ask_history(change, now_ns)
        self._tell([event for change in changes for event in _words(change, now_ns)])
        self._watch.judge(now_ns)
        self._watch.begin_anew()

    def _ask_history(self, change: Change, now_ns: int) -> None:
        symbol = change.topic.symbol
        missed: Fetch | None = None
        if change.kind == "heard" or self._status.life > 1:
            missed = self._codec.missed_trades(symbol)
        candles = None if symbol in self._histories else self._codec.candles(symbol)
        self._histories.add(symbol)
        self._agenda.ask([each for each in (missed, candles) if each is not None], now_ns)

    def _subscribe(self, now_ns: int) -> None:
        while (request := self._subscriptions.next_request(now_ns)) is not None:
            write = self._codec.unsubscribe if request.unsubscribe else self._codec.subscribe
            self.exchange.handle(write(request.topics, request.request_id))

    def _tell(self, events: Iterable[Event]) -> None:
        told = list(events)
        if told:
            self.market.apply(Batch(self._source, told))

    def _tell_listing(self, events: Iterable[Event]) -> None:
        told = list(events)
        if told:
            self.market.apply(Batch(Source("bybit", self.exchange.market, "listing", 0), told))


def _words(change: Change, now_ns: int) -> list[Event]:
    """A change of a topic in the words of the market, as a session tells it."""
    topic = change.topic
    if change.kind == "silent":
        return [Silent(topic.symbol, topic.name, topic.channel, change.words, now_ns)]
    if change.kind == "refused":
        return [Denied(topic.symbol, topic.channel, change.words, now_ns)]
    if change.kind == "heard" or not topic.greets:
        return [Heard(topic.symbol, topic.name, topic.channel, now_ns)]
    return []


def _timed(event: Event, now_ns: int) -> Event:
    """When its question had been asked: the answer was made in the middle of that time."""
    if isinstance(event, ServerTime):
        return ServerTime(event.ts_event, now_ns, now_ns - ANSWER_AFTER_NS)
    return event
