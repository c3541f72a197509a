"""Copy this file to `<exchange>.py`, and replace what it says here by the exchange's own rules.

The name of the file is the name of the exchange; there is nothing to register. A golden folder,
`tests/golden/<exchange>/`, and a section of the settings complete it; docs/adding-an-exchange.md walks
through all three. Cite the page of the exchange's documentation for every rule that the code obeys:
what a delta leaves out, what an empty string means, which clock stamps a message, how to stay alive.

The exchange of this file is invented. It has three streams per symbol and answers in one shape; each message
of a book has the number of the one before it, plus one, unless it is `full`:

    {"stream":"ticker.BTCUSDT","time":1700000000000,"last":"101.5","bid":"","volume":"12"}
    {"stream":"trades.BTCUSDT","time":1700000000000,"id":"t-1","price":"101.5","size":"2","taker":"buyer"}
    {"stream":"book.BTCUSDT","time":1700000000000,"n":7,"full":false,"bids":[["101","2"]],"asks":[["102","0"]]}
    {"done":7}        {"refused":7,"why":"no such stream","stream":"ticker.NOPE"}
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, Meta, MsgspecError, Struct, UnsetType
from msgspec.json import Decoder, encode

from actors.exchanges.base import (
    BOOK,
    TICKER,
    TRADES,
    Acknowledged,
    Command,
    Fetch,
    Limits,
    Refused,
    Resync,
    Topic,
    Turnover,
)
from actors.market.book import Book
from actors.market.events import BookDelta, BookSnapshot, Event, Gap, TickerUpdate, Trade, Value
from actors.market.instrument import SPOT, Instrument
from actors.runtime.errors import DecodeError

INFINITY = float("inf")
NS_PER_MS = 1_000_000
DEPTH = 20

# First the wire: one struct per shape, with the exchange's own names and a default for whatever may be
# absent. A field that is not listed is ignored: exchanges add some without notice. `strict=False` turns texts
# into floats while they are decoded, and the bounds refuse NaN, infinity and what is negative.

Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=2**43)]  # nanoseconds must stay within 64 bits
Positive: TypeAlias = Annotated[float, Meta(gt=0, le=1e300)]
Amount: TypeAlias = Annotated[float, Meta(ge=0, le=1e300)]


class Message(Struct):
    """Every frame: data names its stream, an answer says what was done or refused."""

    stream: str | None = None
    done: int | None = None
    refused: int | None = None
    why: str = ""


class Ticker(Struct):
    """Texts, because an empty one means something."""

    time: Milliseconds | None = None
    last: str | UnsetType = UNSET
    bid: str | UnsetType = UNSET
    volume: str | UnsetType = UNSET


class Traded(Struct, gc=False):
    """One trade."""

    time: Milliseconds
    id: Annotated[str, Meta(min_length=1)]
    price: Positive
    size: Positive
    taker: Literal["buyer", "seller"]


class Change(Struct, gc=False):
    """Levels of a book with their new sizes, or all of them."""

    time: Milliseconds
    n: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    full: bool
    bids: list[tuple[Positive, Amount]]
    asks: list[tuple[Positive, Amount]]


class Listed(Struct):
    """One instrument of the listing."""

    symbol: str
    base: str
    quote: str
    turnover: str = ""


_decode_message = Decoder(Message).decode  # made once: the hot path only calls them
_decode_ticker = Decoder(Ticker).decode
_decode_trade = Decoder(Traded, strict=False).decode
_decode_change = Decoder(Change, strict=False).decode
_decode_listing = Decoder(list[Listed]).decode

# Then the numbers: what is not told is None, never 0; what cannot be is refused, never passed on.


def _amount(text: str) -> float | None:
    """What may be zero but not negative; the comparison refuses NaN as well."""
    number = float(text or 0.0)
    if 0.0 <= number < INFINITY:
        return number if text else None
    raise ValueError(f"not an amount: {text}")


def _price(text: str) -> float | None:
    """A price of zero is no price."""
    return _amount(text) or None


_FIELDS: dict[str, tuple[str, Callable[[str], Value]]] = {  # theirs: (ours, what the text means)
    "last": ("price", _price),
    "bid": ("bid", _price),
    "volume": ("volume_24h", _amount),
}

# Then the codec. It may remember whatever it needs, because it lives no longer than its connection.


class Codec:
    """One life of one connection."""

    exchange: ClassVar[str] = "template"
    title: ClassVar[str] = "Template"
    markets: ClassVar[tuple[str, ...]] = (SPOT,)

    offers: tuple[str, ...] = (TICKER, TRADES, BOOK)  # what is not among them is never faked
    sampled: tuple[str, ...] = ()  # of which the exchange itself tells only a part
    depth_max = DEPTH  # 0 without books
    stream_url = "wss://stream.exchange.invalid"
    rest_url = "https://api.exchange.invalid"
    ping_every_s: float | None = 20.0  # None where the WebSocket's own pings are enough
    drops_on_unknown_topic = False  # True where one bad name costs the whole connection

    def __init__(self, market: str) -> None:
        self.market = market
        self.limits = Limits(topics_per_request=10, requests_per_s=5.0)
        self.heard: dict[str, int] = {}
        self._books: dict[str, tuple[Book, int]] = {}  # those that are whole, each with its number

    def stream_path(self, route: str) -> str:
        return "/v1/stream"

    def topics(self, symbol: str, channels: Collection[str]) -> Sequence[Topic]:
        """Trades may rightly be silent for hours; whatever repeats itself is `steady`."""
        topics = (
            Topic(f"ticker.{symbol}", symbol, TICKER),
            Topic(f"trades.{symbol}", symbol, TRADES, steady=False, greets=False),
        )
        return [topic for topic in topics if topic.channel in channels]

    def book(self, symbol: str, depth: int) -> Topic:
        return Topic(f"book.{symbol}", symbol, BOOK, steady=False)

    def subscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        return encode({"id": request_id, "subscribe": [topic.name for topic in topics]})

    def unsubscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        return encode({"id": request_id, "unsubscribe": [topic.name for topic in topics]})

    def ping(self) -> bytes:
        return b'{"ping":true}'

    def receive(self, frame: bytes, ts_recv: int) -> list[Event | Command]:
        try:
            message = _decode_message(frame)
            if message.stream and message.refused is None:
                return self._data(frame, message.stream, ts_recv)
        except (MsgspecError, ValueError, RecursionError) as error:
            raise DecodeError(f"template: {error}"[:200]) from error
        if message.refused is not None:
            return [Refused(message.why, message.refused, message.stream)]
        return [] if message.done is None else [Acknowledged(message.done)]

    def _data(self, frame: bytes, stream: str, ts_recv: int) -> list[Event | Command]:
        channel, _, symbol = stream.partition(".")
        meaning = {"ticker": self._ticker, "trades": self._trade, "book": self._change}.get(channel)
        told = meaning(frame, symbol, ts_recv) if meaning else []
        self.heard[stream] = ts_recv  # only after everything was understood
        return told

    def _ticker(self, frame: bytes, symbol: str, ts_recv: int) -> list[Event | Command]:
        message = _decode_ticker(frame)
        values: dict[str, Value] = {}
        for theirs, (ours, convert) in _FIELDS.items():
            text = getattr(message, theirs)
            if text is not UNSET:  # absent: unchanged; empty: now unknown
                values[ours] = convert(text)
        ts_event = None if message.time is None else message.time * NS_PER_MS
        return [TickerUpdate(symbol, values, ts_event, ts_recv)] if values else []

    def _trade(self, frame: bytes, symbol: str, ts_recv: int) -> list[Event | Command]:
        row = _decode_trade(frame)
        side: Literal["buy", "sell"] = "buy" if row.taker == "buyer" else "sell"
        return [Trade(symbol, row.id, row.price, row.size, side, row.time * NS_PER_MS, ts_recv)]

    def _change(self, frame: bytes, symbol: str, ts_recv: int) -> list[Event | Command]:
        """Nothing is told of a book that is not whole: one `Gap`, one order, then silence until it is."""
        change = _decode_change(frame)
        if change.full:
            book = Book()
            book.load(change.bids, change.asks)
        elif symbol in self._books:
            book, number = self._books[symbol]
            if change.n <= number:
                return []  # a repetition
            if change.n != number + 1:
                reason = f"{change.n} follows {number}"
                return self._break(symbol, "sequence", reason, ts_recv, change.n - number - 1)
            book.update(change.bids, change.asks)
        else:
            return []  # it changes nothing that is known
        if book.is_crossed():
            return self._break(symbol, "crossed", f"{book.best_bid} meets {book.best_ask}", ts_recv)
        self._books[symbol] = book, change.n
        ts_event = change.time * NS_PER_MS
        if change.full:
            return [BookSnapshot(symbol, *book.top(DEPTH), DEPTH, change.n, ts_event, ts_recv)]
        return [BookDelta(symbol, change.bids, change.asks, change.n, ts_event, ts_recv, book.page())]

    def _break(
        self, symbol: str, cause: str, reason: str, ts_recv: int, missed: int | None = None
    ) -> list[Event | Command]:
        """A real exchange's orders need growing pauses in between: `_pauses.py`."""
        if self._books.pop(symbol, None) is None:
            return []
        return [Gap(symbol, BOOK, cause, reason, ts_recv, missed), Resync(f"book.{symbol}")]

    def fetches(self, symbols: Iterable[str], route: str) -> Sequence[Fetch]:
        """Nothing here: the stream tells everything. Otherwise `Fetch(tag, path, every_s=…)`."""
        return ()

    def receive_fetched(self, fetch: Fetch, body: bytes, ts_recv: int) -> list[Event | Command]:
        return []

    def missed_trades(self, symbol: str) -> Fetch | None:
        return None

    def candles(self, symbol: str) -> Fetch | None:
        return None

    def listing(self, wanted: Iterable[str]) -> Sequence[Fetch]:
        return (Fetch("instruments", "/v1/instruments"),)

    def receive_listing(self, fetch: Fetch, body: bytes) -> Sequence[Instrument | Turnover | Fetch]:
        try:
            return [found for row in _decode_listing(body) for found in self._listed(row)]
        except (MsgspecError, ValueError, RecursionError) as error:
            raise DecodeError(f"template: {error}"[:200]) from error

    def _listed(self, row: Listed) -> tuple[Instrument, Turnover]:
        instrument = Instrument(
            exchange=self.exchange, market=self.market, symbol=row.symbol, base=row.base, quote=row.quote
        )
        return instrument, Turnover(row.symbol, _amount(row.turnover) or 0.0)
