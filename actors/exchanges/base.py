"""The contract of an exchange codec: frames in, events and commands out, nothing else.

A codec is pure: it opens no socket, reads no clock, logs nothing. One object serves one life of one
connection, so that no sequence state survives a reconnect. Effects are values: what must be sent or
fetched is returned, and whoever holds the connection does it.

The names of symbols, topics, pings, limits and refusals are the exchange's own; here they end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Protocol, TypeAlias

from msgspec import Struct

from actors.market.events import Event
from actors.market.instrument import Instrument

TICKER = "ticker"
QUOTE = "quote"
CHANNELS = (TICKER, QUOTE)


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
    it costs of `Limits.fetch_weight_per_min`. `every_s` repeats it; `None` asks once per life.
    """

    tag: str
    path: str
    symbol: str = ""
    body: bytes | None = None
    weight: float = 1.0
    every_s: float | None = None


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


class Turnover(Struct, frozen=True):
    """What an instrument turned over in 24 h, in quote units: for `top:N`."""

    symbol: str
    turnover_24h: float


Command: TypeAlias = Send | Fetch | Acknowledged | Refused | Rollover


class Codec(Protocol):
    """One exchange's language, for one market (`linear` or `spot`) and one connection's life.

    `heard` maps the name of each topic to the `ts_recv` of its newest data (acknowledgements and
    pongs are not data): what is subscribed but absent there is not producing.
    """

    exchange: ClassVar[str]
    title: ClassVar[str]
    markets: ClassVar[tuple[str, ...]]

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

    def topics(self, symbol: str) -> Sequence[Topic]:
        """Every stream that one instrument's complete `Ticker` needs."""

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

    def receive_fetched(self, fetch: Fetch, body: bytes, ts_recv: int) -> list[Event]:
        """What the answer to one of `fetches` means. Raises `DecodeError`."""

    def listing(self, wanted: Iterable[str]) -> Sequence[Fetch]:
        """The first REST requests of this market's listing; `wanted` are the symbols of the settings."""

    def receive_listing(self, fetch: Fetch, body: bytes) -> Sequence[Instrument | Turnover | Fetch]:
        """Tradable instruments and turnovers from one answer, and the next page's request if any."""
