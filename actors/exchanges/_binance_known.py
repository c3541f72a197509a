"""How far a Binance book is known: as far as its snapshot reached."""

from __future__ import annotations

from actors.exchanges._binance_rest import Depth
from actors.market.book import Book, Side
from actors.market.events import Levels

DEPTH_MAX = 200  # levels per side that are told
SNAPSHOT_LEVELS = 500
LEVELS_MAX = 2000  # of a side that the price moves away from
INFINITY = float("inf")


class KnownBook:
    """A book as far as its snapshot reaches. `floor` and `ceiling` are the worst prices that are known."""

    __slots__ = ("_asks", "_bids", "book", "ceiling", "floor")

    def __init__(self, snapshot: Depth) -> None:
        self.book = Book()
        self.book.load(snapshot.bids, snapshot.asks)
        self._bids, self._asks = self.book.bids, self.book.asks
        self.floor = self._bids.prices[0] if len(self._bids) >= SNAPSHOT_LEVELS else 0.0
        self.ceiling = self._asks.prices[-1] if len(self._asks) >= SNAPSHOT_LEVELS else INFINITY

    def update(self, bids: Levels, asks: Levels) -> tuple[Levels, Levels]:
        """Apply what lies within the horizon. Returns what changed of what is known."""
        floor, ceiling = self.floor, self.ceiling
        if floor:
            bids = [level for level in bids if level[0] >= floor]
        if ceiling != INFINITY:
            asks = [level for level in asks if level[0] <= ceiling]
        self._bids.update(bids)
        self._asks.update(asks)
        if len(self._bids.prices) > LEVELS_MAX or len(self._asks.prices) > LEVELS_MAX:
            bids, asks = self._shed(bids, asks)
        return bids, asks

    def _shed(self, bids: Levels, asks: Levels) -> tuple[Levels, Levels]:
        """Draw the horizon nearer on a side that grew too long; what lies beyond is told as deleted."""
        if len(self._bids) > LEVELS_MAX:
            bids = bids + _drop(self._bids, self._bids.prices[:-SNAPSHOT_LEVELS])
            self.floor = self._bids.prices[0]
        if len(self._asks) > LEVELS_MAX:
            asks = asks + _drop(self._asks, self._asks.prices[SNAPSHOT_LEVELS:])
            self.ceiling = self._asks.prices[-1]
        return bids, asks

    def left(self) -> int:
        """How many levels are left of a side that is not known to its end; the smaller number of both."""
        bids = len(self._bids.prices) if self.floor else LEVELS_MAX
        asks = len(self._asks.prices) if self.ceiling != INFINITY else LEVELS_MAX
        return min(bids, asks)

    def fault(self) -> tuple[str, str] | None:
        """The cause and the reason why this is no true picture, if so."""
        if self.book.is_crossed():
            return "crossed", f"the bid {self.book.best_bid} meets the ask {self.book.best_ask}"
        if (left := self.left()) < DEPTH_MAX:
            return "depth", f"{left} levels are left of the last snapshot's {SNAPSHOT_LEVELS}"
        return None


def _drop(side: Side, prices: list[float]) -> Levels:
    gone = [(price, 0.0) for price in prices]
    side.update(gone)
    return gone
