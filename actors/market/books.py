"""The order books of one market that somebody watches.

Their codec has checked them; here deltas are only merged, at the cost of two dictionary updates, and folded
into the sorted book when a reader's picture is due.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.market.book import Book
from actors.market.events import BookDelta, BookSnapshot, State
from actors.market.reports import BookView


class _Watched:
    """One book: the snapshot it began with, and what changed since it was folded last."""

    __slots__ = ("asks", "bids", "book", "depth", "newest", "snapshot")

    def __init__(self, snapshot: BookSnapshot) -> None:
        self.book = Book()
        self.load(snapshot)

    def load(self, snapshot: BookSnapshot) -> None:
        self.snapshot: BookSnapshot | None = snapshot
        self.newest: BookSnapshot | BookDelta = snapshot
        self.depth = snapshot.depth
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}

    def merge(self, delta: BookDelta) -> None:
        self.bids.update(delta.bids)
        self.asks.update(delta.asks)
        self.newest = delta

    def fold(self) -> None:
        if self.snapshot is not None:
            self.book.load(self.snapshot.bids, self.snapshot.asks)
            self.snapshot = None
        self.book.update(list(self.bids.items()), list(self.asks.items()))
        self.bids.clear()
        self.asks.clear()


class Books:
    """`load`, `merge`, `drain`. A delta without its snapshot belongs to nothing.

    `quality` tells the state of a symbol's book.
    """

    def __init__(self, quality: Callable[[str], State]) -> None:
        self._quality = quality
        self._watched: dict[str, _Watched] = {}
        self._dirty: dict[str, None] = {}

    def load(self, snapshot: BookSnapshot) -> None:
        """Begin a book anew."""
        watched = self._watched.get(snapshot.symbol)
        if watched is None:
            self._watched[snapshot.symbol] = _Watched(snapshot)
        else:
            watched.load(snapshot)
        self._dirty[snapshot.symbol] = None

    def merge(self, delta: BookDelta) -> bool:
        """Take what changed: the hot path. Returns whether there is such a book."""
        watched = self._watched.get(delta.symbol)
        if watched is None:
            return False
        watched.merge(delta)
        self._dirty[delta.symbol] = None
        return True

    def touch(self, symbol: str) -> None:
        """Its quality changed."""
        if symbol in self._watched:
            self._dirty[symbol] = None

    def remove(self, symbol: str) -> bool:
        """Forget a book. Returns whether there was one."""
        self._dirty.pop(symbol, None)
        return self._watched.pop(symbol, None) is not None

    def drain(self) -> list[BookView]:
        """The books that changed since the last call."""
        views = [self._view(symbol) for symbol in self._dirty]
        self._dirty.clear()
        return views

    def everything(self) -> list[BookView]:
        """Every book."""
        return [self._view(symbol) for symbol in self._watched]

    def _view(self, symbol: str) -> BookView:
        watched = self._watched[symbol]
        watched.fold()
        bids, asks = watched.book.top(watched.depth)
        newest = watched.newest
        return BookView(
            symbol=symbol,
            bids=bids,
            asks=asks,
            depth=watched.depth,
            update_id=newest.update_id,
            ts_event=newest.ts_event,
            ts_recv=newest.ts_recv,
            quality=self._quality(symbol),
        )
