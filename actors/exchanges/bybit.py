"""Bybit v5. The rules, with the page of bybit-exchange.github.io/docs/v5 that states each:

- "Websocket / Ticker": derivatives send a `snapshot`, then `delta`s in which an absent field has not
  changed (so a delta before its snapshot applies to nothing); spot sends snapshots only, without bid and
  ask. `price24hPcnt` is a fraction. `openInterest` counts both sides, `singleOpenInterest` one.
  Spot's `usdIndexPrice` is the coin's price in dollars, not the market's index. (Measured: no value is an
  empty string, and an empty side of the book is "" or the price "0".)
- "Websocket / Orderbook": level 1 sends snapshots only, and the same `u` again after 3 s without change.
  `cts` is the matching engine's time. `orderbook.rpi` and `orderbook.full` are other channels. The deeper
  books: `_bybit_book.py`; trades, liquidations and candles: `_bybit_trades.py`.
- "Websocket / Connect": `{"op":"ping"}` every 20 s, and the answer's `op` is "ping" too; at most 21,000
  characters of topics per connection, on spot 10 topics per request. An answer names no topics unless it
  refuses one, and may come after the first data.
- "Rate Limit": 600 requests within 5 s per IP, for both markets together; who exceeds it is locked out for
  ten minutes. A market that has been idle may ask 10 s' worth at once (hence 1000 a minute: 500 within 5 s).
- "Error Codes": `retCode` inside HTTP 200; 10006 and 10018 are rate limits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import ClassVar

from msgspec.json import encode

from actors.exchanges import _bybit_listing, _bybit_rest
from actors.exchanges._bybit_book import BookStream, QuoteStream
from actors.exchanges._bybit_ticker import TickerStream
from actors.exchanges._bybit_trades import CandleStream, LiquidationStream, TradeStream
from actors.exchanges._bybit_wire import MALFORMED, Message, Stream, decode_message
from actors.exchanges.base import (
    BOOK,
    CANDLES,
    LIQUIDATIONS,
    QUOTE,
    TICKER,
    TRADES,
    Acknowledged,
    Command,
    Fetch,
    Limits,
    Refused,
    Topic,
    Turnover,
)
from actors.market.events import Event
from actors.market.instrument import LINEAR, SPOT, Instrument
from actors.runtime.errors import DecodeError

DEPTHS = (50, 200)
_DEPTHS_UNDERSTOOD = {"50": 50, "200": 200, "500": 500, "1000": 1000}
_HEAD = b'{"topic":"'
_STREAMS: dict[str, type[Stream]] = {
    "tickers": TickerStream,
    "publicTrade": TradeStream,
    "allLiquidation": LiquidationStream,
}


def _request(op: str, topics: Sequence[Topic], request_id: int) -> bytes:
    return encode({"req_id": str(request_id), "op": op, "args": [topic.name for topic in topics]})


def _answered(message: Message) -> list[Event | Command]:
    """An answer to a request. Pongs, and acknowledgements that name nothing, mean nothing."""
    reason, id_text = message.ret_msg or "", message.req_id or ""
    request_id = int(id_text) if re.fullmatch("[0-9]{1,18}", id_text) else None
    if message.success is False:
        found = re.search(r"(?:,topic:|^Invalid symbol :\[)([^\s,\]]+)\]?$", reason)
        topic = found[1] if found else None
        if topic and "already subscribed" in reason:
            return [Acknowledged(topic=topic)]
        return [Refused(reason, request_id, topic)]
    if message.success and message.op in ("subscribe", "unsubscribe") and request_id is not None:
        return [Acknowledged(request_id)]
    return []


class Codec:
    """One life of one connection to `/v5/public/linear` or `/v5/public/spot`."""

    exchange: ClassVar[str] = "bybit"
    title: ClassVar[str] = "Bybit"
    markets: ClassVar[tuple[str, ...]] = (LINEAR, SPOT)

    stream_url = "wss://stream.bybit.com"
    rest_url = "https://api.bybit.com"
    ping_every_s: float | None = 20.0
    drops_on_unknown_topic = False
    depth_max = DEPTHS[-1]

    def __init__(self, market: str) -> None:
        self.market = market
        # A linear ticker tells the best prices itself; only linear positions can be liquidated.
        own = QUOTE if market == SPOT else LIQUIDATIONS
        self.offers: tuple[str, ...] = (TICKER, TRADES, BOOK, CANDLES, own)
        self.sampled: tuple[str, ...] = ()
        self.limits = Limits(
            topics_per_request=10 if market == SPOT else 200,
            requests_per_s=10.0,
            topic_chars_per_connection=20_000,
            fetch_weight_per_min=1000.0,
        )
        self.heard: dict[str, int] = {}
        self._streams: dict[bytes, Stream] = {}  # by how their frames begin
        self._tellers: dict[str, BookStream] = {}

    def stream_path(self, route: str) -> str:
        return f"/v5/public/{self.market}"

    def topics(self, symbol: str, channels: Collection[str]) -> Sequence[Topic]:
        """What moves with trades may rightly be silent, as a spot ticker does; level 1 repeats itself."""
        topics = (
            Topic(f"tickers.{symbol}", symbol, TICKER, steady=self.market == LINEAR),
            Topic(f"orderbook.1.{symbol}", symbol, QUOTE),
            Topic(f"publicTrade.{symbol}", symbol, TRADES, steady=False, greets=False),
            Topic(f"allLiquidation.{symbol}", symbol, LIQUIDATIONS, steady=False, greets=False),
            Topic(f"kline.1.{symbol}", symbol, CANDLES, steady=False, greets=False),
        )
        return [topic for topic in topics if topic.channel in channels and topic.channel in self.offers]

    def book(self, symbol: str, depth: int) -> Topic:
        """A snapshot at once, and then nothing while nothing changes."""
        level = next((each for each in DEPTHS if each >= depth), self.depth_max)
        return Topic(f"orderbook.{level}.{symbol}", symbol, BOOK, steady=False)

    def subscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        return _request("subscribe", topics, request_id)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        for topic in topics:
            stream = self._streams.get(_HEAD + topic.name.encode())
            if stream is not None:
                stream.leave()
        return _request("unsubscribe", topics, request_id)

    def ping(self) -> bytes:
        return b'{"op":"ping"}'

    def receive(self, frame: bytes, ts_recv: int) -> list[Event | Command]:
        stream = self._streams.get(frame[: frame.find(b'"', 10)])
        if stream is None:
            return self._receive_other(frame, ts_recv)
        return self._receive_of(stream, frame, ts_recv)

    def _receive_of(self, stream: Stream, frame: bytes, ts_recv: int) -> list[Event | Command]:
        try:
            told = stream.receive(frame, ts_recv)
        except MALFORMED as error:
            raise DecodeError(f"bybit: {error}"[:200]) from error
        if told is None:
            return []
        self.heard[stream.topic] = ts_recv
        return told

    def _receive_other(self, frame: bytes, ts_recv: int) -> list[Event | Command]:
        """What is no data, what comes for the first time, and what does not begin with its topic."""
        try:
            message = decode_message(frame)
            stream = self._stream(message.topic)
        except MALFORMED as error:
            raise DecodeError(f"bybit: {error}"[:200]) from error
        if stream is not None:
            return self._receive_of(stream, frame, ts_recv)
        if not message.topic:
            return _answered(message)
        self.heard[message.topic] = ts_recv
        return []

    def _stream(self, topic: str) -> Stream | None:
        """The stream of a topic; `None` for channels that are not ours."""
        head = _HEAD + topic.encode()
        stream = self._streams.get(head) or self._opened(topic)
        if stream is not None:
            self._streams[head] = stream
        return stream

    def _opened(self, topic: str) -> Stream | None:
        channel, _, rest = topic.partition(".")
        if channel in _STREAMS:
            return _STREAMS[channel](topic, rest)
        level, _, symbol = rest.partition(".")
        if channel == "orderbook" and level == "1":
            return QuoteStream(topic, symbol)
        if channel == "orderbook" and level in _DEPTHS_UNDERSTOOD:
            return BookStream(topic, symbol, _DEPTHS_UNDERSTOOD[level], self._tellers)
        return CandleStream(topic, symbol) if channel == "kline" and level == "1" else None

    def fetches(self, symbols: Iterable[str], route: str) -> Sequence[Fetch]:
        return (_bybit_rest.clock(),)

    def receive_fetched(self, fetch: Fetch, body: bytes, ts_recv: int) -> list[Event | Command]:
        return [*_bybit_rest.read(fetch, body, ts_recv)]

    def missed_trades(self, symbol: str) -> Fetch | None:
        return _bybit_rest.missed_trades(self.market, symbol)

    def candles(self, symbol: str) -> Fetch | None:
        return _bybit_rest.candles(self.market, symbol)

    def listing(self, wanted: Iterable[str]) -> Sequence[Fetch]:
        return _bybit_listing.requests(self.market)

    def receive_listing(self, fetch: Fetch, body: bytes) -> Sequence[Instrument | Turnover | Fetch]:
        answer = _bybit_rest.opened(body)
        try:
            page = _bybit_listing.decode_page(answer.result)
            return list(_bybit_listing.listed(self.market, fetch, page))
        except MALFORMED as error:
            raise DecodeError(f"bybit: {error}"[:200]) from error
