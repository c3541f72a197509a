"""What both Binance markets share on the WebSocket: requests, acks, limits, pings, combined streams.

Streams that do not exist (or sit on the wrong route) are acknowledged like any other and stay silent.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import trio

from simulator.connection import Connection
from simulator.faults import FaultBoard
from simulator.frames import Reply, frame, json_frame
from simulator.instruments import Instrument
from simulator.settings import SimulatorSettings
from simulator.venue import Feed, VenueServer
from simulator.world import World

STREAMS_LIMIT: Final = 1_024  # per connection
TOO_MANY_REQUESTS: Final = 1008
NOT_FOUND: Final = Reply(b"<html><body><h2>404 Not found</h2></body></html>", 404, "text/html")


class BinanceServer(VenueServer):
    """One Binance market; subclasses know its streams, routes and REST."""

    inbound_per_second = 5
    payload_limit_bytes = 1 << 20
    ping_s = 20.0
    pong_s = 60.0
    rate_limit_body = b'{"code":-1003,"msg":"Too many requests."}'

    def __init__(self, world: World, board: FaultBoard, settings: SimulatorSettings) -> None:
        super().__init__(world, board, settings)
        self._array_updates: dict[str, int] = {}

    @abstractmethod
    def make_feed(self, stream: str, instrument: Instrument, channel: str) -> Feed | None:
        """The feed of one stream of an instrument; None when this market has no such stream."""

    @abstractmethod
    def make_array_feed(self, stream: str) -> Feed | None:
        """The feed of an all-market stream (`!…`); None when this market has no such stream."""

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
        while times[0] <= now_s - 1.0:
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
            is_known = instrument is not None and instrument.live and name == name.lower()
            feed = self.make_feed(stream, instrument, channel) if is_known and instrument else None
        if feed is not None:
            self.feeds[stream] = feed
        return feed

    def changed_instruments(self, stream: str) -> list[Instrument]:
        """The instruments that traded since this array stream was last sent."""
        changed = []
        for symbol, instrument in self.instruments.items():
            key = f"{stream}/{symbol}"
            if instrument.live and self._array_updates.get(key) != instrument.trades_24h:
                self._array_updates[key] = instrument.trades_24h
                changed.append(instrument)
        return changed

    def publish_periodic(self, feed: Feed) -> None:
        """Array streams have nothing to say when nothing changed."""
        payload = feed.render()
        if payload != "[]":
            self.publish(feed, payload)

    def encode(self, feed: Feed, connection: Connection, payload: str) -> bytes:
        """Wrapped on combined connections, bare on raw ones."""
        if connection.combined:
            return frame(f'{{"stream":"{feed.topic}","data":{payload}}}'.encode())
        return frame(payload.encode())

    def publish(self, feed: Feed, payload: str) -> None:
        """Render each of the two forms at most once."""
        if self.muted and feed.topic in self.muted:
            return
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


def percent(instrument: Instrument) -> str:
    """The 24 h change, already in percent."""
    return f"{instrument.change_24h * 100:.3f}"


def average(instrument: Instrument) -> float:
    """The volume-weighted average price of the day."""
    return instrument.turnover_24h / instrument.volume_24h if instrument.volume_24h else 0.0


def window(instrument: Instrument, now_ms: int) -> str:
    """The fields that end every 24 h ticker: window, trade ids, trade count."""
    first = instrument.trade_id - instrument.trades_24h + 1
    return (
        f'"O":{now_ms - 86_400_000},"C":{now_ms},"F":{max(0, first)},"L":{instrument.trade_id},'
        f'"n":{instrument.trades_24h}'
    )
