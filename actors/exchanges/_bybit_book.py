"""Bybit's order books: the best prices of level 1, and the depths that are followed by sequence.

The page "Websocket / Orderbook" promises: "If you receive a new `snapshot` message, you will have to reset
your local orderbook", and "you'll receive "u"=1, which is a snapshot data due to the restart of the service".
It does not promise that `u` has no holes; measured, each delta is exactly one more than the last message.
`seq` counts the matching engine's events, with holes: what is older by `seq` is a repetition.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct
from msgspec.json import Decoder

from actors.exchanges._bybit_wire import (
    MALFORMED,
    NS_PER_MS,
    Amount,
    Message,
    Milliseconds,
    Number,
    Positive,
    Stream,
    decode_message,
    to_price,
)
from actors.exchanges._pauses import NS_PER_S, Pauses
from actors.exchanges.base import BOOK, Command, Resync
from actors.market.book import Book
from actors.market.events import BookDelta, BookSnapshot, Event, Gap, Levels, Quote

_Best: TypeAlias = tuple[float | None, float | None]  # price and size; neither on an empty side

# The first snapshot may come after a few deltas (a subscription is being renewed), or the answer to an order
# may take a while: only what lasts longer is a fault.
PATIENCE_S = 5


class _Change(Struct, gc=False):
    """Levels with their new sizes."""

    b: list[tuple[Positive, Amount]]
    a: list[tuple[Positive, Amount]]
    u: Number
    seq: Number = 0


class _Depth(Struct, gc=False):
    """A message of any depth, decoded whole in one pass."""

    type: str
    data: _Change
    ts: Milliseconds | None = None
    cts: Milliseconds | None = None


class _Level1(Struct, gc=False):
    """Level 1 as texts: an empty side may be written as "" or as the price "0"."""

    b: list[tuple[str, str]]
    a: list[tuple[str, str]]
    u: int


_decode_depth = Decoder(_Depth, strict=False).decode
_decode_level1 = Decoder(_Level1).decode


def _moment(ts: int | None, cts: int | None) -> int | None:
    """The matching engine's time, else the gateway's."""
    milliseconds = cts or ts
    return milliseconds * NS_PER_MS if milliseconds else None


class QuoteStream(Stream):
    """Level 1: at most one price and size per side, whole each time, and repeated while nothing happens."""

    __slots__ = ("_newest_u",)

    def __init__(self, topic: str, symbol: str) -> None:
        super().__init__(topic, symbol)
        self._newest_u = -1

    def receive(self, frame: bytes, ts_recv: int) -> list[Event | Command] | None:
        try:
            message = _decode_depth(frame)
        except MALFORMED:
            return self.receive_any(frame, ts_recv)
        if message.type != "snapshot":
            return None
        data = message.data
        return [self._quote(message, data.u, _first(data.b), _first(data.a), ts_recv)]

    def receive_any(self, frame: bytes, ts_recv: int) -> list[Event | Command] | None:
        """The same, the long way: text by text."""
        message = decode_message(frame)
        if message.type != "snapshot":
            return None
        data = _decode_level1(message.data)
        return [self._quote(message, data.u, _best(data.b), _best(data.a), ts_recv)]

    def _quote(self, message: Message | _Depth, u: int, bid: _Best, ask: _Best, ts_recv: int) -> Quote:
        """A repetition is told too: it says that the same is still true, as of the gateway's time."""
        cts = None if u == self._newest_u else message.cts
        self._newest_u = u
        return Quote(self.symbol, *bid, *ask, _moment(message.ts, cts), ts_recv)


def _first(levels: Levels) -> _Best:
    """The first level's price and size; an empty side has neither."""
    return levels[0] if levels and levels[0][1] else (None, None)


def _best(levels: list[tuple[str, str]]) -> _Best:
    """The same of texts."""
    if not levels:
        return None, None
    price, size = to_price(levels[0][0]), to_price(levels[0][1])
    return (price, size) if price and size else (None, None)


