"""PURE: what one node has said, folded into what it would say if it began now.

A node writes its memory into the log now and then, for whoever comes later; who reads keeps one of each node,
for the moment in which that node has to speak for another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from actors.bus.carried import Carried
from actors.market.events import (
    Batch,
    BookSnapshot,
    Event,
    FeedDown,
    FeedUp,
    Listed,
    Removed,
    ServerTime,
    Source,
    TickerUpdate,
)

Line: TypeAlias = tuple[str, str, str]  # (exchange, market, connection)
BATCH_BYTES = 64 * 1024
LISTING = "listing"


class Connection:
    """One life of one connection. `up` and `down` are its last words about itself."""

    __slots__ = ("carried", "clock", "down", "source", "up")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.up: FeedUp | None = None
        self.down: FeedDown | None = None
        self.clock: ServerTime | None = None
        self.carried: dict[str, Carried] = {}

    def of(self, symbol: str) -> Carried:
        """What is known of an instrument here; made when it is first asked for."""
        found = self.carried.get(symbol)
        if found is None:
            found = self.carried[symbol] = Carried(symbol)
        return found


class Memory:
    """`note` every batch of a node; `whole` says everything again, `connections` what it rests on."""

    def __init__(self) -> None:
        self.connections: dict[Line, Connection] = {}
        self.listed: dict[tuple[str, str], dict[str, Listed]] = {}

    def note(self, batch: Batch) -> Connection | None:
        """Fold one batch. Returns its connection; `None` if it is a listing's."""
        source = batch.source
        connection: Connection | None = None
        for event in batch.events:
            if isinstance(event, Listed):
                place = self.listed.setdefault((source.exchange, source.market), {})
                place[event.instrument.symbol] = event
            elif isinstance(event, Removed):
                self._remove(source.exchange, source.market, event.symbol)
            else:
                connection = connection or self._connection(source)
                self._note(connection, event, fetched=batch.fetched)
        return connection

    def release(self, exchange: str, market: str, symbol: str) -> None:
        """The node does not carry an instrument any more."""
        for (of_exchange, of_market, _), connection in self.connections.items():
            if (of_exchange, of_market) == (exchange, market):
                connection.carried.pop(symbol, None)

    def whole(self) -> Iterator[Batch]:
        """Everything, in batches of bounded length, in an order that can be told."""
        yield from self.listings()
        for connection in self.connections.values():
            yield from restated(connection, connection.carried, connection.source)

    def listings(self) -> Iterator[Batch]:
        """What the exchanges list, of what is followed."""
        for (exchange, market), listed in self.listed.items():
            yield from _batches(Source(exchange, market, LISTING, 0), listed.values())

    def _connection(self, source: Source) -> Connection:
        line = (source.exchange, source.market, source.connection)
        known = self.connections.get(line)
        if known is None or known.source.life != source.life:
            known = self.connections[line] = Connection(source)
        return known

    def _note(self, connection: Connection, event: Event, *, fetched: bool) -> None:
        if isinstance(event, FeedUp):
            connection.up, connection.down = event, None
        elif isinstance(event, FeedDown):
            connection.up, connection.down = None, event
            for each in connection.carried.values():
                each.interrupt()
        elif isinstance(event, ServerTime):
            connection.clock = event
        elif isinstance(event, Listed | Removed):
            return
        else:
            connection.of(event.symbol).note(event, fetched=fetched)

    def _remove(self, exchange: str, market: str, symbol: str) -> None:
        self.listed.get((exchange, market), {}).pop(symbol, None)
        self.release(exchange, market, symbol)


def restated(connection: Connection, symbols: Iterable[str], source: Source) -> Iterator[Batch]:
    """What a connection says of these instruments, under a name that the reader chooses."""
    chosen = [connection.carried[symbol] for symbol in symbols if symbol in connection.carried]
    last = connection.up or connection.down
    ts_recv = last.ts_recv if last is not None else 0
    opening: list[Event] = [each for carried in chosen if (each := carried.following(ts_recv)) is not None]
    if connection.clock is not None:
        opening.append(connection.clock)
    if connection.up is not None:
        opening.append(connection.up)
    yield from _batches(source, opening)
    yield from _batches(source, [event for each in chosen for event in each.filled()], fetched=True)
    yield from _batches(source, [event for each in chosen for event in each.again()])
    if connection.down is not None:
        yield Batch(source, [connection.down])


def _batches(source: Source, events: Iterable[Event], fetched: bool = False) -> Iterator[Batch]:
    told: list[Event] = []
    size = 0
    for event in events:
        told.append(event)
        size += bytes_of(event)
        if size >= BATCH_BYTES:
            yield Batch(source, told, fetched)
            told, size = [], 0
    if told:
        yield Batch(source, told, fetched)


def bytes_of(event: Event) -> int:
    """About how large an event is on the bus, and rather more than less."""
    if isinstance(event, BookSnapshot):
        return 100 + 20 * (len(event.bids) + len(event.asks))
    if isinstance(event, TickerUpdate):
        return 100 + 40 * len(event.values)
    return 400
