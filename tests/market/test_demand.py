"""Who wants which book: the deepest wish counts, leases end, and there is a bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.market.demand import Demand
from actors.market.rhythm import NS_PER_S
from actors.runtime.errors import NotWatchable, TooManyBooks

NOW = 1_700_000_000 * NS_PER_S


def after(seconds: float) -> int:
    return NOW + int(seconds * NS_PER_S)


def test_nothing_is_wanted_until_somebody_does() -> None:
    assert Demand().wanted(NOW) == {}


def test_the_deepest_wish_counts_for_as_long_as_it_lasts() -> None:
    demand = Demand()
    demand.want("A", 50, after(60), NOW)
    demand.want("A", 200, after(10), NOW)
    assert demand.wanted(after(9)) == {"A": 200}
    assert demand.wanted(after(10)) == {"A": 50}
    assert demand.wanted(after(60)) == {}


def test_each_reading_renews_the_lease_and_none_shortens_it() -> None:
    demand = Demand()
    demand.want("A", 50, after(60), NOW)
    demand.want("A", 50, after(5), after(1))
    assert demand.wanted(after(59)) == {"A": 50}
    demand.want("A", 50, after(100), after(59))
    assert demand.wanted(after(99)) == {"A": 50}


def test_without_an_end_a_lease_lasts_the_grace_time() -> None:
    demand = Demand(grace_s=20)
    demand.want("A", 50, None, NOW)
    assert (demand.wanted(after(19)), demand.wanted(after(20))) == ({"A": 50}, {})


def test_a_book_is_held_until_it_is_released_as_often_and_stays_for_the_grace_time() -> None:
    demand = Demand(grace_s=20)
    demand.hold("A", 50, NOW)
    demand.hold("A", 50, NOW)
    demand.release("A", 50, NOW)
    assert demand.wanted(after(1000)) == {"A": 50}
    demand.release("A", 50, after(1000))
    assert demand.wanted(after(1019)) == {"A": 50}
    assert demand.wanted(after(1020)) == {}


def test_a_reader_who_comes_back_in_time_leaves_the_book_as_it_is() -> None:
    demand = Demand(grace_s=20)
    demand.hold("A", 50, NOW)
    before = demand.wanted(NOW)
    demand.release("A", 50, after(1))
    demand.hold("A", 50, after(15))
    assert demand.wanted(after(500)) is before


def test_a_release_of_what_nobody_holds_changes_nothing() -> None:
    demand = Demand()
    demand.release("A", 50, NOW)
    assert demand.wanted(NOW) == {}


def test_what_the_settings_name_is_wanted_for_good() -> None:
    demand = Demand()
    assert demand.stand(["A", "B", "A"], 50) == ()
    demand.want("A", 200, after(10), NOW)
    assert demand.wanted(NOW) == {"A": 200, "B": 50}
    assert demand.wanted(after(1e6)) == {"A": 50, "B": 50}
    demand.stand(["B"], 20)
    assert demand.wanted(after(1e6)) == {"B": 20}


def test_what_is_no_longer_followed_is_no_longer_wanted() -> None:
    demand = Demand()
    demand.stand(["A", "B"], 50)
    demand.hold("C", 50, NOW)
    demand.want("D", 50, after(60), NOW)
    demand.retain(["B", "D"])
    assert demand.wanted(NOW) == {"B": 50, "D": 50}
    demand.release("C", 50, NOW)


def test_there_is_a_bound_and_it_is_said_clearly() -> None:
    demand = Demand(books_max=3)
    assert demand.stand(["A", "B"], 50) == ()
    demand.want("C", 50, after(10), NOW)
    with pytest.raises(TooManyBooks, match="3 order books are watched already"):
        demand.want("D", 50, after(10), NOW)
    with pytest.raises(NotWatchable):
        demand.hold("D", 50, NOW)
    demand.want("A", 200, after(10), NOW)
    demand.want("D", 50, after(20), after(10))
    assert demand.wanted(after(10)) == {"A": 50, "B": 50, "D": 50}


def test_the_settings_cannot_want_more_than_the_bound_either() -> None:
    demand = Demand(books_max=2)
    assert demand.stand(["A", "B", "C", "D"], 50) == ("C", "D")
    assert demand.wanted(NOW) == {"A": 50, "B": 50}


@pytest.mark.parametrize("depth", [0, -1, 201])
def test_a_depth_that_cannot_be_is_refused_and_leaves_nothing_behind(depth: int) -> None:
    demand = Demand(books_max=1)
    with pytest.raises(ValueError, match=f"1 to 200 levels, not {depth}"):
        demand.want("A", depth, after(10), NOW)
    demand.want("B", 1, after(10), NOW)


def test_the_same_answer_is_the_same_object_so_that_comparing_it_costs_nothing() -> None:
    demand = Demand()
    demand.want("A", 50, after(60), NOW)
    first = demand.wanted(NOW)
    demand.want("A", 50, after(90), after(1))
    assert demand.wanted(after(70)) is first


wishes = st.tuples(st.sampled_from("ABC"), st.sampled_from([1, 50, 200]), st.integers(1, 40))


@given(st.lists(st.tuples(st.integers(0, 9), wishes), max_size=25), st.integers(0, 60))
def test_what_is_wanted_is_what_some_lease_says(
    script: list[tuple[int, tuple[str, int, int]]], wait_s: int
) -> None:
    demand, now_s = Demand(), 0
    leases: list[tuple[str, int, int]] = []
    for pause_s, (symbol, depth, lasts_s) in script:
        now_s += pause_s
        demand.want(symbol, depth, after(now_s + lasts_s), after(now_s))
        leases.append((symbol, depth, now_s + lasts_s))
        demand.wanted(after(now_s))
    now_s += wait_s
    lasting = [(symbol, depth) for symbol, depth, until_s in leases if until_s > now_s]
    assert demand.wanted(after(now_s)) == {
        symbol: max(depth for each, depth in lasting if each == symbol) for symbol, _ in lasting
    }
