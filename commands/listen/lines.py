"""From messages to lines: words for people, or JSON for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from actors.nats.quotes import EXCHANGE_HEADER, Message, Quote

TEXT_MAX = 500
UNKNOWN = "-"

_decoder = msgspec.json.Decoder(Quote)


def plain_line(message: Message) -> bytes:
    """A price as `2026-11-21T19:41:14.139Z bybit FUTURES BTCUSDT 67012.5`; of anything else the subject and
    the text. Nothing that somebody publishes can move a terminal's cursor."""
    try:
        quote = _decoder.decode(message.payload)
        words = [time_of(quote), exchange_of(message) or UNKNOWN, quote.market, quote.symbol]
        text = " ".join([*map(visible, words), repr(quote.price)])
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, OverflowError):
        text = f"{visible(message.subject)} {visible(message.payload.decode(errors='replace')[:TEXT_MAX])}"
    return text.encode() + b"\n"


def json_line(message: Message) -> bytes:
    """`{"subject", "exchange", "data"}`; `data` is what was published, as text where that is no JSON."""
    data: Any
    try:
        data = msgspec.json.decode(message.payload)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        data = message.payload.decode(errors="replace")
    told = {"subject": message.subject, "exchange": exchange_of(message), "data": data}
    return msgspec.json.encode(told) + b"\n"


def exchange_of(message: Message) -> str | None:
    """The exchange that a message is of, where it says so."""
    return (message.headers or {}).get(EXCHANGE_HEADER)


def time_of(quote: Quote) -> str:
    """When it was the price, in UTC."""
    moment = datetime.fromtimestamp(quote.timestamp / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def visible(text: str) -> str:
    """The text without anything that is not seen, or means something to a terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
