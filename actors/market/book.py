"""One order book: two sides of price levels, each kept sorted."""

from __future__ import annotations

from bisect import bisect_left

from actors.market.events import Levels, Page


class Side:
    """The levels of one side. `prices` ascend; the best bid is the last, the best ask the first.

    Almost every change hits a level that exists, which costs one dictionary entry; only a level that comes
    or goes moves the sorted list.
    """

    __slots__ = ("prices", "sizes")

    def __init__(self) -> None:
        self.prices: list[float] = []
        self.sizes: dict[float, float] = {}

    def load(self, levels: Levels) -> None:
        """Replace everything; levels of size 0 are none."""
        self.sizes = {price: size for price, size in levels if size}
        self.prices = sorted(self.sizes)

    def update(self, levels: Levels) -> None:
        """Set absolute sizes; 0 deletes, and the deletion of a level that is unknown changes nothing."""
        sizes, prices = self.sizes, self.prices
        for price, size in levels:
            if size:
                if price not in sizes:
                    prices.insert(bisect_left(prices, price), price)
                sizes[price] = size
            elif sizes.pop(price, None) is not None:
                del prices[bisect_left(prices, price)]

    def __len__(self) -> int:
        return len(self.prices)


class Book:
    """Both sides of one book, as the last snapshot and the deltas since then make it."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = Side()
        self.asks = Side()

    def load(self, bids: Levels, asks: Levels) -> None:
        """Begin anew from a snapshot."""
        self.bids.load(bids)
        self.asks.load(asks)

    def update(self, bids: Levels, asks: Levels) -> None:
        """Apply one delta."""
        self.bids.update(bids)
        self.asks.update(asks)

    @property
    def best_bid(self) -> float | None:
        """The highest bid; `None` on an empty side."""
        prices = self.bids.prices
        return prices[-1] if prices else None

    @property
    def best_ask(self) -> float | None:
        """The lowest ask; `None` on an empty side."""
        prices = self.asks.prices
        return prices[0] if prices else None

    def is_crossed(self) -> bool:
        """Whether a bid meets an ask: no exchange's true book does."""
        bids, asks = self.bids.prices, self.asks.prices
        return bool(bids and asks) and bids[-1] >= asks[0]

    def top(self, depth: int) -> tuple[Levels, Levels]:
        """The best `depth` levels of bids and asks, the best first."""
        bids, asks = self.bids, self.asks
        return Page(bids.prices, bids.sizes, asks.prices, asks.sizes).top(depth)

    def page(self) -> Page:
        """All levels as they are now."""
        bids, asks = self.bids, self.asks
        return Page(bids.prices.copy(), bids.sizes.copy(), asks.prices.copy(), asks.sizes.copy())
