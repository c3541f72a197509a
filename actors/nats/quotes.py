"""A price as a message: where it goes, and what it says. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from actors.market.live import LivePrice
from actors.nats.subjects import quote_subject

EXCHANGE_HEADER = "Exchange"
MARKET_WORDS = {"linear": "FUTURES", "spot": "SPOT"}

_encoder = msgspec.json.Encoder()


class Message(Struct, frozen=True):
    """What is published under a subject, or came under it."""

    subject: str
    payload: bytes
    headers: Mapping[str, str] | None = None


class Quote(Struct, frozen=True):
    """One price, as its subscribers read it; `timestamp` is Unix ms."""

    symbol: str
    price: float
    market: str
    timestamp: int


def quote_message(price: LivePrice, bare_exchange: str) -> Message:
    """The message of a price. Raises `ValueError` for a symbol that no subject can hold."""
    market = MARKET_WORDS.get(price.market, price.market)
    quote = Quote(price.symbol, price.price, market, price.ts // 1_000_000)
    subject = quote_subject(price.exchange, price.market, price.symbol, bare_exchange)
    return Message(subject, _encoder.encode(quote), {EXCHANGE_HEADER: price.exchange})
