"""A local order book, kept true by the frames of the channel `book`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from tickwell_client.records import Level
from tickwell_client.wire import BookRecord


class OrderBook:
    """The levels of one instrument, as of the last frame.

    The client changes it in place, between two of your awaits and never during one: `copy` it to keep a
    state. Only while `is_live` it may be taken for the market: `quality` is the hub's word, and without a
    connection, or before a new snapshot after a gap, nothing is live. Times are Unix ms.
    """

    __slots__ = (
        "_asks",
        "_bids",
        "depth",
        "is_whole",
        "key",
        "quality",
        "ts_event",
        "ts_recv",
        "update_id",
        "version",
    )

    def __init__(self, key: str) -> None:
        self.key = key
        self.depth: int | None = None
        self.version: int | str | None = None
        self.update_id: int | str | None = None
        self.ts_event: int | None = None
        self.ts_recv: int | None = None
        self.quality: str | None = None
        self.is_whole = False
        self._bids = _Side()
        self._asks = _Side()

    @property
    def is_live(self) -> bool:
        """Whether it is the market's state now, as far as the hub knows it."""
        return self.is_whole and self.quality == "live"

    @property
    def bids(self) -> list[Level]:
        """The bids, the highest first."""
        return self._bids.falling()

    @property
    def asks(self) -> list[Level]:
        """The asks, the lowest first."""
        return self._asks.rising()

    @property
    def best_bid(self) -> Level | None:
        """The highest bid; `None` if there is none."""
        return self._bids.at(-1)

    @property
    def best_ask(self) -> Level | None:
        """The lowest ask; `None` if there is none."""
        return self._asks.at(0)

    @property
    def mid(self) -> float | None:
        """The middle of the best bid and the best ask; `None` while one is missing."""
        bid, ask = self.best_bid, self.best_ask
        return (bid.price + ask.price) / 2 if bid and ask else None

    @property
    def spread(self) -> float | None:
        """The best ask less the best bid, in quote units; `None` while one is missing."""
        bid, ask = self.best_bid, self.best_ask
        return ask.price - bid.price if bid and ask else None

    @property
    def spread_bps(self) -> float | None:
        """The spread in 1/10000 of the mid."""
        spread, mid = self.spread, self.mid
        return spread / mid * 10_000 if spread is not None and mid else None

    def imbalance(self, levels: int | None = None) -> float | None:
        """The sizes of the bids less those of the asks, by their sum: from -1 (only asks) to 1 (only bids).

        Of the best `levels` of each side, of all if absent; `None` for an empty book.
        """
        bids = sum(level.size for level in self.bids[:levels])
        asks = sum(level.size for level in self.asks[:levels])
        return (bids - asks) / (bids + asks) if bids + asks else None

    def fill_price(self, side: str, size: float) -> float | None:
        """The average price at which a taker would buy (`side` is `buy`) or sell `size`, without fees.

        `None` if the book is not deep enough. Raises `ValueError` for another side, or a size of 0 or less.
        """
        if side not in ("buy", "sell") or not size > 0:
            raise ValueError(f"side={side!r}, size={size!r}: side is buy or sell, size more than 0")
        left, paid = size, 0.0
        for level in self.asks if side == "buy" else self.bids:
            taken = min(left, level.size)
            paid += taken * level.price
            left -= taken
            if left <= 0:
                return paid / size
        return None

    def copy(self) -> OrderBook:
        """The state of now, which nothing changes any more."""
        copied = OrderBook(self.key)
        for name in self.__slots__:
            setattr(copied, name, getattr(self, name))
        copied._bids, copied._asks = self._bids.copy(), self._asks.copy()
        return copied

    def apply(self, record: BookRecord) -> bool:
        """Change it as `record` says. `False`, and no change, if something between is missing."""
        if record.previous is None:
            self._bids, self._asks = _Side(), _Side()
            self.is_whole = True
        elif not self.is_whole or record.previous != self.version:
            self.is_whole = False
            return False
        self._bids.change(record.bids)
        self._asks.change(record.asks)
        self.version = record.version
        for name in ("depth", "update_id", "ts_event", "ts_recv", "quality"):
            value = getattr(record, name)
            if value is not None:
                setattr(self, name, value)
        return True

    def __repr__(self) -> str:
        live = "live" if self.is_live else "not live"
        return f"<OrderBook {self.key} {live} {self.best_bid} {self.best_ask}>"


class _Side:
    """One side: its prices, rising, and the size of each."""

    __slots__ = ("_prices", "_sizes")

    def __init__(self) -> None:
        self._prices: list[float] = []
        self._sizes: dict[float, float] = {}

    def change(self, levels: Iterable[Level]) -> None:
        """Sizes are absolute, and 0 deletes."""
        for price, size in levels:
            if size:
                if price not in self._sizes:
                    self._prices.insert(bisect_left(self._prices, price), price)
                self._sizes[price] = size
            elif self._sizes.pop(price, None) is not None:
                del self._prices[bisect_left(self._prices, price)]

    def at(self, position: int) -> Level | None:
        """The level there, counted from the lowest price."""
        if not self._prices:
            return None
        price = self._prices[position]
        return Level(price, self._sizes[price])

    def rising(self) -> list[Level]:
        return [Level(price, self._sizes[price]) for price in self._prices]

    def falling(self) -> list[Level]:
        return [Level(price, self._sizes[price]) for price in reversed(self._prices)]

    def copy(self) -> _Side:
        copied = _Side()
        copied._prices, copied._sizes = self._prices.copy(), self._sizes.copy()
        return copied
