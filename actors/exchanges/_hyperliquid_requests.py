"""Hyperliquid's requests, and what its answers say about them: it names topics, never request numbers."""

from __future__ import annotations

from msgspec.json import encode

from actors.exchanges import _hyperliquid_wire as wire
from actors.exchanges._hyperliquid_wire import Echo
from actors.exchanges.base import Acknowledged, Command, Fetch, Refused, Topic
from actors.market.events import Event

HOURS_OF_A_DAY = 25  # the first of them is cut by the day's beginning
MINUTES_PAST = 500


def ask_day(symbol: str, now_ms: int) -> Fetch:
    """The hours of which the day's high and low are made."""
    return _ask_candles("candles", symbol, "1h", 3_600_000, HOURS_OF_A_DAY, now_ms)


def ask_past(symbol: str, now_ms: int) -> Fetch:
    """The candles of the last minutes."""
    return _ask_candles("past", symbol, "1m", 60_000, MINUTES_PAST, now_ms)


def _ask_candles(tag: str, symbol: str, interval: str, length_ms: int, count: int, now_ms: int) -> Fetch:
    """Every 60 rows weigh one more."""
    range_ = wire.CandleRange(symbol, interval, max(0, now_ms - count * length_ms), now_ms)
    body = encode(wire.CandleQuestion("candleSnapshot", range_))
    return Fetch(tag, "/info", symbol, body, 20.0 + count / 60.0)


def request(method: str, topic: Topic) -> bytes:
    kind = topic.name.partition(":")[0]
    interval = topic.name.rpartition(":")[2] if kind == "candle" else None
    return encode(wire.Request(method, wire.Subscription(kind, topic.symbol, interval)))


def _topic(echo: Echo) -> str | None:
    """The name of the topic that an answer repeats, whatever else it fills in."""
    named = echo.subscription or echo
    if not named.type or not named.coin:
        return None
    return ":".join(part for part in (named.type, named.coin, named.interval) if part)


def answer(echo: Echo, ts_recv: int) -> list[Event | Command]:
    """Only subscriptions: an end that names its topic must not pass for a beginning."""
    topic = _topic(echo)
    return [Acknowledged(topic=topic)] if topic and echo.method == "subscribe" else []


def ended(told: Echo | str) -> str | None:
    """The topic whose subscription an answer, or an error's text, says to be over."""
    if isinstance(told, str):
        return _named_topic(told) if told.startswith("Already unsubscribed") else None
    return _topic(told) if told.method == "unsubscribe" else None


def error(text: str, ts_recv: int) -> list[Event | Command]:
    """`Already subscribed: {…}`, or unsubscribed, is no refusal: what was asked for holds."""
    if text.startswith("Already unsubscribed"):
        return []
    topic = _named_topic(text)
    if topic and text.startswith("Already subscribed"):
        return [Acknowledged(topic=topic)]
    return [Refused(text, topic=topic)]


def _named_topic(text: str) -> str | None:
    """The topic in an error's text, if it repeats the request."""
    try:
        return _topic(wire.decode_echo(text[text.find("{") : text.rfind("}") + 1]))
    except wire.MALFORMED:
        return None
