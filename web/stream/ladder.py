"""The book as a client keeps it: its best levels, grouped, and what turns one state of it into the next.

Prices are grouped exactly. A float64 cannot hold 0.1, so they are counted in whole units (of 0.1, of 0.01, as
it fits all of them), and in decimals where no unit fits. Sums of sizes are rounded to the 15 digits that a
float64 keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from math import fsum
from typing import NamedTuple

from msgspec import Struct

from actors.market.events import Levels, State
from actors.market.reports import BookView
from web.wire import unix_ms

DEPTH_MAX = 200
SCALES = tuple(10**digits for digits in range(13))
WHOLE_MAX = 10**15


class Ladder(Struct, frozen=True, gc=False):
    """The best levels of a book at one moment, the best first."""

    bids: Levels
    asks: Levels
    update_id: int | None
    ts_event: int | None
    ts_recv: int
    quality: State


class BookRecord(Struct, frozen=True, kw_only=True):
    """A book, or what changed of it: absolute sizes, 0 deletes a level, the best levels first.

    `previous` is the version that it changes, `null` for a whole book, which replaces what was known. `depth`
    is how many levels per side to keep. Times are Unix ms.
    """

    key: str
    depth: int
    version: int
    previous: int | None
    bids: Levels
    asks: Levels
    update_id: int | None
    ts_event: int | None
    ts_recv: int | None
    quality: State


class Rounding(NamedTuple):
    """One of the two ways of rounding, as integers and as decimals do it."""

    divide: Callable[[int, int], int]
    exact: str


DOWN = Rounding(lambda number, by: number // by, ROUND_FLOOR)
UP = Rounding(lambda number, by: -(-number // by), ROUND_CEILING)


def depth_needed(depth: int, grouping: float | None) -> int:
    """How many levels to have followed at the exchange: of a grouped book, as many as can be had."""
    return depth if grouping is None else DEPTH_MAX


def ladder_of(book: BookView, depth: int, grouping: float | None = None) -> Ladder:
    """The best `depth` levels; with `grouping`, levels of that width, bids rounded down and asks up.

    Where the exchange tells no more levels, the worst group may lack some of its own and is left out.
    """
    bids, asks = book.bids, book.asks
    if grouping is not None:
        bids, asks = (
            grouped(side, grouping, way, cut=len(side) >= book.depth)
            for side, way in ((bids, DOWN), (asks, UP))
        )
    return Ladder(bids[:depth], asks[:depth], book.update_id, book.ts_event, book.ts_recv, book.quality)


def grouped(levels: Levels, width: float, way: Rounding, *, cut: bool = False) -> Levels:
    """The levels of one side, added up by price. `cut` says that there are more, which are not told."""
    prices = [price for price, _ in levels]
    scale = next((each for each in SCALES if _are_whole((width, *prices), each)), None)
    if scale is None:
        exact = Decimal(repr(width))
        numbers = [int((Decimal(repr(price)) / exact).to_integral_value(way.exact)) for price in prices]
        labels = {number: float(exact * number) for number in numbers}
    else:
        units = round(width * scale)
        numbers = [way.divide(round(price * scale), units) for price in prices]
        labels = {number: number * units / scale for number in numbers}
    sizes: dict[int, list[float]] = {}
    for number, (_, size) in zip(numbers, levels, strict=True):
        sizes.setdefault(number, []).append(size)
    if cut and len(sizes) > 1:
        sizes.popitem()
    return [(labels[number], _total(each)) for number, each in sizes.items()]


def difference(before: Ladder, after: Ladder) -> tuple[Levels, Levels]:
    """The bids and the asks that turn `before` into `after`, the best first; size 0 deletes."""
    bids = _changed(before.bids, after.bids)
    asks = _changed(before.asks, after.asks)
    return sorted(bids, reverse=True), sorted(asks)


def snapshot_record(key: str, ladder: Ladder, depth: int, version: int) -> BookRecord:
    """A whole book."""
    return _record(key, ladder, depth, version, None, (ladder.bids, ladder.asks))


def update_record(
    key: str, before: Ladder, after: Ladder, depth: int, version: int, previous: int
) -> BookRecord | None:
    """What changed since version `previous`; `None` if neither a level nor the quality did."""
    bids, asks = difference(before, after)
    if not bids and not asks and before.quality == after.quality:
        return None
    return _record(key, after, depth, version, previous, (bids, asks))


def _record(
    key: str, ladder: Ladder, depth: int, version: int, previous: int | None, sides: tuple[Levels, Levels]
) -> BookRecord:
    return BookRecord(
        key=key,
        depth=depth,
        version=version,
        previous=previous,
        bids=sides[0],
        asks=sides[1],
        update_id=ladder.update_id,
        ts_event=unix_ms(ladder.ts_event),
        ts_recv=unix_ms(ladder.ts_recv or None),
        quality=ladder.quality,
    )


def _changed(before: Levels, after: Levels) -> Levels:
    known = dict(before)
    changed = [(price, size) for price, size in after if known.pop(price, None) != size]
    return changed + [(price, 0.0) for price in known]


def _are_whole(prices: Iterable[float], scale: int) -> bool:
    """Whether each price is a whole number of 1/scale: the decimal of at most 15 digits that a float64 stands
    for is the only one that divides back to it."""
    numbers = ((price, round(price * scale)) for price in prices)
    return all(number < WHOLE_MAX and number / scale == price for price, number in numbers)


def _total(sizes: list[float]) -> float:
    return sizes[0] if len(sizes) == 1 else float(f"{fsum(sizes):.15g}")
