"""Books as their clients keep them: grouped exactly, and changed by differences."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.market.events import Levels, State
from actors.market.reports import BookView
from web.stream.ladder import (
    DOWN,
    UP,
    Ladder,
    depth_needed,
    difference,
    grouped,
    ladder_of,
    snapshot_record,
    update_record,
)

KEY = "bybit:linear:BTCUSDT"


def view(bids: Levels, asks: Levels, depth: int = 200, quality: State = "live") -> BookView:
    return BookView("BTCUSDT", bids, asks, depth, 17, 5_000_000, 6_000_000, quality)


def ladder(bids: Levels, asks: Levels, quality: State = "live") -> Ladder:
    return ladder_of(view(bids, asks, quality=quality), 200)


def test_only_the_best_levels_are_kept() -> None:
    found = ladder_of(view([(9.0, 1.0), (8.0, 2.0), (7.0, 3.0)], [(10.0, 1.0), (11.0, 2.0)]), 2)
    assert found.bids == [(9.0, 1.0), (8.0, 2.0)]
    assert found.asks == [(10.0, 1.0), (11.0, 2.0)]
    assert (found.update_id, found.ts_recv, found.quality) == (17, 6_000_000, "live")


def test_bids_are_rounded_down_and_asks_up() -> None:
    book = view([(0.39, 0.1), (0.3, 0.2), (0.29, 1.0)], [(0.4, 0.1), (0.41, 0.1), (0.5, 0.1), (0.51, 4.0)])
    found = ladder_of(book, 10, 0.1)
    assert found.bids == [(0.3, 0.3), (0.2, 1.0)]
    assert found.asks == [(0.4, 0.1), (0.5, 0.2), (0.6, 4.0)]


def test_grouping_has_no_digits_that_nobody_wrote() -> None:
    found = ladder_of(view([(0.7, 0.1), (0.6, 0.7), (0.3, 0.1)], [(0.7, 0.1), (1.1, 0.2)]), 10, 0.1)
    assert repr(found.bids) == "[(0.7, 0.1), (0.6, 0.7), (0.3, 0.1)]"
    assert repr(found.asks) == "[(0.7, 0.1), (1.1, 0.2)]"
    assert grouped([(64321.4, 0.1), (64321.3, 0.2)], 0.5, DOWN) == [(64321.0, 0.3)]


def test_the_worst_group_is_left_out_where_some_of_its_levels_are_not_told() -> None:
    bids, asks = [(99.0, 1.0), (98.0, 1.0), (89.0, 1.0)], [(101.0, 1.0), (102.0, 1.0)]
    found = ladder_of(view(bids, asks, depth=3), 10, 10.0)
    assert found.bids == [(90.0, 2.0)]
    assert found.asks == [(110.0, 2.0)]
    assert ladder_of(view(bids[:2], asks, depth=2), 10, 10.0).bids == [(90.0, 2.0)]


def test_a_grouped_book_is_followed_as_deep_as_can_be() -> None:
    assert depth_needed(5, None) == 5
    assert depth_needed(5, 0.5) == 200


def test_a_difference_tells_absolute_sizes_and_deletes_with_zero() -> None:
    before = ladder([(9.0, 1.0), (8.0, 2.0)], [(10.0, 1.0), (11.0, 2.0)])
    after = ladder([(9.5, 1.0), (9.0, 1.0)], [(10.0, 1.5), (11.0, 2.0)])
    assert difference(before, after) == ([(9.5, 1.0), (8.0, 0.0)], [(10.0, 1.5)])


def test_records_of_a_book() -> None:
    before = ladder([(9.0, 1.0)], [(10.0, 1.0)])
    whole = snapshot_record(KEY, before, 50, 9)
    assert (whole.version, whole.previous, whole.depth) == (9, None, 50)
    assert (whole.bids, whole.asks, whole.ts_recv, whole.ts_event) == ([(9.0, 1.0)], [(10.0, 1.0)], 6, 5)
    assert update_record(KEY, before, ladder([(9.0, 1.0)], [(10.0, 1.0)]), 50, 12, 9) is None
    stale = update_record(KEY, before, ladder([(9.0, 1.0)], [(10.0, 1.0)], "stale"), 50, 12, 9)
    assert stale is not None
    assert (stale.quality, stale.bids, stale.version, stale.previous) == ("stale", [], 12, 9)


PRICES = st.integers(1, 400).map(lambda ticks: ticks / 10)
SIZES = st.integers(1, 10**6).map(lambda lots: lots / 1000)
SIDES = st.dictionaries(PRICES, SIZES, max_size=40)
WIDTHS = st.sampled_from([None, 0.1, 0.3, 0.5, 1.0, 2.5, 7.0])


def best_first(side: dict[float, float], *, bids: bool) -> Levels:
    return sorted(side.items(), reverse=bids)


@given(st.lists(st.tuples(SIDES, SIDES), min_size=2, max_size=5), st.integers(1, 20), WIDTHS)
def test_a_client_that_applies_the_differences_has_the_book(
    states: list[tuple[dict[float, float], dict[float, float]]], depth: int, width: float | None
) -> None:
    ladders = [
        ladder_of(view(best_first(bids, bids=True), best_first(asks, bids=False)), depth, width)
        for bids, asks in states
    ]
    kept = [dict(ladders[0].bids), dict(ladders[0].asks)]
    for before, after in pairwise(ladders):
        for side, changes in zip(kept, difference(before, after), strict=True):
            for price, size in changes:
                if size:
                    side[price] = size
                else:
                    del side[price]
        assert best_first(kept[0], bids=True) == after.bids
        assert best_first(kept[1], bids=False) == after.asks
        assert max(map(len, kept)) <= depth


EXACT_PRICES = st.decimals("0.00000001", "100000", places=8)
EXACT_WIDTHS = st.sampled_from(
    ["0.00000001", "0.0001", "0.1", "0.3", "0.7", "0.25", "3", "50", "1000", "0.00012"]
)


@given(st.lists(st.tuples(EXACT_PRICES, st.decimals("0.001", "1000", places=3)), max_size=30), EXACT_WIDTHS)
def test_grouping_is_that_of_decimals(levels: list[tuple[Decimal, Decimal]], width: str) -> None:
    for way, rounded in ((DOWN, math.floor), (UP, math.ceil)):
        expected: dict[Decimal, Decimal] = {}
        for price, size in levels:
            group = Decimal(width) * rounded(Fraction(price) / Fraction(width))
            expected[group] = expected.get(group, Decimal(0)) + size
        told = [(float(price), float(size)) for price, size in levels]
        assert dict(grouped(told, float(width), way)) == {
            float(group): float(total) for group, total in expected.items()
        }


@pytest.mark.parametrize("width", [1e-10, 1e9])
def test_the_bounds_of_grouping_work(width: float) -> None:
    for price in (1e-8, 0.1, 99_999.9, 1e9):
        [(down, _)] = grouped([(price, 1.0)], width, DOWN)
        [(up, _)] = grouped([(price, 1.0)], width, UP)
        assert down <= price <= up
