"""An exchange that does not exist, in memory: its codec, its connection and its REST, all by script.

Its frames are JSON: `{"topic": ..., "number": ...}` is data, whose meaning follows from the topic's channel;
`{"ack": id}`, `{"refused": id, "topic": ...}` and `{"order": ...}` are what they say.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec
import trio

from actors.exchanges.base import (
    BOOK,
    CHANNELS,
    LIQUIDATIONS,
    QUOTE,
    TICKER,
    TRADES,
    Acknowledged,
    Command,
    Fetch,
    Limits,
    Refused,
    Resync,
    Rollover,
    Topic,
)
from actors.feed.transport import Connection, Rest, Transport
from actors.market.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Liquidation,
    Page,
    Quote,
    ServerTime,
    TickerUpdate,
    Trade,
    TradesRecovered,
)
from actors.runtime.errors import ConnectionClosed, DecodeError, FeedError

EPOCH_NS = 1_700_000_000_000_000_000
BEAT_S = 0.25
LIMITS = Limits(topics_per_request=10, requests_per_s=20.0, fetch_weight_per_min=6000.0)


def now_ns() -> int:
    """Unix time under a mock clock."""
    return EPOCH_NS + round(trio.current_time() * 1e9)


class MadeUpCodec:
    """`routed` sends trades over a route of their own; `snapshots` are fetched where they do not stream."""

    exchange: ClassVar[str] = "made_up"
    title: ClassVar[str] = "Made Up"
    markets: ClassVar[tuple[str, ...]] = ("linear",)
    offers: tuple[str, ...] = CHANNELS
    sampled: tuple[str, ...] = ()
    depth_max = 200
    market = "linear"
    limits = LIMITS
    stream_url = "wss://made.up"
    rest_url = "https://made.up"
    drops_on_unknown_topic = False

    def __init__(self, *, routed: bool = False, snapshots: bool = False, clock: bool = False) -> None:
        self.heard: dict[str, int] = {}
        self.ping_every_s: float | None = 20.0
        self._routed, self._snapshots, self._clock = routed, snapshots, clock

    def stream_path(self, route: str) -> str:
        return f"/{route}"

    def topics(self, symbol: str, channels: Collection[str]) -> Sequence[Topic]:
        return [self._topic(channel, symbol) for channel in CHANNELS if channel in channels]

    def _topic(self, channel: str, symbol: str) -> Topic:
        often = channel in (TICKER, QUOTE)
        route = "tape" if self._routed and channel == TRADES else ""
        return Topic(f"{channel}.{symbol}", symbol, channel, route, steady=often, greets=often)

    def book(self, symbol: str, depth: int) -> Topic:
        return Topic(f"book{depth}.{symbol}", symbol, BOOK)

    def subscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        return msgspec.json.encode({"id": request_id, "subscribe": [topic.name for topic in topics]})

    def unsubscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        return msgspec.json.encode({"id": request_id, "unsubscribe": [topic.name for topic in topics]})

    def ping(self) -> bytes:
        return b'{"ping":1}'

    def receive(self, frame: bytes, ts_recv: int) -> list[Event | Command]:
        try:
            message: dict[str, Any] = msgspec.json.decode(frame)
        except msgspec.DecodeError as error:
            raise DecodeError("made up") from error
        if "order" in message:
            return [self._order(message["order"])]
        if "ack" in message:
            return [Acknowledged(message["ack"])]
        if "refused" in message:
            return [Refused("no such topic", message["refused"], message.get("topic"))]
        if "topic" not in message:
            return []
        self.heard[message["topic"]] = ts_recv
        kind, symbol = message["topic"].split(".")
        return self._data(kind, symbol, message["number"], ts_recv)

    def _order(self, order: str) -> Command:
        return Rollover("closing soon") if order == "rollover" else Resync(order)

    def _data(self, kind: str, symbol: str, number: int, ts: int) -> list[Event | Command]:
        match kind:
            case "ticker":
                return [TickerUpdate(symbol, {"price": float(number)}, ts, ts)]
            case "quote":
                return [Quote(symbol, 1.0, 1.0, 2.0, float(number), ts, ts)]
            case "trades":
                return [Trade(symbol, str(number), 1.0, 1.0, "buy", ts, ts)]
            case "liquidations":
                return [Liquidation(symbol, "long", 1.0, 1.0, ts, ts)]
            case "candles":
                return []
        if number == 0 and self._snapshots:
            return [Fetch("book", f"/book/{symbol}", symbol, urgent=True, retry_s=1.0)]
        if number == 0:
            return [BookSnapshot(symbol, [(9.0, 1.0)], [(10.0, 1.0)], 50, 0, ts, ts)]
        size = 1.0 + number
        page = Page([9.0], {9.0: size}, [10.0], {10.0: 1.0})
        return [BookDelta(symbol, [(9.0, size)], [], number, ts, ts, page)]

    def fetches(self, symbols: Iterable[str], route: str) -> Sequence[Fetch]:
        funding = [Fetch("funding", f"/funding/{symbol}", symbol, every_s=60.0) for symbol in symbols]
        return [*funding, Fetch("time", "/time", every_s=60.0)] if self._clock else ()

    def receive_fetched(self, fetch: Fetch, body: bytes, ts_recv: int) -> list[Event | Command]:
        symbol = fetch.symbol
        if body == b"garbage":
            raise DecodeError("garbage")
        match fetch.tag:
            case "time":
                return [ServerTime(ts_recv, ts_recv)]
            case "funding":
                return [TickerUpdate(symbol, {"funding_rate": 0.1}, None, ts_recv)]
            case "missed":
                missed = Trade(symbol, "missed", 1.0, 1.0, "sell", ts_recv, ts_recv, backfill=True)
                return [missed, TradesRecovered(symbol, ts_recv, True)]
            case "candles":
                bar = Candle(symbol, 60, 0, 1.0, 1.0, 1.0, 1.0, 1.0, None, None, None, True, ts_recv)
                return [bar]
        return [BookSnapshot(symbol, [(9.0, 1.0)], [(10.0, 1.0)], 50, 1, ts_recv, ts_recv)]

    def missed_trades(self, symbol: str) -> Fetch | None:
        return Fetch("missed", f"/trades/{symbol}", symbol)

    def candles(self, symbol: str) -> Fetch | None:
        return Fetch("candles", f"/candles/{symbol}", symbol)

    def listing(self, wanted: Iterable[str]) -> Sequence[Fetch]:
        return ()

    def receive_listing(self, fetch: Fetch, body: bytes) -> Sequence[Any]:
        return ()


@dataclass
class MadeUpExchange:
    """Speaks about every subscribed topic four times a second, except those that are `rare` or `mute`.

    `refused` topics are refused, `deaf` ones never answered. `slow_rest_s` delays each answer of REST.
    """

    refused: set[str] = field(default_factory=set)
    deaf: set[str] = field(default_factory=set)
    mute: set[str] = field(default_factory=set)
    rare: set[str] = field(default_factory=lambda: {LIQUIDATIONS, "candles"})
    stalled: bool = False
    down: FeedError | None = None
    rest_down: FeedError | None = None
    slow_rest_s: float = 0.01
    body: bytes = b"{}"
    open: list[MadeUpConnection] = field(default_factory=list)
    connected_s: list[float] = field(default_factory=list)
    requests: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    fetched: list[tuple[float, str]] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    def transport(self) -> Transport:
        return Transport(self.connect, self.open_rest)

    @asynccontextmanager
    async def connect(self, url: str) -> AsyncIterator[Connection]:
        await trio.sleep(0.01)
        if self.down is not None:
            raise self.down
        connection = MadeUpConnection(self)
        self.open.append(connection)
        self.connected_s.append(trio.current_time())
        try:
            yield connection
        finally:
            self.open.remove(connection)

    @asynccontextmanager
    async def open_rest(self, base_url: str) -> AsyncIterator[Rest]:
        yield MadeUpRest(self)

    def asked(self, operation: str, topic: str) -> list[float]:
        """When a topic was subscribed or unsubscribed."""
        return [when_s for when_s, request in self.requests if topic in request.get(operation, ())]

    def asked_rest(self, path: str) -> list[float]:
        """When a path was asked for over REST."""
        return [when_s for when_s, each in self.fetched if each.startswith(path)]


@dataclass
class MadeUpConnection:
    exchange: MadeUpExchange
    topics: dict[str, int] = field(default_factory=dict)
    said: list[dict[str, Any]] = field(default_factory=list)
    failure: FeedError | None = None
    woken: trio.Event = field(default_factory=trio.Event)

    def say(self, **message: Any) -> None:
        """Have a message read at once."""
        self.said.append(message)
        self.woken.set()

    def fail(self, error: FeedError | None = None) -> None:
        """End it."""
        self.failure = error or ConnectionClosed("closed by the exchange with 1001")
        self.woken.set()

    async def receive(self) -> list[bytes]:
        while True:
            with trio.move_on_after(BEAT_S):
                await self.woken.wait()
            self.woken = trio.Event()
            if self.failure is not None:
                raise self.failure
            said, self.said = self.said, []
            said += [self._datum(topic) for topic in self.topics if self._speaks(topic)]
            if said:
                return [msgspec.json.encode(message) for message in said]

    async def send(self, payload: bytes) -> None:
        await trio.lowlevel.checkpoint()
        request = msgspec.json.decode(payload)
        self.exchange.requests.append((trio.current_time(), request))
        if "ping" in request:
            self.said.append({"pong": 1})
            return
        for topic in request.get("unsubscribe", ()):
            self.topics.pop(topic, None)
        wanted = request.get("subscribe", ())
        culprits = [topic for topic in wanted if topic in self.exchange.refused]
        if culprits:
            self.said.append({"refused": request["id"], "topic": culprits[0]})
            return
        self.topics |= {topic: -1 for topic in wanted if topic not in self.exchange.deaf}
        if wanted and not self.exchange.deaf.intersection(wanted):
            self.said.append({"ack": request["id"]})

    def _speaks(self, topic: str) -> bool:
        exchange = self.exchange
        return (
            not exchange.stalled and topic not in exchange.mute and topic.split(".")[0] not in exchange.rare
        )

    def _datum(self, topic: str) -> dict[str, Any]:
        """A stream's number is the count of quarter seconds, so that two connections tell the same; a book
        begins with 0, its snapshot."""
        first = self.topics[topic] < 0
        number = 0 if first and topic.startswith("book") else round(trio.current_time() / BEAT_S)
        self.topics[topic] = number
        return {"topic": topic, "number": number}


@dataclass
class MadeUpRest:
    exchange: MadeUpExchange

    async def fetch(self, fetch: Fetch) -> bytes:
        exchange = self.exchange
        exchange.fetched.append((trio.current_time(), fetch.path))
        exchange.under_way += 1
        exchange.most_under_way = max(exchange.most_under_way, exchange.under_way)
        try:
            await trio.sleep(exchange.slow_rest_s)
        finally:
            exchange.under_way -= 1
        if exchange.rest_down is not None:
            raise exchange.rest_down
        return exchange.body