class BookStream(Stream):
    """One order book at one depth: a snapshot and then deltas, checked after each.

        waiting ──snapshot──▶ whole ──fault──▶ waiting: one Gap, then nothing until the next good snapshot

    While it waits, deltas count for nothing, except that they show that the snapshot does not come: then a
    `Resync` is ordered (again), in growing pauses. `tellers` names the stream that tells each symbol's book:
    where two depths of one symbol overlap, because one replaces the other, the deeper one.
    """

    __slots__ = (
        "_book",
        "_depth",
        "_is_whole",
        "_order_at_ns",
        "_pauses",
        "_seq",
        "_tellers",
        "_u",
        "_was_told",
    )

    def __init__(self, topic: str, symbol: str, depth: int, tellers: dict[str, BookStream]) -> None:
        super().__init__(topic, symbol)
        self._depth = depth
        self._tellers = tellers
        self._pauses = Pauses()
        self._was_told = False  # that it is broken
        self._order_at_ns = 0  # when to order a snapshot if none has come; 0: not known yet
        self._reset()

    def _reset(self) -> None:
        self._book = Book()
        self._is_whole = False
        self._u = self._seq = 0

    def leave(self) -> None:
        self._reset()
        self._order_at_ns = 0
        if self._tellers.get(self.symbol) is self:
            del self._tellers[self.symbol]

    def receive(self, frame: bytes, ts_recv: int) -> list[Event | Command] | None:
        message = _decode_depth(frame)
        data = message.data
        u = data.u
        if message.type == "snapshot" or u == 1:
            return self._load(message, ts_recv)
        if not self._is_whole:
            return self._wait(ts_recv)
        if u != self._u + 1:
            return self._out_of_turn(data, ts_recv)
        self._book.update(data.b, data.a)
        fault = self._fault()
        if fault is not None:
            return self._break(*fault, ts_recv)
        self._u, self._seq = u, data.seq
        ts_event = _moment(message.ts, message.cts)
        return [BookDelta(self.symbol, data.b, data.a, u, ts_event, ts_recv, self._book.page())]

    def _load(self, message: _Depth, ts_recv: int) -> list[Event | Command]:
        """Begin anew from a snapshot, at any time and whatever its number."""
        if not self._takes_over():
            return []
        data = message.data
        self._book.load(data.b, data.a)
        fault = self._fault()
        if fault is not None:
            return self._break(*fault, ts_recv)
        self._u, self._seq = data.u, data.seq
        self._is_whole, self._was_told, self._order_at_ns = True, False, 0
        bids, asks = self._book.top(self._depth)
        ts_event = _moment(message.ts, message.cts)
        return [BookSnapshot(self.symbol, bids, asks, self._depth, data.u, ts_event, ts_recv)]

    def _takes_over(self) -> bool:
        teller = self._tellers.get(self.symbol)
        if teller is not None and teller is not self:
            if teller._depth > self._depth:
                return False
            teller.leave()
        self._tellers[self.symbol] = self
        return True

    def _fault(self) -> tuple[str, str] | None:
        """What is wrong with the book as it is now: cause and words."""
        book, depth = self._book, self._depth
        bids, asks = book.bids.prices, book.asks.prices
        if bids and asks and bids[-1] >= asks[0]:
            return "crossed", f"the best bid is {bids[-1]}, the best ask {asks[0]}"
        if len(bids) > depth or len(asks) > depth:
            return "depth", f"{len(bids)} bids and {len(asks)} asks in a book of {depth}"
        return None

    def _out_of_turn(self, data: _Change, ts_recv: int) -> list[Event | Command]:
        if data.u > self._u:
            missed = data.u - self._u - 1
            return self._break("sequence", f"{data.u} follows {self._u}", ts_recv, missed)
        if data.u < self._u and data.seq > self._seq:  # newer and yet a lower number: it counts anew
            return self._break("sequence", f"{data.u} follows {self._u}", ts_recv)
        return []  # a repetition

    def _break(
        self, cause: str, reason: str, ts_recv: int, missed: int | None = None
    ) -> list[Event | Command]:
        """Tell once that it is broken, and order a snapshot as soon as that may be."""
        self._reset()
        told: list[Event | Command] = []
        if not self._was_told:
            told.append(Gap(self.symbol, BOOK, cause, reason, ts_recv, missed))
            self._was_told = True
        self._order_at_ns = self._pauses.next_ns
        return told + self._order_if_due(ts_recv)

    def _wait(self, ts_recv: int) -> list[Event | Command] | None:
        """A delta, and no snapshot yet that it could change."""
        if self._tellers.get(self.symbol, self) is not self:
            return []
        if not self._order_at_ns:
            self._order_at_ns = max(ts_recv + PATIENCE_S * NS_PER_S, self._pauses.next_ns)
        if ts_recv < self._order_at_ns:
            return None  # it proves nothing: the new asking must not look answered by it
        if not self._was_told:
            return self._break("orphan", "deltas come, and no snapshot", ts_recv)
        return self._order_if_due(ts_recv)

    def _order_if_due(self, ts_recv: int) -> list[Event | Command]:
        if ts_recv < self._order_at_ns:
            return []
        self._pauses.ordered(ts_recv)
        self._order_at_ns = max(ts_recv + PATIENCE_S * NS_PER_S, self._pauses.next_ns)
        return [Resync(self.topic)]
