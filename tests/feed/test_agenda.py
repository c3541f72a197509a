"""REST requests: when they are due, and what they may cost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.exchanges.base import Fetch
from actors.feed.agenda import RETRY_AFTER_S, Agenda, Budget
from actors.market.rhythm import NS_PER_S

NOW = 1_700_000_000 * NS_PER_S
ONCE = Fetch("candles", "/candles", "BTC")
HOURLY = Fetch("funding", "/funding", every_s=3600)


def after(seconds: float) -> int:
    return NOW + int(seconds * NS_PER_S)


@pytest.fixture
def agenda() -> Agenda:
    return Agenda(Budget(6000))


def test_requests_come_in_the_order_in_which_they_were_asked(agenda: Agenda) -> None:
    fetches = [Fetch("t", f"/{name}") for name in "cab"]
    agenda.ask(fetches, NOW)
    for fetch in fetches:
        assert agenda.next(NOW) == fetch
        agenda.answered(fetch, NOW)
    assert agenda.next(NOW) is None


def test_what_is_due_longest_comes_first(agenda: Agenda) -> None:
    agenda.ask([ONCE], after(5))
    agenda.ask([HOURLY], NOW)
    assert agenda.next(after(10)) == HOURLY


def test_asking_twice_asks_once(agenda: Agenda) -> None:
    agenda.ask([ONCE, ONCE], NOW)
    agenda.ask([ONCE], after(1))
    assert agenda.next(after(1)) == ONCE
    agenda.answered(ONCE, after(1))
    assert agenda.next(after(1)) is None


def test_a_repeating_request_comes_again(agenda: Agenda) -> None:
    agenda.ask([HOURLY], NOW)
    agenda.answered(HOURLY, NOW)
    assert agenda.next(after(3599)) is None
    assert agenda.next(after(3600)) == HOURLY


def test_what_failed_is_tried_again_later_while_others_go_on(agenda: Agenda) -> None:
    agenda.ask([ONCE, HOURLY], NOW)
    agenda.failed(ONCE, None, NOW)
    assert agenda.next(NOW) == HOURLY
    agenda.answered(HOURLY, NOW)
    assert agenda.next(after(RETRY_AFTER_S - 1)) is None
    assert agenda.next(after(RETRY_AFTER_S)) == ONCE


def test_when_the_exchange_asks_for_patience_everything_rests() -> None:
    budget = Budget(6000)
    mine, other = Agenda(budget), Agenda(budget)
    mine.ask([ONCE, HOURLY], NOW)
    other.ask([HOURLY], NOW)
    mine.failed(ONCE, 120, NOW)
    assert (mine.next(after(119)), other.next(after(119))) == (None, None)
    assert (mine.next(after(121)), other.next(after(121))) == (HOURLY, HOURLY)


def test_what_is_no_longer_followed_is_not_asked_for(agenda: Agenda) -> None:
    other = Fetch("candles", "/candles", "ETH", every_s=60)
    agenda.ask([other, ONCE, HOURLY], NOW)
    agenda.retain(["BTC"])
    assert agenda.next(NOW) == ONCE
    agenda.answered(ONCE, NOW)
    agenda.answered(other, NOW)
    agenda.failed(other, None, NOW)
    assert agenda.next(NOW) == HOURLY
    agenda.answered(HOURLY, NOW)
    assert agenda.next(after(600)) is None


def test_a_request_waits_for_its_weight() -> None:
    agenda = Agenda(Budget(60))
    heavy = [Fetch("t", f"/{number}", weight=10) for number in range(4)]
    agenda.ask(heavy, NOW)
    sent: list[int] = []
    for second in range(60):
        while (fetch := agenda.next(after(second))) is not None:
            agenda.answered(fetch, after(second))
            sent.append(second)
    assert sent == [0, 0, 10, 20]


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(0.5, 40)), min_size=1, max_size=200),
    st.sampled_from([60.0, 600.0, 1200.0]),
)
def test_no_minute_costs_more_than_its_weight_and_the_burst(
    wishes: list[tuple[float, float]], weight_per_min: float
) -> None:
    """A request that begins within the burst may end beyond it, by no more than its own weight."""
    budget, now_s, spent = Budget(weight_per_min), 0.0, [(0.0, 0.0)]
    for pause_s, weight in wishes:
        now_s += pause_s
        if budget.spend(weight, after(now_s)):
            spent.append((now_s, weight))
    burst = weight_per_min / 60 * Budget.BURST_S + max(weight for _, weight in wishes)
    for start_s, _ in spent:
        minute = sum(weight for when_s, weight in spent if start_s <= when_s < start_s + 60)
        assert minute <= weight_per_min + burst + 0.01


def test_what_a_quiet_hour_saves_up_is_no_more_than_the_burst() -> None:
    budget = Budget(60)
    assert budget.spend(1, NOW)
    assert sum(budget.spend(1, after(3600)) for _ in range(100)) == 11
