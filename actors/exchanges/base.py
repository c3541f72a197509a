"""The contract of an exchange codec: frames in, events and commands out, nothing else.

A codec is pure: it opens no socket, reads no clock, logs nothing. One object serves one life of one
connection, so that no sequence state survives a reconnect. Effects are values: what must be sent or
fetched is returned, and whoever holds the connection does it.

The names of symbols, topics, pings, limits and refusals are the exchange's own; here they end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import ClassVar, Protocol, TypeAlias

from msgspec import Struct

from actors.market.events import Event
from actors.market.instrument import Instrument

TICKER = "ticker"
QUOTE = "quote"
TRADES = "trades"
BOOK = "book"
LIQUIDATIONS = "liquidations"
CANDLES = "candles"
CHANNELS = (TICKER, QUOTE, TRADES, BOOK, LIQUIDATIONS, CANDLES)


class Topic(Struct, frozen=True):
    """One stream that can be subscribed.

    `name` is unique within the market and is the exchange's spelling where it has one. `route` names
    the connection that carries it, for exchanges that split a market over several. `steady` streams
    repeat themselves within seconds, so that their silence means something; others (trades of a
    quiet coin) may rightly say nothing for hours. One that `greets` speaks at least once, right after it was
    subscribed.
    """

    name: str
    symbol: str
    channel: str
    route: str = ""
    steady: bool = True
    greets: bool = True


class Limits(Struct, frozen=True, kw_only=True):
    """What the exchange allows. Requests are messages from us; `None` means that no limit is stated."""

    topics_per_request: int
    requests_per_s: float
    topics_per_connection: int | None = None
    topic_chars_per_connection: int | None = None
    topics_per_market: int | None = None
    lifetime_s: float | None = None
    fetch_weight_per_min: float = 600.0


class Send(Struct, frozen=True):
    """Send this text frame on the connection."""

    payload: bytes


class Fetch(Struct, frozen=True):
    """Ask the exchange's REST interface; the answer goes back with this same value.

    `path` is relative to the market's REST address. `body` makes it a POST of JSON. `weight` is what
    it costs of `Limits.fetch_weight_per_min`. `every_s` repeats it; `None` asks once. One that is `urgent`
    (a book's snapshot) goes before all others, one that `mends` is for a book that broke. What fails is asked
    again after `retry_s`.
    """

    tag: str
    path: str
    symbol: str = ""
    body: bytes | None = None
    weight: float = 1.0
    every_s: float | None = None
    urgent: bool = False
    mends: bool = False
    retry_s: float = 30.0


class Acknowledged(Struct, frozen=True):
    """The exchange accepted a request, named by our id or by the topic."""

    request_id: int | None = None
    topic: str | None = None


class Refused(Struct, frozen=True):
    """The exchange refused a request, in its own words; `topic` where it names the culprit."""

    reason: str
    request_id: int | None = None
    topic: str | None = None


class Rollover(Struct, frozen=True):
    """The exchange will cut this connection soon: open the next one first."""

    reason: str


class Resync(Struct, frozen=True):
    """Leave this topic and subscribe it anew: the exchange answers that with a fresh snapshot."""

    topic: str


class Turnover(Struct, frozen=True):
    """What an instrument turned over in 24 h, in quote units: for `top:N`."""

    symbol: str
    turnover_24h: float


Command: TypeAlias = Send | Fetch | Acknowledged | Refused | Rollover | Resync


class Codec(Protocol):
    """One exchange's language, for one market (`linear` or `spot`) and one connection's life.

    `heard` maps the name of each topic to the `ts_recv` of its newest data (acknowledgements and
    pongs are not data): what is subscribed but absent there is not producing.

    `offers` are the channels that this market of the exchange has; what is not among them is never faked.
    Of those that are `sampled`, the exchange itself tells only a part.
    `depth_max` is how many levels per side of a book can be had.

    Of an order book, the codec keeps what it needs to check it: a sequence without a hole, no crossed
    sides, no level beyond the depth. It tells `BookSnapshot` and `BookDelta` only of a book that is whole;
    when it breaks, it tells a `Gap` once, and orders `Resync` or a `Fetch` of this symbol alone.
    """

    exchange: ClassVar[str]
    title: ClassVar[str]
    markets: ClassVar[tuple[str, ...]]

    offers: tuple[str, ...]
    sampled: tuple[str, ...]
    depth_max: int
    market: str
    limits: Limits
    stream_url: str
    rest_url: str
    ping_every_s: float | None
    drops_on_unknown_topic: bool
    heard: dict[str, int]

    def __init__(self, market: str) -> None: ...

    def stream_path(self, route: str) -> str:
        """What follows `stream_url` in the address of the connection for `route`."""

    def topics(self, symbol: str, channels: Collection[str]) -> Sequence[Topic]:
        """The streams that tell these of `offers` about one instrument; `BOOK` is asked with `book`."""

    def book(self, symbol: str, depth: int) -> Topic:
        """The stream of one instrument's order book with at least `depth` levels, or as many as there are."""

    def subscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        """One request that subscribes `topics`, at most `limits.topics_per_request` of them."""

    def unsubscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        """One request that ends the subscription of `topics`."""

    def ping(self) -> bytes:
        """The keep-alive that the exchange wants every `ping_every_s` seconds."""

    def receive(self, frame: bytes, ts_recv: int) -> list[Event | Command]:
        """What one WebSocket message means. Unknown messages mean nothing. Raises `DecodeError`."""

    def fetches(self, symbols: Iterable[str], route: str) -> Sequence[Fetch]:
        """What must be asked over REST for these symbols, because no stream tells it."""

    def receive_fetched(self, fetch: Fetch, body: bytes, ts_recv: int) -> list[Event | Command]:
        """What the answer to a `Fetch` of this codec means. Raises `DecodeError`, or `RateLimited`."""

    def missed_trades(self, symbol: str) -> Fetch | None:
        """The newest trades over REST, as many as one answer holds; `None` where they are not offered.

        Its answer is the trades, marked `backfill`, and then one `TradesRecovered`.
        """

    def candles(self, symbol: str) -> Fetch | None:
        """The exchange's own 1 m bars of the last hours, as `Candle` events; `None` where not offered."""

    def listing(self, wanted: Iterable[str]) -> Sequence[Fetch]:
        """The first REST requests of this market's listing; `wanted` are the symbols of the settings."""

    def receive_listing(self, fetch: Fetch, body: bytes) -> Sequence[Instrument | Turnover | Fetch]:
        """Tradable instruments and turnovers from one answer, and the next page's request if any."""
