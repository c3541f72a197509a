"""What holds of bars whatever the trades, and in whatever order they come."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market.bars import Bars
from actors.market.events import Trade
from actors.market.holes import Holes
from actors.market.reports import Bar
from tests.market.tapes import NS_PER_S, SYMBOL, at, candle, trade

GRACE_S = 2.0
LENGTHS = (1, 60, 300, 900, 3600, 14400, 86400)

# Eighths and halves are exact in binary, and so are their sums: such bars can be compared to the last bit.
exact_prices = st.integers(2, 2_000).map(lambda number: number / 2)
exact_sizes = st.integers(1, 800).map(lambda number: number / 8)
any_prices = st.floats(1e-6, 1e6)
any_sizes = st.floats(1e-6, 1e6)


def tapes(
    prices: st.SearchStrategy[float], sizes: st.SearchStrategy[float]
) -> st.SearchStrategy[list[Trade]]:
    """Sorted trades with pauses from none to minutes, numbered within the moment."""
    pause_ms = st.one_of(st.just(0), st.integers(0, 300), st.integers(0, 200_000))
    one = st.tuples(pause_ms, prices, sizes, st.sampled_from(["buy", "sell"]), st.integers(1, 4))
    return st.lists(one, max_size=60).map(_timed)


def _timed(drawn: list[tuple[int, float, float, str, int]]) -> list[Trade]:
    made, now_ms = [], 0
    for number, (pause_ms, price, size, side, count) in enumerate(drawn):
        now_ms += pause_ms
        made.append(trade(now_ms / 1000, price, size, side, trade_id=str(number), order=number, count=count))  # type: ignore[arg-type]
    return made


class Missing(Holes):
    """Everything is covered but these seconds."""

    def __init__(self, missing: list[int]) -> None:
        super().__init__("bybit", "linear", SYMBOL)
        self.begin_ns = 0
        self.missing = missing

    def covers(self, start_ns: int, end_ns: int) -> bool:
        return not any(start_ns <= at(each) < end_ns for each in self.missing)


def shuffled(tape: Sequence[Trade], seed: int) -> list[Trade]:
    """The same trades, each up to the grace later than it should be."""
    chance = random.Random(seed)
    late = [(each.ts_event + chance.random() * GRACE_S * NS_PER_S, each) for each in tape]
    return [each for _, each in sorted(late, key=lambda pair: pair[0])]


def played(tape: Sequence[Trade], seed: int) -> tuple[list[Bar], dict[tuple[int, int], Bar]]:
    """The bars at the end, and what somebody knows who followed every drain.

    The exchange's clock goes as far as the newest trade, so that none that is late by less than the grace
    comes after its bar was closed. What is drained when, is up to the seed.
    """
    chance = random.Random(seed)
    bars = Bars(SYMBOL, Missing([]), 100_000, 100_000, GRACE_S)
    followed: dict[tuple[int, int], Bar] = {}
    now_ns = 0
    for each in tape:
        bars.take([each])
        now_ns = max(now_ns, each.ts_event)
        if chance.random() < 0.3:
            bars.sweep(now_ns)
        if chance.random() < 0.3:
            followed |= {(bar.interval_s, bar.start_ns): bar for bar in bars.drain()}
    bars.sweep(now_ns)
    followed |= {(bar.interval_s, bar.start_ns): bar for bar in bars.drain()}
    return bars.everything(), followed


@settings(max_examples=300)
@given(tapes(exact_prices, exact_sizes), st.integers(0, 1 << 30))
def test_bars_of_a_tape_shuffled_within_the_grace_are_those_of_the_sorted_one(
    tape: list[Trade], seed: int
) -> None:
    expected, _ = played(tape, 0)
    assert played(shuffled(tape, seed), seed)[0] == expected
    assert all(bar.revision == 0 for bar in expected)


@settings(max_examples=200)
@given(tapes(any_prices, any_sizes), st.integers(0, 1 << 30))
def test_of_any_prices_only_the_last_bits_of_sums_depend_on_the_order(tape: list[Trade], seed: int) -> None:
    """A sum of n positive floats is off by at most n rounding errors of 2^-53 of it, in any order."""
    tolerance = 4 * (len(tape) + len(LENGTHS)) * 2.0**-53
    expected, _ = played(tape, 0)
    for ours, theirs in zip(played(shuffled(tape, seed), seed)[0], expected, strict=True):
        for name in ("open", "high", "low", "close", "trades", "closed", "gap", "source"):
            assert getattr(ours, name) == getattr(theirs, name)
        for name in ("volume", "turnover", "taker_buy_volume"):
            assert math.isclose(getattr(ours, name), getattr(theirs, name), rel_tol=tolerance)


@settings(max_examples=200)
@given(tapes(exact_prices, exact_sizes), st.integers(0, 1 << 30))
def test_bars_are_what_a_plain_count_of_the_tape_says(tape: list[Trade], seed: int) -> None:
    groups: defaultdict[tuple[int, int], list[Trade]] = defaultdict(list)
    for each in tape:
        for length in LENGTHS:
            groups[length, each.ts_event // (length * NS_PER_S) * length * NS_PER_S].append(each)
    bars, followed = played(shuffled(tape, seed), seed)
    assert {(bar.interval_s, bar.start_ns) for bar in bars} == groups.keys()
    assert {(bar.interval_s, bar.start_ns): bar for bar in bars} == followed
    for bar in bars:
        trades = groups[bar.interval_s, bar.start_ns]
        prices = [each.price for each in trades]
        assert (bar.open, bar.high, bar.low, bar.close) == (prices[0], max(prices), min(prices), prices[-1])
        assert bar.volume == math.fsum(each.size for each in trades)
        assert bar.turnover == math.fsum(each.price * each.size for each in trades)
        assert bar.taker_buy_volume == math.fsum(each.size for each in trades if each.side == "buy")
        assert bar.trades == sum(each.count for each in trades)
        assert bar.vwap == pytest.approx(bar.turnover / bar.volume)


@settings(max_examples=200)
@given(
    tapes(exact_prices, exact_sizes),
    st.lists(st.integers(0, 600), max_size=5),
    st.lists(st.integers(0, 12), max_size=8),
)
def test_no_bar_is_whole_of_which_a_moment_is_told_by_nobody(
    tape: list[Trade], missing: list[int], minutes: list[int]
) -> None:
    """Seconds are missing, candles come for some minutes: whatever claims to be whole, is."""

    bars = Bars(SYMBOL, Missing(missing), 2000, 2000, GRACE_S)
    bars.take(tape)
    for minute in minutes:
        bars.fill(candle(minute))
    for bar in bars.everything():
        lost = [
            each for each in missing if bar.start_ns <= at(each) < bar.start_ns + bar.interval_s * NS_PER_S
        ]
        filled = all(each // 60 in minutes for each in lost)
        assert bar.gap == (not filled if bar.interval_s >= 60 else bool(lost))
