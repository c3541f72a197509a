"""REST requests: when they are due, and what they may cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.exchanges.base import Fetch
from actors.feed.agenda import LAST, ORDINARY, Agenda, Budget
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
    assert agenda.next(after(ONCE.retry_s - 1)) is None
    assert agenda.next(after(ONCE.retry_s)) == ONCE


def test_when_the_exchange_asks_for_patience_everything_rests() -> None:
    budget = Budget(6000)
    mine, other = Agenda(budget), Agenda(budget)
    mine.ask([ONCE, HOURLY], NOW)
    other.ask([HOURLY], NOW)
    mine.failed(ONCE, 120, NOW)
    assert (mine.next(after(119)), other.next(after(119))) == (None, None)
    assert (mine.next(after(123)), other.next(after(123))) == (HOURLY, HOURLY)


def test_what_is_no_longer_followed_is_not_asked_for(agenda: Agenda) -> None:
    other = Fetch("candles", "/candles", "ETH", every_s=60)
    agenda.ask([other, ONCE, HOURLY], NOW)
    agenda.retain(["BTC"], [])
    assert agenda.next(NOW) == ONCE
    agenda.answered(ONCE, NOW)
    agenda.answered(other, NOW)
    agenda.failed(other, None, NOW)
    assert agenda.next(NOW) == HOURLY
    agenda.answered(HOURLY, NOW)
    assert agenda.next(after(600)) is None


def test_a_request_waits_for_its_weight() -> None:
    """Eight of the ten seconds that may be spent at once are for what is not urgent."""
    agenda = Agenda(Budget(60))
    heavy = [Fetch("t", f"/{number}", weight=10) for number in range(4)]
    agenda.ask(heavy, NOW)
    sent: list[int] = []
    for second in range(60):
        while (fetch := agenda.next(after(second))) is not None:
            agenda.answered(fetch, after(second))
            sent.append(second)
    assert sent == [0, 2, 12, 22]


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


def book(symbol: str, retry_s: float = 1.0) -> Fetch:
    return Fetch("book", f"/depth/{symbol}", symbol, weight=10, urgent=True, retry_s=retry_s)


def drained(agenda: Agenda, now_ns: int) -> list[str]:
    """The symbols asked for until nothing is left to ask, each answered at once."""
    asked: list[str] = []
    while (fetch := agenda.next(now_ns)) is not None:
        asked.append(fetch.symbol)
        agenda.answered(fetch, now_ns)
    return asked


def test_what_is_urgent_goes_first_and_what_can_wait_last(agenda: Agenda) -> None:
    agenda.ask([Fetch("candles", "/c", "last")], NOW, last=True)
    agenda.ask([Fetch("trades", "/t", "then")], NOW)
    agenda.ask([book("first")], after(1))
    assert drained(agenda, after(1)) == ["first", "then", "last"]


def test_few_are_under_way_at_once_and_one_place_is_kept_for_what_is_urgent(agenda: Agenda) -> None:
    agenda.ask([Fetch("t", f"/{number}") for number in range(9)], NOW)
    assert [agenda.next(NOW) is not None for _ in range(4)] == [True, True, True, False]
    agenda.ask([book("A"), book("B")], NOW)
    assert [agenda.next(NOW), agenda.next(NOW)] == [book("A"), None]
    agenda.answered(book("A"), NOW)
    assert agenda.next(NOW) == book("B")


def test_what_is_asked_for_while_it_is_under_way_is_sent_again_once_it_is_answered(agenda: Agenda) -> None:
    agenda.ask([book("A")], NOW)
    assert agenda.next(NOW) == book("A")
    agenda.ask([book("A"), book("A")], NOW)
    assert agenda.next(NOW) is None
    agenda.answered(book("A"), after(1))
    assert agenda.next(after(1)) == book("A")
    agenda.answered(book("A"), after(2))
    assert agenda.next(after(60)) is None


def test_a_repeating_request_that_is_under_way_is_not_asked_twice(agenda: Agenda) -> None:
    agenda.ask([HOURLY], NOW)
    assert agenda.next(NOW) == HOURLY
    agenda.ask([HOURLY], NOW)
    agenda.answered(HOURLY, NOW)
    assert agenda.next(after(3599)) is None


def test_what_was_forgotten_and_is_wanted_again_is_not_under_way_twice(agenda: Agenda) -> None:
    agenda.ask([book("A")], NOW)
    assert agenda.next(NOW) == book("A")
    agenda.retain(["A"], [])
    agenda.ask([book("A")], NOW)
    assert agenda.next(NOW) is None
    agenda.answered(book("A"), NOW)
    assert agenda.next(NOW) == book("A")


def test_each_request_says_how_soon_it_is_tried_again(agenda: Agenda) -> None:
    agenda.ask([book("A", retry_s=2.0)], NOW)
    agenda.next(NOW)
    agenda.failed(book("A", retry_s=2.0), None, NOW)
    assert agenda.next(after(1.9)) is None
    assert agenda.next(after(2)) is not None


def test_a_book_that_nobody_wants_any_more_is_not_asked_for(agenda: Agenda) -> None:
    agenda.ask([book("A"), book("B"), Fetch("trades", "/t", "A")], NOW)
    agenda.retain(["A", "B"], ["B"])
    assert drained(agenda, NOW) == ["B", "A"]


def test_the_budget_of_what_can_wait_leaves_room_for_what_is_urgent() -> None:
    budget = Budget(60)  # ten requests of weight 1 at once, then one a second
    assert sum(budget.spend(1, NOW, LAST) for _ in range(20)) == 6
    assert sum(budget.spend(1, NOW, ORDINARY) for _ in range(20)) == 3
    assert sum(budget.spend(1, NOW) for _ in range(20)) == 2


def test_five_hundred_books_come_back_within_the_weight_of_the_exchange() -> None:
    """A reconnection of many books: as fast as allowed, and never faster."""
    agenda = Agenda(Budget(2400))
    agenda.ask([book(f"S{number}") for number in range(500)], NOW)
    spent: list[float] = []
    for tick in range(20 * 180):
        now_ns = after(tick / 20)
        spent += [tick / 20] * len(drained(agenda, now_ns))
    assert len(spent) == 500 and spent[-1] < 126
    for start_s in range(0, 121, 10):
        assert 10 * sum(start_s <= when_s < start_s + 60 for when_s in spent) <= 2400 + 400 + 10
