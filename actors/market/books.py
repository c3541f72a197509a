"""The order books of one market that somebody watches.

Their codec has made and checked them, and tells with every change what they have become; here the newest is
kept, and drawn when a reader's picture is due.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.market.events import BookDelta, BookSnapshot, Levels, Page, State
from actors.market.reports import BookView


class _Watched:
    """One book: the snapshot it began with, the newest event, and the newest that tells all of it."""

    __slots__ = ("newest", "page", "snapshot")

    def __init__(self, snapshot: BookSnapshot) -> None:
        self.snapshot = snapshot
        self.newest: BookSnapshot | BookDelta = snapshot
        self.page: Page | None = None

    def levels(self) -> tuple[Levels, Levels]:
        """As many as the exchange tells at most, the best first."""
        depth = self.snapshot.depth
        if self.page is None:
            return self.snapshot.bids[:depth], self.snapshot.asks[:depth]
        return self.page.top(depth)


class Books:
    """`load`, `change`, `drain`. A delta without its snapshot belongs to nothing, also where only an earlier
    life has told one.

    `quality` tells the state of a symbol's book.
    """

    def __init__(self, quality: Callable[[str], State]) -> None:
        self._quality = quality
        self._watched: dict[str, _Watched] = {}
        self._dirty: dict[str, None] = {}
        self._left: set[str] = set()

    def load(self, snapshot: BookSnapshot) -> None:
        """Begin a book anew."""
        self._left.discard(snapshot.symbol)
        self._watched[snapshot.symbol] = _Watched(snapshot)
        self._dirty[snapshot.symbol] = None

    def change(self, delta: BookDelta) -> bool:
        """Take what became of a book: the hot path. Returns whether there is such a book."""
        watched = self._watched.get(delta.symbol)
        if watched is None or (self._left and delta.symbol in self._left):
            return False
        watched.newest = delta
        if delta.page is not None:
            watched.page = delta.page
        self._dirty[delta.symbol] = None
        return True

    def leave(self, symbol: str) -> None:
        """A new life begins: what the last one told stays to be seen, and nothing goes on from it."""
        if symbol in self._watched:
            self._left.add(symbol)

    def touch(self, symbol: str) -> None:
        """Its quality changed."""
        if symbol in self._watched:
            self._dirty[symbol] = None

    def remove(self, symbol: str) -> bool:
        """Forget a book. Returns whether there was one."""
        self._dirty.pop(symbol, None)
        self._left.discard(symbol)
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
        bids, asks = watched.levels()
        newest = watched.newest
        return BookView(
            symbol=symbol,
            bids=bids,
            asks=asks,
            depth=watched.snapshot.depth,
            update_id=newest.update_id,
            ts_event=newest.ts_event,
            ts_recv=newest.ts_recv,
            quality=self._quality(symbol),
        )
