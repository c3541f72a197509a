"""What the simulated exchanges have in common: feeds with subscribers, periodic feeds, and the seam.

A `Feed` is one topic of one venue. A venue publishes a feed by rendering its payload once and handing
the same bytes to every subscriber.
"""

import heapq
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Final

import trio

from simulator.connection import Connection
from simulator.dice import dice
from simulator.faults import FaultBoard
from simulator.frames import Reply, frame
from simulator.instruments import Instrument, Market
from simulator.settings import SimulatorSettings
from simulator.world import MoveKind, World

FIRST_S: Final = 0.3  # a new periodic feed speaks for the first time within this


class Feed:
    """One topic: how to render it now, how often at fixed times, and who listens."""

    __slots__ = ("due_s", "instrument", "is_fresh", "is_queued", "period_s", "render", "subscribers", "topic")

    def __init__(
        self,
        topic: str,
        instrument: Instrument | None,
        render: Callable[[], str],
        period_s: float = 0.0,
    ) -> None:
        self.topic = topic
        self.instrument = instrument
        self.render = render
        self.period_s = period_s  # 0: published when the instrument moves
        self.subscribers: list[Connection] = []
        self.due_s = 0.0
        self.is_queued = False
        self.is_fresh = False


class VenueServer(ABC):
    """One simulated exchange endpoint group; subclasses speak its protocol."""

    name: str = ""
    markets: tuple[str, ...] = ()
    market: Market
    rate_limit_body = b"null"  # what comes with HTTP 429

    def __init__(self, world: World, board: FaultBoard, settings: SimulatorSettings) -> None:
        self.world = world
        self.board = board
        self.settings = settings
        self.random = dice(settings.seed, self.name, *self.markets)
        self.feeds: dict[str, Feed] = {}
        self.muted: set[str] = set()
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

    def attach(self, connection: Connection, feed: Feed) -> None:
        """Make a connection a subscriber."""
        feed.subscribers.append(connection)
        if feed.period_s and not feed.is_queued:
            feed.is_queued = True
            feed.is_fresh = True
            self._queue(feed, self.now_s + min(feed.period_s, FIRST_S) * self.random.random())

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
        if feed.topic not in self.muted:
            connection.deliver(self.encode(feed, connection, payload))

    def publish(self, feed: Feed, payload: str) -> None:
        """Send one payload to every subscriber of a feed."""
        if self.muted and feed.topic in self.muted:
            return
        data = frame(payload.encode())
        for connection in feed.subscribers:
            connection.deliver(data)
        self.published += 1

    def tick(self, now_s: float) -> None:
        """Publish the periodic feeds that are due."""
        self.now_s = now_s
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
        """Publish one due feed; venues that skip unchanged feeds override this."""
        self.publish(feed, feed.render())

    def refresh_mute(self, now_s: float) -> None:
        """Learn which topics are silenced at the moment."""
        self.muted = set() if self.board.is_empty else self.board.muted_topics(self.name, self.markets, now_s)

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
