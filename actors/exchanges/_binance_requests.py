"""What is asked of Binance over the WebSocket: its streams, and what it answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct
from msgspec.json import encode

from actors.exchanges._binance_wire import Message
from actors.exchanges.base import (
    BOOK,
    CANDLES,
    LIQUIDATIONS,
    QUOTE,
    TICKER,
    TRADES,
    Acknowledged,
    Command,
    Refused,
    Topic,
)
from actors.market.events import Event
from actors.market.instrument import SPOT

# By the end of the stream's name. Only tickers repeat themselves; the rest speaks when something happens.
SPOT_STREAMS = {"ticker": TICKER, "bookTicker": QUOTE, "trade": TRADES, "kline_1m": CANDLES}
FUTURES_STREAMS = {
    "ticker": TICKER,
    "markPrice@1s": TICKER,
    "bookTicker": QUOTE,
    "aggTrade": TRADES,
    "forceOrder": LIQUIDATIONS,
    "kline_1m": CANDLES,
}


class Request(Struct):
    """What we send."""

    method: str
    params: list[str]
    id: int


def topics(market: str, symbol: str, channels: Collection[str]) -> Sequence[Topic]:
    """The streams that tell these channels of one instrument, its book aside."""
    streams = SPOT_STREAMS if market == SPOT else FUTURES_STREAMS
    wanted = [(ending, channel) for ending, channel in streams.items() if channel in channels]
    return tuple(_topic(market, symbol, ending, channel) for ending, channel in wanted)


def book(market: str, symbol: str) -> Topic:
    """The stream of one instrument's book."""
    return _topic(market, symbol, "depth@100ms", BOOK)


def _topic(market: str, symbol: str, ending: str, channel: str) -> Topic:
    route = "" if market == SPOT else "public" if channel in (QUOTE, BOOK) else "market"
    repeats = channel == TICKER
    # A book that changes never is no book: without a change nothing asks for its snapshot either.
    greets = repeats or channel == BOOK
    return Topic(f"{symbol.lower()}@{ending}", symbol, channel, route, steady=repeats, greets=greets)


def encode_request(method: str, topics: Sequence[Topic], request_id: int) -> bytes:
    """One request about `topics`."""
    return encode(Request(method, [topic.name for topic in topics], request_id))


def answer(message: Message) -> list[Event | Command]:
    """An answer to a request: nothing but `result: null` is an acknowledgement."""
    request_id = message.id if isinstance(message.id, int) else None
    reason = message.error.msg if message.error else message.msg
    if reason or message.error:
        return [Refused(reason or "refused without a reason", request_id)]
    if message.result is None and request_id is not None:
        return [Acknowledged(request_id)]
    return []
