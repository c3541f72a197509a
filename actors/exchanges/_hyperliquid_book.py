"""Hyperliquid's order books: every `l2Book` frame is the whole book, 20 levels a side, without a number.

The page "WebSocket / Subscriptions" calls it "snapshot feed, pushed on each block that is at least 0.5
since last push"; measured, it is every 5 s or so. A book that has not changed comes again with a new time.
There is no sequence to check, and nothing that is missed is missing for long: what can be wrong is one
frame by itself (crossed, too deep), or an older one that comes late.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from actors.exchanges import _hyperliquid_wire as wire
from actors.exchanges._hyperliquid_wire import NS_PER_MS
from actors.exchanges._pauses import Pauses
from actors.exchanges.base import BOOK, Command, Resync, Topic
from actors.market.events import BookDelta, BookSnapshot, Event, Gap, Levels

DEPTH = 20

Meanings: TypeAlias = list[Event | Command]


def book_topic(symbol: str) -> Topic:
    """It repeats itself, so that silence means something, and it does even where it is empty."""
    return Topic(f"l2Book:{symbol}", symbol, BOOK)


class _Book(Struct):
    """What was told last of one book, if that `is_whole`; `is_broken` from its `Gap` to its next snapshot."""

    pauses: Pauses
    time_ms: int = -1
    bids: Levels = []
    asks: Levels = []
    is_whole: bool = False
    is_broken: bool = False


class Books:
    """The books of one connection."""

    def __init__(self) -> None:
        self._books: dict[str, _Book] = {}

    def receive(self, data: wire.Book, ts_recv: int) -> Meanings | None:
        """What a frame means; `None` where it is older than what is known, or another stream's."""
        book = self._books.get(data.coin)
        if book is None:
            book = self._books[data.coin] = _Book(Pauses())
        if data.fast or data.time < book.time_ms:
            return None
        book.time_ms = data.time
        bids, asks = _levels(data.levels[0], best_is_highest=True), _levels(data.levels[1])
        fault = _fault(bids, asks)
        if fault is not None:
            return _break(data.coin, book, *fault, ts_recv)
        ts_event = data.time * NS_PER_MS
        if book.is_whole and bids == book.bids and asks == book.asks:
            return [BookDelta(data.coin, [], [], None, ts_event, ts_recv)]
        book.bids, book.asks = bids, asks
        book.is_whole, book.is_broken = True, False
        return [BookSnapshot(data.coin, bids, asks, DEPTH, None, ts_event, ts_recv)]

    def leave(self, symbol: str) -> None:
        """Its subscription is over: whatever comes next is the beginning of another."""
        book = self._books.get(symbol)
        if book is not None:
            book.is_whole, book.time_ms = False, -1


def _levels(side: list[wire.Level], *, best_is_highest: bool = False) -> Levels:
    """Best first, each price once."""
    return sorted(
        {level.px: level.sz for level in side if level.px and level.sz}.items(), reverse=best_is_highest
    )


def _fault(bids: Levels, asks: Levels) -> tuple[str, str] | None:
    """What is wrong with a book: cause and words."""
    if bids and asks and bids[0][0] >= asks[0][0]:
        return "crossed", f"the best bid is {bids[0][0]}, the best ask {asks[0][0]}"
    if len(bids) > DEPTH or len(asks) > DEPTH:
        return "depth", f"{len(bids)} bids and {len(asks)} asks in a book of {DEPTH}"
    return None


def _break(symbol: str, book: _Book, cause: str, reason: str, ts_recv: int) -> Meanings:
    """Tell once that it is broken, and order a new subscription, the next only after a while."""
    told: Meanings = [] if book.is_broken else [Gap(symbol, BOOK, cause, reason, ts_recv)]
    book.is_whole, book.is_broken = False, True
    if ts_recv >= book.pauses.next_ns:
        book.pauses.ordered(ts_recv)
        told.append(Resync(f"l2Book:{symbol}"))
    return told
