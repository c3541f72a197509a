"""What both Binance markets share on the WebSocket: requests, acks, limits, pings, combined streams.

Streams that do not exist (or sit on the wrong route) are acknowledged like any other and stay silent.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import trio

from simulator.binance_limits import RequestLimiter
from simulator.binance_rest import BadRequest
from simulator.binance_streams import BurstFeed, KlineFeed, kline_interval
from simulator.connection import Connection
from simulator.depth import Level
from simulator.faults import FaultBoard
from simulator.frames import Reply, frame, json_frame
from simulator.instruments import Instrument
from simulator.settings import SimulatorSettings
from simulator.venue import Feed, VenueServer
from simulator.world import World

STREAMS_LIMIT: Final = 1_024  # per connection
INBOUND_WINDOW_S: Final = 1.0  # within which the messages of a client are counted
TOO_MANY_REQUESTS: Final = 1008
GONE: Final = frozenset({"BREAK", "CLOSE"})  # symbols of this status say nothing any more
UNKNOWN_EVERY: Final = 8  # so many updates apart a diff deletes a level that nobody knew, as real ones do


class BinanceServer(VenueServer):
    """One Binance market; subclasses know its streams, routes and REST."""

    inbound_per_second = 5
    payload_limit_bytes = 1 << 20
    ping_s = 20.0
    pong_s = 60.0
    rate_limit_body = b'{"code":-1003,"msg":"Too many requests."}'

    def __init__(
        self, world: World, board: FaultBoard, settings: SimulatorSettings, weight_per_minute: int
    ) -> None:
        super().__init__(world, board, settings)
        self.limiter = RequestLimiter(weight_per_minute)
        self._array_updates: dict[str, int] = {}

    @abstractmethod
    def make_feed(self, stream: str, instrument: Instrument, channel: str) -> Feed | None:
        """The feed of one stream of an instrument; None when this market has no such stream."""

    @abstractmethod
    def make_array_feed(self, stream: str) -> Feed | None:
        """The feed of an all-market stream (`!…`); None when this market has no such stream."""

    @abstractmethod
    def kline_period_s(self, interval: str) -> float:
        """How often a candle that is still open is sent."""

    @abstractmethod
    def weight(self, path: str, query: Mapping[str, str]) -> int:
        """What a REST request weighs."""

    @abstractmethod
    def resource(self, path: str, query: Mapping[str, str]) -> Reply:
        """The answer to a REST request that may be asked; raises BadRequest."""

    @abstractmethod
    def is_routed(self, connection: Connection, stream: str) -> bool:
        """Whether this connection's route carries the stream."""

    def open(self, connection: Connection, path: str, query: Mapping[str, str]) -> None:
        """Take the streams named in the address: `/ws/<stream>` raw, `/stream?streams=a/b` wrapped."""
        kind, _, raw_streams = path.lstrip("/").partition("/")
        connection.combined = kind == "stream"
        named = query.get("streams", "") if connection.combined else raw_streams
        for stream in filter(None, named.split("/")):
            self._add(connection, stream)

    def on_inbound(self, connection: Connection) -> bool:
        """Pings, pongs and requests all count; too many within a second end the connection."""
        if connection.closing:
            return False
        times = connection.inbound_times
        now_s = trio.current_time()
        times.append(now_s)
        while times[0] <= now_s - INBOUND_WINDOW_S:
            times.popleft()
        if len(times) > self.inbound_per_second:
            connection.close(TOO_MANY_REQUESTS, "Too many requests")
            return False
        return True

    def receive(self, connection: Connection, text: str) -> None:
        """Answer one request."""
        if len(text.encode()) > self.payload_limit_bytes:
            return  # the real server ignores it without a word
        try:
            request = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError:
            _fail(connection, 3, "Invalid JSON: expected value at line 1 column 1", None)
            return
        method, streams, number = request.get("method"), request.get("params"), request.get("id")
        if method == "LIST_SUBSCRIPTIONS":
            connection.answer(json_frame({"result": list(connection.topics), "id": number}))
        elif method not in ("SUBSCRIBE", "UNSUBSCRIBE"):
            known = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
            _fail(
                connection, 2, f"Invalid request: unknown variant {method}, expected one of {known}", number
            )
        elif not isinstance(streams, list):
            _fail(connection, 2, "Invalid request: streams must be an array", number)
        elif method == "SUBSCRIBE":
            self._subscribe(connection, [str(stream) for stream in streams], number)
        else:
            for stream in map(str, streams):
                connection.topics.pop(stream, None)
                self.detach(connection, stream)
            connection.answer(json_frame({"result": None, "id": number}))

    def _subscribe(self, connection: Connection, streams: list[str], number: object) -> None:
        fresh = dict.fromkeys(stream for stream in streams if stream not in connection.topics)
        if len(connection.topics) + len(fresh) > STREAMS_LIMIT:
            _fail(connection, 4, "Too many subscriptions", number)
            return
        refused = next((stream for stream in fresh if self.is_refused(stream)), None)
        if refused is not None:
            _fail(connection, 2, f"Invalid request: invalid stream {refused}", number)
            return
        connection.answer(json_frame({"result": None, "id": number}))
        for stream in fresh:
            self._add(connection, stream)

    def _add(self, connection: Connection, stream: str) -> None:
        """Note the stream, and attach it when it exists and the route carries it."""
        connection.topics[stream] = None
        if not self.is_routed(connection, stream):
            return
        feed = self.feeds.get(stream) or self._new_feed(stream)
        if feed is not None:
            self.attach(connection, feed)

    def _new_feed(self, stream: str) -> Feed | None:
        name, _, channel = stream.partition("@")
        if name.startswith("!"):
            feed = self.make_array_feed(stream)
        else:
            instrument = self.instruments.get(name.upper())
            has_traded = instrument is not None and instrument.bid_size > 0.0
            is_known = has_traded and name == name.lower()
            feed = self._make_feed(stream, instrument, channel) if is_known and instrument else None
        if feed is not None:
            self.feeds[stream] = feed
        return feed

    def _make_feed(self, stream: str, instrument: Instrument, channel: str) -> Feed | None:
        interval = kline_interval(channel)
        if interval is None:
            return self.make_feed(stream, instrument, channel)
        if interval == "1s" and instrument.kind != "spot":
            return None
        return KlineFeed(stream, instrument, self.world, interval, self.kline_period_s(interval))

    def changed_feed(self, stream: str, render: Callable[[Instrument, int], str], period_s: float) -> Feed:
        """An array stream with the instruments that traded since it was last sent."""

        def array() -> str:
            rows = [render(row, self.world.now_ms) for row in self._changed_instruments(stream)]
            return f"[{','.join(rows)}]" if rows else ""

        return Feed(stream, None, array, period_s)

    def _changed_instruments(self, stream: str) -> list[Instrument]:
        changed = []
        for symbol, instrument in self.instruments.items():
            key = f"{stream}/{symbol}"
            if instrument.live and self._array_updates.get(key) != instrument.trades_24h:
                self._array_updates[key] = instrument.trades_24h
                changed.append(instrument)
        return changed

    def unknown_asks(self, instrument: Instrument, last: int) -> list[Level]:
        """Now and then the deletion of a level far away that no snapshot showed: clients must not mind."""
        if last % UNKNOWN_EVERY or instrument.one_sided:
            return []
        ticks = 4 * round(instrument.bid / instrument.tick) + 5_000
        return [(ticks * instrument.tick, 0.0)]

    def publish_stream(self, stream: str) -> None:
        """Send what a stream has to say, if somebody listens."""
        feed = self.feeds.get(stream)
        if feed is not None and feed.subscribers:
            self.publish_periodic(feed)

    def publish_periodic(self, feed: Feed) -> None:
        """Publish one feed: each of its messages, nothing when it has none or its symbol is gone."""
        if feed.instrument is not None and feed.instrument.status in GONE and not feed.channel:
            return  # what books and trades have gathered before the end is still told
        if not isinstance(feed, BurstFeed):
            super().publish_periodic(feed)
            return
        for payload in feed.drain():
            self.publish(feed, payload)

    def past_trades(self, feed: Feed) -> str:
        """The newest trade once more."""
        return feed.past() if isinstance(feed, BurstFeed) else ""

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
        """Answer one REST request within the limits; every answer tells the weight used so far."""
        refusal = self.limiter.refuse(self.weight(path, query), self.now_s, self.world.now_ms)
        return self.limiter.stamp(refusal or self._resource(path, query))

    def _resource(self, path: str, query: Mapping[str, str]) -> Reply:
        try:
            return self.resource(path, query)
        except BadRequest as error:
            return error.reply

    def encode(self, feed: Feed, connection: Connection, payload: str) -> bytes:
        """Wrapped on combined connections, bare on raw ones."""
        if connection.combined:
            return frame(f'{{"stream":"{feed.topic}","data":{payload}}}'.encode())
        return frame(payload.encode())

    def broadcast(self, feed: Feed, payload: str) -> None:
        """Render each of the two forms at most once."""
        combined = raw = b""
        for connection in feed.subscribers:
            if connection.combined:
                combined = combined or self.encode(feed, connection, payload)
                connection.deliver(combined)
            else:
                raw = raw or self.encode(feed, connection, payload)
                connection.deliver(raw)
        self.published += 1

    def announce_shutdown(self, connection: Connection) -> None:
        """Send the event that precedes maintenance."""
        event = f'{{"e":"serverShutdown","E":{self.world.now_ms}}}'
        text = f'{{"stream":"!serverShutdown","data":{event}}}' if connection.combined else event
        connection.answer(frame(text.encode()))

    def sweep(self, connection: Connection, now_s: float) -> None:
        """Ping, drop a client that does not answer, and end a connection after its lifetime."""
        if now_s - connection.opened_s > self.settings.binance_lifetime_s:
            connection.close(1001)
        elif connection.unanswered_s is not None and now_s - connection.unanswered_s > self.pong_s:
            connection.abort()
        elif now_s - connection.pinged_s > self.ping_s and not connection.closing:
            connection.ping()


def _fail(connection: Connection, code: int, text: str, number: object) -> None:
    """An error in the observed form."""
    connection.answer(json_frame({"error": {"code": code, "msg": text}, "id": number}))
