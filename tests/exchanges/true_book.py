"""A hidden, true order book: what an exchange knows, and what a codec's book is compared with.

It is pure and seeded: the same seed lives through the same steps. Prices are whole ticks inside, so that no
price is almost another one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar

Levels: TypeAlias = list[tuple[float, float]]  # (price, size), as in events
Sides: TypeAlias = tuple[Levels, Levels]  # bids, asks
Price = TypeVar("Price", int, float)  # ticks, or units

TICKS_PER_UNIT = 100


class TrueBook:
    """An order book that random steps change. `number` counts them.

    It is never crossed, and holds at most `size` levels per side: a side of a small book runs empty now and
    then.
    """

    def __init__(self, seed: int, size: int = 100, middle: float = 1000.0) -> None:
        self.number = 0
        self._dice = random.Random(seed)
        self._size = size
        self._middle = round(middle * TICKS_PER_UNIT)
        self._bids: dict[int, float] = {}
        self._asks: dict[int, float] = {}
        for offset in range(1, size + 1):
            self._bids[self._middle - offset] = self._some_size()
            self._asks[self._middle + offset] = self._some_size()

    def levels(self, depth: int) -> Sides:
        """The best `depth` levels of bids and asks, the best first."""
        bids, asks = sorted(self._bids.items(), reverse=True), sorted(self._asks.items())
        return _in_units(bids[:depth]), _in_units(asks[:depth])

    def step(self) -> Sides:
        """One to six things happen. Returns the levels that are different now; size 0: gone."""
        bids, asks = self._bids.copy(), self._asks.copy()
        self.number += 1
        for _ in range(self._dice.randint(1, 6)):
            self._happen()
        return _in_units(_changes(bids, self._bids)), _in_units(_changes(asks, self._asks))

    def steps(self, count: int) -> list[Sides]:
        """What each of the next `count` steps changes."""
        return [self.step() for _ in range(count)]

    def _happen(self) -> None:
        """The fuller the book, the more leaves it."""
        fullness = (len(self._bids) + len(self._asks)) / (2 * self._size)
        if self._dice.random() > fullness**3:
            self._rest()
        else:
            self._dice.choice((self._cancel, self._sweep))()

    def _some_size(self) -> float:
        return self._dice.randint(1, 99_999) / 1000

    def _rest(self) -> None:
        """An order comes to rest, often near the touch, and sometimes inside the spread."""
        distance = min(int(self._dice.expovariate(0.1)), 2 * self._size)
        if self._dice.random() < 0.5:
            highest = min(self._asks, default=self._middle + 1) - 1
            self._bids[highest - distance] = self._some_size()
            _trim(self._bids, self._size, worst=min)
        else:
            lowest = max(self._bids, default=self._middle - 1) + 1
            self._asks[lowest + distance] = self._some_size()
            _trim(self._asks, self._size, worst=max)

    def _cancel(self) -> None:
        side = self._dice.choice((self._bids, self._asks))
        if side:
            del side[self._dice.choice(sorted(side))]

    def _sweep(self) -> None:
        """A large order takes the best levels of one side, and leaves a part of the last."""
        if self._dice.random() < 0.5:
            self._take(self._bids, max)
        else:
            self._take(self._asks, min)

    def _take(self, side: dict[int, float], best: Callable[[Iterable[int]], int]) -> None:
        for _ in range(self._dice.randint(0, 5)):
            if side:
                del side[best(side)]
        if side:
            side[best(side)] = self._some_size()


def difference(before: Sides, after: Sides) -> Sides:
    """The level changes that turn one picture of a book into another: what leaves a window is told as 0."""
    return _changes(dict(before[0]), dict(after[0])), _changes(dict(before[1]), dict(after[1]))


def apply(picture: Sides, changes: Sides) -> Sides:
    """The picture after these changes, the plain way: the answer that a codec's book is compared with."""
    bids, asks = ({**dict(old), **dict(new)} for old, new in zip(picture, changes, strict=True))
    return (
        sorted(((price, size) for price, size in bids.items() if size), reverse=True),
        sorted((price, size) for price, size in asks.items() if size),
    )


def _in_units(levels: Iterable[tuple[int, float]]) -> Levels:
    return [(tick / TICKS_PER_UNIT, size) for tick, size in levels]


def _changes(before: dict[Price, float], after: dict[Price, float]) -> list[tuple[Price, float]]:
    gone = [(price, 0.0) for price in sorted(before.keys() - after.keys())]
    return gone + sorted(after.items() - before.items())


def _trim(side: dict[int, float], size: int, worst: Callable[[Iterable[int]], int]) -> None:
    while len(side) > size:
        del side[worst(side)]
