"""PURE: which symbols travel on which connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from msgspec import Struct

from actors.exchanges.base import BOOK, Codec, Limits, Topic


def route_of(connection: str) -> str:
    """The route that a connection's name stands for."""
    route = connection.rsplit("-", 1)[0]
    return "" if route == "stream" else route


def plan_for(codec: Codec, channels: Sequence[str], book_depth: int, books_max: int) -> Plan:
    """The plan of a market that follows these channels of every symbol, and some of the books."""
    book = partial(codec.book, depth=book_depth) if BOOK in codec.offers else None
    return Plan(partial(codec.topics, channels=channels), codec.limits, book, books_max)


class Overflow(Struct, frozen=True):
    """A symbol for which the exchange leaves no room, and why."""

    symbol: str
    reason: str


@dataclass
class _Load:
    """What one connection carries."""

    symbols: list[str] = field(default_factory=list)
    topics: int = 0
    chars: int = 0

    def has_room(self, topics: Sequence[Topic], limits: Limits) -> bool:
        count = self.topics + len(topics)
        chars = self.chars + sum(len(topic.name) + 3 for topic in topics)
        return count <= (limits.topics_per_connection or count) and chars <= (
            limits.topic_chars_per_connection or chars
        )

    def take(self, symbol: str, topics: Sequence[Topic]) -> None:
        self.symbols.append(symbol)
        self.topics += len(topics)
        self.chars += sum(len(topic.name) + 3 for topic in topics)


class Plan:
    """Shares symbols out over as few connections as the limits allow.

    A symbol stays where it is for as long as it is wanted, so that a new listing disturbs nobody.
    `connections()` maps each connection's name (its route and a number) to its symbols. Where `book` tells
    the topic of a symbol's order book, room is kept for it beside the symbol, and for `books_max` in all.
    """

    def __init__(
        self,
        topics: Callable[[str], Sequence[Topic]],
        limits: Limits,
        book: Callable[[str], Topic] | None = None,
        books_max: int = 0,
    ) -> None:
        self._topics = topics
        self._limits = limits
        self._book = book
        self._books_max = books_max
        self._loads: dict[str, _Load] = {}
        self.overflow: list[Overflow] = []

    def arrange(self, symbols: Iterable[str]) -> None:
        """Place `symbols`, most important first; what finds no room is in `overflow`."""
        wanted = list(dict.fromkeys(symbols))
        self.overflow = []
        placed = {name: list(load.symbols) for name, load in self._loads.items()}
        self._loads = {name: _Load() for name in placed}
        admitted = self._admit(wanted)
        for name, earlier in placed.items():
            for symbol in earlier:
                topics = self._on_route(symbol, route_of(name)) if symbol in admitted else ()
                if topics:
                    self._loads[name].take(symbol, topics)
        settled = {(route_of(name), symbol) for name, load in self._loads.items() for symbol in load.symbols}
        for symbol in admitted:
            for route in dict.fromkeys(topic.route for topic in self._room_for(symbol)):
                if (route, symbol) not in settled:
                    self._place(symbol, route)
        self._loads = {name: load for name, load in self._loads.items() if load.symbols}

    def connections(self) -> dict[str, tuple[str, ...]]:
        """The symbols of each connection."""
        return {name: tuple(load.symbols) for name, load in self._loads.items()}

    def _admit(self, wanted: list[str]) -> dict[str, None]:
        room = self._limits.topics_per_market
        if room is not None and self._book is not None:
            room -= min(len(wanted), self._books_max)
        admitted: dict[str, None] = {}
        for symbol in wanted:
            count = len(self._topics(symbol))
            if room is not None and count > room:
                limit = self._limits.topics_per_market
                self.overflow.append(Overflow(symbol, f"over the exchange's limit of {limit} subscriptions"))
                continue
            room = None if room is None else room - count
            admitted[symbol] = None
        return admitted

    def _room_for(self, symbol: str) -> list[Topic]:
        """Everything that may ever be followed of a symbol."""
        return [*self._topics(symbol), *([self._book(symbol)] if self._book is not None else [])]

    def _on_route(self, symbol: str, route: str) -> list[Topic]:
        return [topic for topic in self._room_for(symbol) if topic.route == route]

    def _place(self, symbol: str, route: str) -> None:
        topics = self._on_route(symbol, route)
        mine = {name: load for name, load in self._loads.items() if route_of(name) == route}
        for load in mine.values():
            if load.has_room(topics, self._limits):
                load.take(symbol, topics)
                return
        names = (f"{route or 'stream'}-{number}" for number in range(len(mine) + 1))
        name = next(name for name in names if name not in mine)
        self._loads[name] = _Load()
        self._loads[name].take(symbol, topics)
