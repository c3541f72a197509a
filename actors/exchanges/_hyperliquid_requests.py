"""Hyperliquid's requests, and what its answers say about them: it names topics, never request numbers."""

from __future__ import annotations

from msgspec.json import encode

from actors.exchanges import _hyperliquid_wire as wire
from actors.exchanges.base import Acknowledged, Command, Refused, Topic
from actors.market.events import Event


def request(method: str, topic: Topic) -> bytes:
    kind = topic.name.partition(":")[0]
    interval = "1h" if kind == "candle" else None
    return encode(wire.Request(method, wire.Subscription(kind, topic.symbol, interval)))


def _topic(echo: wire.Echo) -> str | None:
    """The name of the topic that an answer repeats, whatever else it fills in."""
    named = echo.subscription or echo
    if not named.type or not named.coin:
        return None
    return ":".join(part for part in (named.type, named.coin, named.interval) if part)


def answer(echo: wire.Echo, ts_recv: int) -> list[Event | Command]:
    """Only subscriptions: an end that names its topic must not pass for a beginning."""
    topic = _topic(echo)
    return [Acknowledged(topic=topic)] if topic and echo.method == "subscribe" else []


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
