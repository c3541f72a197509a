"""What the simulated exchanges have in common: feeds with subscribers, periodic feeds, faults, and the seam.

A venue publishes a feed by rendering its payload once and handing the same bytes to every subscriber.
"""

import heapq
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

import trio

from simulator.connection import Connection
from simulator.dice import dice
from simulator.faults import Fault, FaultBoard, FaultKind
from simulator.feed import BookFeed, Feed
from simulator.frames import Reply, frame
from simulator.instruments import Instrument, Market
from simulator.settings import SimulatorSettings
from simulator.tape import TapeTrade
from simulator.world import MoveKind, World

__all__ = ["BookFeed", "Feed", "VenueServer"]

FIRST_S: Final = 0.3  # a new periodic feed speaks for the first time within this


class VenueServer(ABC):
    """One simulated exchange endpoint group; subclasses speak its protocol."""

    name: str = ""
    markets: tuple[str, ...] = ()
    market: Market
    rate_limit_body = b"null"  # what comes with HTTP 429
    depth_paths: frozenset[str] = frozenset()  # REST order books: a `late_snapshot` fault delays them

    def __init__(self, world: World, board: FaultBoard, settings: SimulatorSettings) -> None:
        self.world = world
        self.board = board
        self.settings = settings
        self.random = dice(settings.seed, self.name, *self.markets)
        self.feeds: dict[str, Feed] = {}
        self.silences: list[Fault] = []
        self.is_troubled = False  # a fault that acts on single messages or subscriptions is on the board
        self.published = 0  # messages rendered for at least one subscriber
        self.frames_sent = 0  # frames that left for a client, answers included
        self.now_s = 0.0
        self._periodic: list[tuple[float, int, Feed]] = []  # a heap by due time
        self._queued = 0

    @abstractmethod
    def accepts(self, path: str) -> bool:
        """Whether this path (without the venue's prefix) takes WebSocket clients."""

    @abstractmethod
    def open(self, connection: Connection, path: str, query: Mapping[str, str]) -> None:
        """Prepare a new connection: its id, route and the subscriptions named in the address."""

    @abstractmethod
    def receive(self, connection: Connection, text: str) -> None:
        """Answer one text message."""

    @abstractmethod
    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
        """Answer one REST request."""

    @abstractmethod
    def on_move(self, instrument: Instrument, kind: MoveKind) -> None:
        """Publish what a move of one instrument causes."""

    @abstractmethod
    def sweep(self, connection: Connection, now_s: float) -> None:
        """Enforce this venue's time limits on one connection."""

    def on_inbound(self, connection: Connection) -> bool:
        """Count one inbound message; False when it broke a limit and must be ignored."""
        return not connection.closing

    def markets_of(self, path: str, query: Mapping[str, str]) -> tuple[str, ...]:
        """The markets a request to this path concerns, for faults aimed at one of them."""
        return self.markets

    def encode(self, feed: Feed, connection: Connection, payload: str) -> bytes:
        """The frame that carries `payload` to this connection."""
        return frame(payload.encode())

    def trade_id(self, instrument: Instrument, trade: TapeTrade) -> str:
        """The id of a trade as this exchange writes it."""
        return str(trade.id)

    def past_trades(self, feed: Feed) -> str:
        """A payload with trades of the past, for the `trade_history` fault; empty when there is none."""
        return ""

    def tell_time(self) -> None:
        """From here on the world's clock is this exchange's."""
        self.world.tell_time(self.market)

    def attach(self, connection: Connection, feed: Feed) -> bool:
        """Make a connection a subscriber; False when an `ack_without_data` fault leaves it without data."""
        if self.is_struck("ack_without_data", feed):
            return False
        if not feed.subscribers:
            feed.wake()
        feed.subscribers.append(connection)
        if feed.period_s and not feed.is_queued:
            feed.is_queued = True
            feed.is_fresh = True
            self._queue(feed, self.now_s + min(feed.period_s, FIRST_S) * self.random.random())
        if feed.channel == "trades" and self.is_struck("trade_history", feed):
            past = self.past_trades(feed)
            if past:
                self.send(connection, feed, past)
        return True

    def detach(self, connection: Connection, topic: str) -> None:
        """End one subscription of a connection."""
        feed = self.feeds.get(topic)
        if feed is not None and connection in feed.subscribers:
            feed.subscribers.remove(connection)

    def forget(self, connection: Connection) -> None:
        """End every subscription of a closed connection."""
        for topic in connection.topics:
            self.detach(connection, topic)
        connection.topics.clear()

    def send(self, connection: Connection, feed: Feed, payload: str) -> None:
        """Send one payload of a feed to one connection, unless the feed is silenced."""
        if not self.is_mute(feed):
            connection.deliver(self.encode(feed, connection, payload))

    def publish(self, feed: Feed, payload: str) -> None:
        """Send one payload to every subscriber of a feed, unless a fault has other plans for it."""
        if self.silences and self.is_mute(feed):
            return
        if feed.channel and (self.is_troubled or feed.held):
            for message in self._troubled(feed, payload):
                self.broadcast(feed, message)
        else:
            self.broadcast(feed, payload)

    def broadcast(self, feed: Feed, payload: str) -> None:
        """Hand the same bytes to every subscriber; venues with several forms of a frame override this."""
        data = frame(payload.encode())
        for connection in feed.subscribers:
            connection.deliver(data)
        self.published += 1

    def _troubled(self, feed: Feed, payload: str) -> list[str]:
        """What a gap, reorder or duplicate fault makes of one message."""
        if self.is_struck("trade_gap" if feed.channel == "trades" else "gap", feed):
            return []
        held, feed.held = feed.held, ""
        if not held and self.is_struck("reorder", feed):
            feed.held = payload
            return []
        times = 2 if self.is_struck("duplicate", feed) else 1
        return [payload] * times + ([held] if held else [])

    def is_mute(self, feed: Feed) -> bool:
        """Whether a fault silences this feed at the moment."""
        symbol = feed.instrument.symbol if feed.instrument else None
        return any(fault.aims_at(feed.topic, symbol, feed.channel) for fault in self.silences)

    def is_struck(self, kind: FaultKind, feed: Feed) -> bool:
        """Whether a fault of this kind acts on this feed now; counted as one action."""
        return self.is_troubled and self.strike(kind, feed) is not None

    def strike(self, kind: FaultKind, feed: Feed) -> Fault | None:
        """The fault of this kind that acts on this feed now, counted as one action."""
        return self.board.strike(
            kind,
            self.name,
            self.markets,
            trio.current_time(),
            topic=feed.topic,
            symbol=feed.instrument.symbol if feed.instrument else None,
            channel=feed.channel,
        )

    def flush(self) -> None:
        """Push what books, trades and liquidations have gathered, and what a fault kept back."""
        for feed in self.feeds.values():
            if feed.channel and feed.subscribers:
                self.publish_periodic(feed)
                if feed.held:
                    self.broadcast(feed, feed.held)
                    feed.held = ""

    def tick(self, now_s: float) -> None:
        """Publish the periodic feeds that are due."""
        self.now_s = now_s
        self.tell_time()
        periodic = self._periodic
        while periodic and periodic[0][0] <= now_s:
            due_s, _, feed = heapq.heappop(periodic)
            if not feed.subscribers:
                feed.is_queued = False
                continue
            # The second one finds its place within the period: not every symbol speaks at the same moment.
            share = self.random.uniform(0.3, 1.0) if feed.is_fresh else 1.0
            feed.is_fresh = False
            self._queue(feed, max(due_s + feed.period_s * share, now_s))
            self.publish_periodic(feed)

    def _queue(self, feed: Feed, due_s: float) -> None:
        self._queued += 1  # breaks ties: feeds cannot be compared
        heapq.heappush(self._periodic, (due_s, self._queued, feed))

    def publish_periodic(self, feed: Feed) -> None:
        """Publish one due feed; nothing when it has nothing to say."""
        payload = feed.render()
        if payload:
            self.publish(feed, payload)

    def refresh_faults(self, now_s: float) -> None:
        """Learn what holds at the moment: silenced topics, the clock's skew, faults on messages."""
        board, skews_ms = self.board, self.world.skews_ms
        skews_ms.pop(self.market, None)
        self.is_troubled = not board.is_empty
        self.silences = board.silences(self.name, self.markets, now_s) if self.is_troubled else []
        if self.is_troubled:
            skewed = board.lasting("clock_skew", self.name, self.markets, now_s)
            if skewed is not None:
                skews_ms[self.market] = int(skewed.skew_s * 1_000)

    def is_refused(self, topic: str) -> bool:
        """Whether a fault refuses subscriptions to this topic now."""
        if self.board.is_empty:
            return False
        now_s = trio.current_time()
        found = self.board.find("refuse_topic", self.name, self.markets, now_s, topic=topic)
        return found is not None

    @property
    def instruments(self) -> dict[str, Instrument]:
        """What this market lists."""
        return self.world.markets[self.market]
