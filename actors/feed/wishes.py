"""PURE: what one connection should carry, and what its life has told about that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from actors.exchanges.base import BOOK, CANDLES, LIQUIDATIONS, QUOTE, TICKER, TRADES, Codec, Topic
from actors.feed.stream import Standing
from actors.market.events import Denied, Event, Following, Heard, Silent, Unfollowed


def base_channels(offers: Collection[str], *, trades: bool, liquidations: bool) -> tuple[str, ...]:
    """The channels that are followed of every symbol. Without trades, the exchange's own candles."""
    wanted = [TICKER, QUOTE, TRADES if trades else CANDLES, *([LIQUIDATIONS] if liquidations else [])]
    return tuple(channel for channel in wanted if channel in offers)


def topics_of(
    codec: Codec,
    route: str,
    channels: Collection[str],
    symbols: Iterable[str],
    books: Mapping[str, int],
) -> list[Topic]:
    """Every topic that the connection of this route should carry; `books` maps symbols to depths."""
    topics: list[Topic] = []
    for symbol in symbols:
        topics += codec.topics(symbol, channels)
        if symbol in books and BOOK in codec.offers:
            topics.append(codec.book(symbol, books[symbol]))
    return [topic for topic in topics if topic.route == route]


def following(topics: Iterable[Topic], now_ns: int) -> list[Event]:
    """What is told when these topics begin to be followed: one event per symbol."""
    by_symbol: dict[str, list[Topic]] = {}
    for topic in topics:
        by_symbol.setdefault(topic.symbol, []).append(topic)
    return [
        Following(
            symbol,
            tuple(dict.fromkeys(topic.channel for topic in each)),
            tuple(dict.fromkeys(topic.channel for topic in each if topic.steady)),
            now_ns,
        )
        for symbol, each in by_symbol.items()
    ]


class Roster:
    """What a feed has told that it follows: the connections of a life tell only what is new to it."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], list[Topic]] = {}

    def begin(self) -> None:
        """A new life: everything is to be told anew, and what it follows no longer, too."""
        self._told = {key: [] for key in self._told}

    def update(self, topics: Sequence[Topic], symbols: Collection[str], now_ns: int) -> list[Event]:
        """What is new now that `topics` are carried of `symbols`. A symbol that is gone is left to others."""
        carried: dict[tuple[str, str], list[Topic]] = {}
        for topic in topics:
            carried.setdefault((topic.symbol, topic.channel), []).append(topic)
        present = set(symbols)
        lost = [key for key in self._told if key not in carried and key[0] in present]
        gained = [key for key, each in carried.items() if self._told.get(key) != each]
        self._told = carried
        left: list[Event] = [Unfollowed(symbol, channel) for symbol, channel in lost]
        return left + following([topic for key in gained for topic in carried[key]], now_ns)


def differences(
    before: Mapping[Topic, tuple[Standing, str]], now: Mapping[Topic, tuple[Standing, str]], now_ns: int
) -> list[Event]:
    """What is to be told when one connection takes over from another, topic by topic."""
    return [
        _taken_over(topic, standing, words, now_ns)
        for topic, (standing, words) in now.items()
        if topic not in before or before[topic][0] != standing
    ]


def _taken_over(topic: Topic, standing: Standing, words: str, now_ns: int) -> Event:
    if standing == "carried":
        return Heard(topic.symbol, topic.name, topic.channel, now_ns)
    if standing == "refused":
        return Denied(topic.symbol, topic.channel, words, now_ns)
    silence = "its connection was replaced, and the next one has not heard it yet"
    return Silent(topic.symbol, topic.name, topic.channel, silence, now_ns)
