"""Price changes: the price that was in force so long ago, or nothing."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.market.changes import KEPT, Prices

NS = 1_000_000_000
START = 1_700_000_000  # a full ten seconds, 20 s past a full minute
MINUTE = START - 20


def at(seconds: float) -> int:
    return int((START + seconds) * NS)


def told(*prices: tuple[float, float | None]) -> Prices:
    history = Prices()
    for seconds, price in prices:
        history.note(price, at(seconds))
    return history


def test_nothing_is_known_at_first() -> None:
    assert Prices().changes(100.0, at(0)) == (None, None, None)
    assert told((0, 100.0)).changes(101.0, at(50)) == (None, None, None)


def test_each_change_is_known_as_soon_as_there_is_a_price_of_that_long_ago() -> None:
    history = told(*((second, 100.0 + second) for second in range(0, 4000, 5)))
    assert history.changes(None, at(3995)) == (None, None, None)
    one, five, hour = history.changes(5000.0, at(3990))
    assert one == pytest.approx((5000.0 / (100 + 3925) - 1) * 100)
    assert five == pytest.approx((5000.0 / (100 + 3685) - 1) * 100)
    assert hour == pytest.approx((5000.0 / (100 + 385) - 1) * 100)


@pytest.mark.parametrize(
    ("seconds", "known"), [(60, 0), (75, 1), (269, 1), (285, 2), (3560, 2), (3585, 3), (9000, 3)]
)
def test_how_many_are_known_after_how_long(seconds: int, known: int) -> None:
    found = told((1, 100.0)).changes(100.0, at(seconds))
    assert [change is not None for change in found] == [place < known for place in range(3)]


def test_between_two_words_the_last_holds() -> None:
    history = told((1, 100.0), (301, 110.0))
    one, five, _ = history.changes(110.0, at(320))
    assert one == pytest.approx(10.0)
    assert five == pytest.approx(10.0)
    assert history.changes(110.0, at(380))[0] == 0.0


def test_a_price_that_was_not_live_is_never_compared_with() -> None:
    history = told((1, 100.0), (100, None), (400, 120.0))
    assert history.changes(120.0, at(450)) == (None, None, None)
    assert history.changes(120.0, at(470)) == (0.0, None, None)


def test_while_nothing_is_live_nothing_has_changed() -> None:
    history = told((1, 100.0), (100, None))
    assert history.changes(None, at(110)) == (None, None, None)
    assert history.changes(100.0, at(700)) == (None, None, None)


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_what_is_no_price_counts_as_none(wrong: float) -> None:
    history = told((1, wrong))
    history.seed((MINUTE - 600) * NS, wrong)
    assert history.changes(100.0, at(100)) == (None, None, None)


def test_a_jump_back_to_where_it_was_still_shows_both_changes() -> None:
    history = told((1, 100.0), (41, 50.0), (101, 100.0))
    assert history.changes(100.0, at(90))[0] == 0.0
    assert history.changes(100.0, at(120))[0] == pytest.approx(100.0)


def test_candles_tell_what_came_before() -> None:
    history = told((0, 200.0))
    for minute in range(500, 0, -1):
        history.seed((MINUTE - minute * 60) * NS, 100.0 + minute)
    _, five, hour = history.changes(200.0, at(40))  # a full minute: candles ended 5 and 60 minutes ago
    assert five == pytest.approx((200.0 / 105.0 - 1) * 100)
    assert hour == pytest.approx((200.0 / 160.0 - 1) * 100)


def test_candles_may_come_first_or_newest_first() -> None:
    first, last = Prices(), Prices()
    for minute in range(500, 0, -1):
        first.seed((MINUTE - minute * 60) * NS, 100.0 + minute)
    first.note(200.0, at(0))
    last.note(200.0, at(0))
    for minute in range(1, 501):
        last.seed((MINUTE - minute * 60) * NS, 100.0 + minute)
    for seconds in range(0, 3000, 7):
        assert first.changes(200.0, at(seconds)) == last.changes(200.0, at(seconds))


def test_a_candle_does_not_replace_what_was_heard() -> None:
    history = told((-200, 100.0), (0, 100.0))
    assert history.changes(100.0, at(40))[0] == 0.0
    history.seed((MINUTE - 60) * NS, 50.0)  # it closed 60 s before second 40
    assert history.changes(100.0, at(40))[0] == 0.0


def test_a_candle_is_known_at_once() -> None:
    history = told((0, 100.0))
    assert history.changes(100.0, at(40)) == (None, None, None)
    history.seed((MINUTE - 60) * NS, 50.0)
    assert history.changes(100.0, at(40)) == (100.0, None, None)


def test_a_candle_of_a_minute_that_is_not_over_is_left_to_those_who_watch() -> None:
    history = told((0, 100.0))
    history.seed(MINUTE * NS, 50.0)
    history.note(200.0, at(15))
    assert history.changes(100.0, at(80))[0] == -50.0
    assert history.changes(100.0, at(100))[0] == -50.0


def test_a_candle_fills_the_time_of_an_outage() -> None:
    history = told((-600, 100.0), (-400, None), (-100, 100.0))
    assert history.changes(100.0, at(-20 + 40))[1] is None
    history.seed((MINUTE - 60 * 6) * NS, 80.0)  # it closed 300 s before second -20
    assert history.changes(100.0, at(-20))[1] == pytest.approx(25.0)


def test_a_candle_of_long_ago_is_forgotten() -> None:
    history = told((0, 100.0))
    history.seed((MINUTE - 7200) * NS, 50.0)
    assert history.changes(100.0, at(0)) == (None, None, None)


def test_a_clock_that_steps_back_breaks_nothing() -> None:
    history = told((100, 100.0), (0, 110.0), (170, 120.0))
    assert history.changes(120.0, at(171))[0] == pytest.approx((120 / 110 - 1) * 100)


def test_it_keeps_an_hour_and_no_more() -> None:
    history = told(*((second, 100.0) for second in range(0, 20_000, 10)))
    assert len(history._ring) == KEPT
    assert len(told((0, 1.0), (100, 1.0))._ring) == 11


PRICES = st.none() | st.floats(min_value=1e-9, max_value=1e9)
STEPS = st.lists(st.tuples(st.sampled_from([0, 1, 9, 10, 11, 60, 1000, 5000]), PRICES), max_size=40)


@given(STEPS, st.lists(st.tuples(st.integers(-100, 100), st.floats(1e-9, 1e9)), max_size=10))
def test_a_change_is_against_a_price_that_was_in_force_then(
    steps: list[tuple[int, float | None]], candles: list[tuple[int, float]]
) -> None:
    """Against the plainest history: a list of all that was said, searched from its end."""
    history, said, now = Prices(), list[tuple[int, float | None]](), 0
    for pause, price in steps:
        now += pause
        history.note(price, at(now))
        said.append((now, price))
    one = history.changes(1.0, at(now))[0]
    boundary = round_half_up(now) - 60
    then = next((price for when, price in reversed(said) if when < boundary), None)
    exact = next((price for when, price in reversed(said) if when == boundary), then)
    assert one in (percent(then), percent(exact))
    for minute, close in candles:
        history.seed((MINUTE + minute * 60) * NS, close)
    assert all(change is None or isfinite(change) for change in history.changes(1.0, at(now)))


def round_half_up(seconds: int) -> int:
    return (seconds + 5) // 10 * 10


def percent(then: float | None) -> float | None:
    return None if then is None else round((1.0 - then) / then * 100.0, 10)
