"""Copy this file to `<exchange>.py`, and replace what it says here by the exchange's own rules.

The name of the file is the name of the exchange; there is nothing to register. A golden folder,
`tests/golden/<exchange>/`, and a section of the settings complete it; docs/adding-an-exchange.md walks
through all three. Cite the page of the exchange's documentation for every rule that the code obeys:
what a delta leaves out, what an empty string means, which clock stamps a message, how to stay alive.

The exchange of this file is invented. It has one stream per symbol and answers in one shape:

    {"stream":"ticker.BTCUSDT","time":1700000000000,"last":"101.5","bid":"","volume":"12"}
    {"done":7}        {"refused":7,"why":"no such stream","stream":"ticker.NOPE"}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, MsgspecError, Struct, UnsetType
from msgspec.json import Decoder, encode

from actors.exchanges.base import (
    TICKER,
    Acknowledged,
    Command,
    Fetch,
    Limits,
    Refused,
    Topic,
    Turnover,
)
from actors.market.events import Event, TickerUpdate, Value
from actors.market.instrument import SPOT, Instrument
from actors.runtime.errors import DecodeError

INFINITY = float("inf")
NS_PER_MS = 1_000_000

# First the wire: one struct per shape, with the exchange's own names and a default for whatever may be
# absent. A field that is not listed is ignored: exchanges add some without notice.


class Message(Struct):
    """Every frame: data names its stream, an answer says what was done or refused."""

    stream: str | None = None
    time: Annotated[int, Meta(ge=0, le=2**43)] | None = None  # the bound keeps nanoseconds within 64 bits
    last: str | UnsetType = UNSET
    bid: str | UnsetType = UNSET
    volume: str | UnsetType = UNSET
    done: int | None = None
    refused: int | None = None
    why: str = ""


class Listed(Struct):
    """One instrument of the listing."""

    symbol: str
    base: str
    quote: str
    turnover: str = ""


_decode_message = Decoder(Message).decode  # made once: the hot path only calls them
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

    stream_url = "wss://stream.exchange.invalid"
    rest_url = "https://api.exchange.invalid"
    ping_every_s: float | None = 20.0  # None where the WebSocket's own pings are enough
    drops_on_unknown_topic = False  # True where one bad name costs the whole connection

    def __init__(self, market: str) -> None:
        self.market = market
        self.limits = Limits(topics_per_request=10, requests_per_s=5.0)
        self.heard: dict[str, int] = {}

    def stream_path(self, route: str) -> str:
        return "/v1/stream"

    def topics(self, symbol: str) -> Sequence[Topic]:
        return (Topic(f"ticker.{symbol}", symbol, TICKER),)

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
                return self._ticker(message, message.stream, ts_recv)
        except (MsgspecError, ValueError, RecursionError) as error:
            raise DecodeError(f"template: {error}"[:200]) from error
        if message.refused is not None:
            return [Refused(message.why, message.refused, message.stream)]
        return [] if message.done is None else [Acknowledged(message.done)]

    def _ticker(self, message: Message, stream: str, ts_recv: int) -> list[Event | Command]:
        channel, _, symbol = stream.partition(".")
        if channel != "ticker":
            return []
        values: dict[str, Value] = {}
        for theirs, (ours, convert) in _FIELDS.items():
            text = getattr(message, theirs)
            if text is not UNSET:  # absent: unchanged; empty: now unknown
                values[ours] = convert(text)
        self.heard[stream] = ts_recv  # only after everything was understood
        ts_event = None if message.time is None else message.time * NS_PER_MS
        return [TickerUpdate(symbol, values, ts_event, ts_recv)] if values else []

    def fetches(self, symbols: Iterable[str], route: str) -> Sequence[Fetch]:
        """Nothing here: the stream tells everything. Otherwise `Fetch(tag, path, every_s=…)`."""
        return ()

    def receive_fetched(self, fetch: Fetch, body: bytes, ts_recv: int) -> list[Event]:
        return []

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
