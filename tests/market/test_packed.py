"""Packed bars: the same again, whatever they are; and bars that were packed go on as if they were not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market.bars import Bars
from actors.market.holes import Holes
from actors.market.packed import BAR_BYTES, BarRow, Records, pack, unpack
from actors.market.reports import Bar
from tests.market.tapes import NS_PER_S, SYMBOL, at, bar_at, candle, trade
from tests.thoroughness import cases

numbers = st.floats(allow_nan=False)
bars = st.builds(
    Bar,
    symbol=st.just(SYMBOL),
    interval_s=st.just(60),
    start_ns=st.integers(0, 100).map(lambda number: number * 60 * NS_PER_S),
    open=numbers,
    high=numbers,
    low=numbers,
    close=numbers,
    volume=numbers,
    turnover=st.none() | numbers,
    trades=st.none() | st.integers(0, 1 << 53),
    taker_buy_volume=st.none() | numbers,
    closed=st.booleans(),
    revision=st.integers(0, 1_000_000),
    gap=st.booleans(),
    source=st.sampled_from(["trades", "backfill", "exchange"]),
)


@settings(max_examples=cases(100, 300))
@given(bars)
def test_a_packed_bar_is_the_same_bar_to_the_last_bit(bar: Bar) -> None:
    record = pack(bar)
    assert len(record) == BAR_BYTES
    again = unpack(SYMBOL, 60, bar.start_ns, record)
    assert repr(again) == repr(bar)


@settings(max_examples=cases(100, 200))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "put", "put", "pop", "drop"]),
            st.integers(0, 20),
            st.binary(min_size=3, max_size=3),
        )
    )
)
def test_records_are_a_sorted_table(script: list[tuple[str, int, bytes]]) -> None:
    records, model = Records(3), dict[int, bytes]()
    for kind, start, record in script:
        if kind == "put":
            records.put(start, record)
            model[start] = record
        elif kind == "pop":
            assert records.pop(start) == model.pop(start, None)
        else:
            records.drop_before(start)
            model = {each: model[each] for each in model if each >= start}
        assert list(records.starts) == sorted(model)
        assert all(records.find(each) == model.get(each) for each in range(21))
        assert all((each in records) == (each in model) for each in range(21))
        assert all(records.reaches(each) == any(known >= each for known in model) for each in range(21))


@settings(max_examples=cases(100, 200))
@given(st.lists(bars, min_size=1, max_size=40), st.integers(1, 10), st.integers(0, 12))
def test_a_row_keeps_the_newest_in_order(told: list[Bar], kept: int, count: int) -> None:
    row, model = BarRow(told[0]), {told[0].start_ns: told[0]}
    for bar in told[1:]:
        row.put(bar)
        row.keep(kept)
        model[bar.start_ns] = bar
        model = {start: model[start] for start in sorted(model)[-kept:]}
    assert len(row) == len(model)
    assert row.newest(count) == list(model.values())[max(0, len(model) - count) :]


def played(minutes: int) -> Bars:
    """One trade of 100 each half minute, swept and drained each time: what is over is packed."""
    holes = Holes("bybit", "linear", SYMBOL)
    holes.begin(0)
    made = Bars(SYMBOL, holes)
    for number in range(2 * minutes):
        made.take([trade(30 * number + 1, 100, 1, "buy")])
        made.sweep(at(30 * number + 5))
        made.drain()
    return made


@pytest.mark.parametrize(
    ("seconds", "price", "expected"),
    [(0.5, 90, (90, 100, 90, 100)), (59.5, 110, (100, 110, 100, 110)), (15, 95, (100, 100, 95, 100))],
)
def test_a_late_trade_finds_its_place_in_a_bar_that_was_packed(
    seconds: float, price: float, expected: tuple[float, ...]
) -> None:
    made = played(60)
    made.take([trade(seconds, price, 2, "sell")])
    changed = {bar.interval_s: bar for bar in made.drain() if bar.start_ns <= at(0)}
    minute = changed[60]
    assert (minute.open, minute.high, minute.low, minute.close) == expected
    assert (minute.volume, minute.trades, minute.taker_buy_volume) == (4, 3, 2)
    assert (minute.closed, minute.revision, minute.gap) == (True, 1, False)
    assert [(changed[each].trades, changed[each].revision) for each in (300, 900, 3600)] == [
        (11, 1),
        (31, 1),
        (121, 0 if not changed[3600].closed else 1),
    ]


def test_what_is_packed_and_touched_is_made_anew() -> None:
    holes = Holes("bybit", "linear", SYMBOL)
    holes.begin(0)
    made = Bars(SYMBOL, holes)
    for minute in range(60):
        made.take([trade(60 * minute + 1)])
        made.sweep(at(60 * minute + 5))
        made.drain()
    made.touch(holes.open(at(600), "silent", "nothing came"))
    gaps = {bar.start_ns: bar.gap for bar in made.drain() if bar.interval_s == 60}
    assert gaps == {at(60 * minute): True for minute in range(10, 60)}
    assert not bar_at(made.everything(), 60, 540).gap


def test_a_candle_that_was_packed_stays_one() -> None:
    made = Bars(SYMBOL, Holes("bybit", "linear", SYMBOL))
    for minute in range(30):
        made.fill(candle(minute, 100 + minute))
        made.sweep(at(60 * minute + 65))
        made.drain()
    before = bar_at(made.everything(), 60, 0)
    assert (before.source, before.gap, before.close) == ("exchange", False, 100)
    made.touch(at(0))
    assert made.drain() == []
    made.take([trade(5, 77)])
    assert bar_at(made.everything(), 60, 0) == before, "the time of the trade is not covered"


def test_a_time_that_64_bits_cannot_hold_is_counted_as_too_late() -> None:
    made = played(1)
    made.take([trade(1e11)])
    assert made.too_late == 1
    assert bar_at(made.everything(), 60, 0).trades == 2
