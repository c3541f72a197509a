"""What is true of one instrument at the simulated exchange, whoever is told of it."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import deque
from operator import attrgetter

from tests.exchanges.true_book import Sides, TrueBook
from tests.simulation.wire import NS_PER_MS, TrueTrade

BOOK_SIZE = 6
STATES_KEPT = 200
MINUTE_NS = 60_000_000_000

Picture = dict[str, float | None]
_moment = attrgetter("ts_event")


class Coin:
    """A hidden book, every trade that ever happened, and a few prices.

    `u` numbers the states of the book, which `states` remembers. Sizes of trades are eighths, so that sums of
    them are exact.
    """

    def __init__(self, symbol: str, dice: random.Random) -> None:
        self.symbol = symbol
        self.trades: list[TrueTrade] = []
        self.u = dice.randint(1_000, 9_000_000)
        self.changed_ns = 0
        self.changes: Sides | None = None
        self._dice = dice
        self._book = TrueBook(dice.randrange(1 << 30), size=BOOK_SIZE)
        self._price = 1000.0
        self._mark = 1000.0
        self._volume = 0.0
        self._seq = 10**6
        self._numbers: deque[int] = deque()
        self.states: dict[int, Sides] = {}
        self.sides: Sides = ([], [])
        self._note(self._book.levels(BOOK_SIZE))

    def move_book(self, now_ns: int) -> None:
        """The book changes: `changes` says what."""
        self.changes = self._book.step()
        self.u += 1
        self.changed_ns = now_ns
        self._note(self._book.levels(BOOK_SIZE))

    def restart_book(self, now_ns: int) -> None:
        """The exchange's service restarts, and counts its states anew."""
        self.u, self.changed_ns, self.changes = 1, now_ns, None
        self._note(self.sides)

    def trade(self, now_ns: int) -> list[TrueTrade]:
        """One to three trades in the last tenth of a second."""
        moments = sorted(self._dice.randrange(90) for _ in range(self._dice.randint(1, 3)))
        newest_ns = self.trades[-1].ts_event if self.trades else 0
        return [self._trade(max(now_ns - (90 - each) * NS_PER_MS, newest_ns)) for each in moments]

    def mark(self) -> None:
        """The mark price moves, as it does all the time."""
        self._mark = 1000.0 + self._dice.randrange(4000) / 8

    def picture(self) -> Picture:
        """Everything that a ticker can tell."""
        return self.best() | {"price": self._price, "mark_price": self._mark, "volume_24h": self._volume}

    def best(self) -> Picture:
        """The best prices: nothing where a side is empty."""
        bids, asks = self.sides
        bid, bid_size = bids[0] if bids else (None, None)
        ask, ask_size = asks[0] if asks else (None, None)
        return {"bid": bid, "bid_size": bid_size, "ask": ask, "ask_size": ask_size}

    def traded(self, from_ns: int, to_ns: int) -> list[TrueTrade]:
        """The trades from one moment until before another."""
        first, last = (bisect_left(self.trades, each, key=_moment) for each in (from_ns, to_ns))
        return self.trades[first:last]

    def candles(self, now_ns: int, count: int) -> list[tuple[int, float, float, float, float, float]]:
        """The newest candles of a minute, as the exchange counts them; one of a minute without trades too."""
        last_ns = now_ns - now_ns % MINUTE_NS
        rows: list[tuple[int, float, float, float, float, float]] = []
        for start_ns in range(last_ns - (count - 1) * MINUTE_NS, last_ns + 1, MINUTE_NS):
            prices = [each.price for each in self.traded(start_ns, start_ns + MINUTE_NS)]
            volume = sum(each.size for each in self.traded(start_ns, start_ns + MINUTE_NS))
            before = bisect_left(self.trades, start_ns, key=_moment)
            if prices or before:
                prices = prices or [self.trades[before - 1].price]
                rows.append((start_ns, prices[0], max(prices), min(prices), prices[-1], float(volume)))
        return rows

    def _trade(self, ts_event: int) -> TrueTrade:
        self._seq += 1
        is_buy = self._dice.random() < 0.5
        side = self.sides[1 if is_buy else 0]
        self._price = side[0][0] if side else self._price
        size = self._dice.randint(1, 80) / 8
        self._volume += size
        trade = TrueTrade(f"{self.symbol}-{self._seq}", self._price, size, is_buy, ts_event, self._seq)
        self.trades.append(trade)
        return trade

    def _note(self, sides: Sides) -> None:
        self.sides = self.states[self.u] = sides
        self._numbers.append(self.u)
        if len(self._numbers) > STATES_KEPT:
            forgotten = self._numbers.popleft()
            if forgotten not in self._numbers:
                del self.states[forgotten]
