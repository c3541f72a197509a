"""Derived values: what follows from a record, and what does not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.market.derived import DERIVED, Derived, derive, mid_of, spread_of
from actors.market.ticker import Ticker


@dataclass
class Told:
    """Some fields of a record, or none."""

    price: float | None = None
    bid: float | None = None
    ask: float | None = None
    mark_price: float | None = None
    index_price: float | None = None
    funding_rate: float | None = None
    funding_interval_h: float | None = None
    open_interest: float | None = None


def derived(told: Told) -> Derived:
    return derive(Ticker(exchange="e", market="linear", symbol="S", **asdict(told)))


def test_the_mid_and_the_spread() -> None:
    found = derived(Told(bid=99.0, ask=101.0))
    assert (found.mid, found.spread, found.spread_bps) == (100.0, 2.0, 200.0)


@pytest.mark.parametrize("told", [Told(bid=99.0), Told(ask=99.0), Told(bid=0.0, ask=1.0)], ids=str)
def test_a_quote_of_one_side_has_no_mid(told: Told) -> None:
    found = derived(told)
    assert (found.mid, found.spread, found.spread_bps) == (None, None, None)


@pytest.mark.parametrize("ask", [99.0, 98.0])
def test_a_quote_that_is_crossed_or_locked_has_no_spread(ask: float) -> None:
    assert derived(Told(bid=99.0, ask=ask)) == derived(Told())
    assert mid_of(99.0, ask) is None
    assert spread_of(99.0, ask) is None


def test_funding_is_normalised_by_its_own_interval() -> None:
    hourly = derived(Told(funding_rate=0.0000125, funding_interval_h=1.0))
    eight = derived(Told(funding_rate=0.0001, funding_interval_h=8.0))
    assert hourly.funding_rate_8h == pytest.approx(0.0001)
    assert eight.funding_rate_8h == pytest.approx(0.0001)
    assert hourly.funding_apr == pytest.approx(10.95)
    assert eight.funding_apr == pytest.approx(10.95)
    assert derived(Told(funding_rate=-0.0001, funding_interval_h=4.0)).funding_apr == pytest.approx(-21.9)


@pytest.mark.parametrize("interval_h", [None, 0.0, -8.0])
def test_funding_without_a_true_interval_is_unknown(interval_h: float | None) -> None:
    found = derived(Told(funding_rate=0.0001, funding_interval_h=interval_h))
    assert (found.funding_rate_8h, found.funding_apr) == (None, None)


def test_the_open_interest_is_worth_the_mark_else_the_last_price() -> None:
    assert derived(Told(open_interest=10.0, mark_price=5.0, price=7.0)).open_interest_value == 50.0
    assert derived(Told(open_interest=10.0, price=7.0)).open_interest_value == 70.0
    assert derived(Told(open_interest=10.0)).open_interest_value is None
    assert derived(Told(price=7.0)).open_interest_value is None


def test_the_premium_is_the_mark_above_the_index() -> None:
    assert derived(Told(mark_price=101.0, index_price=100.0)).premium_bps == pytest.approx(100.0)
    assert derived(Told(mark_price=99.0, index_price=100.0)).premium_bps == pytest.approx(-100.0)
    assert derived(Told(mark_price=101.0, index_price=0.0)).premium_bps is None


def test_the_names_are_those_of_the_struct() -> None:
    assert tuple(DERIVED) == Derived.__struct_fields__


AMOUNTS = st.none() | st.floats(min_value=0.0, max_value=1e300)
RATES = st.none() | st.floats(min_value=-1e300, max_value=1e300)


@given(st.builds(Told, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, RATES, AMOUNTS, AMOUNTS))
def test_nothing_is_ever_infinite_or_no_number(told: Told) -> None:
    found = derived(told)
    for name in DERIVED:
        value = getattr(found, name)
        assert value is None or isfinite(value)
