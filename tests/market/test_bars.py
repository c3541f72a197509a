"""Bars: what they sum up, when they close, and when they say that something is missing."""

from __future__ import annotations

import pytest

from actors.market.bars import Bars
from actors.market.holes import Holes
from actors.market.reports import Bar
from tests.market.tapes import NS_PER_S, SYMBOL, at, bar_at, candle, trade

LENGTHS = (1, 60, 300, 900, 3600, 14400, 86400)


class Cover(Holes):
    """What is covered: everything but these spans, in seconds after noon."""

    def __init__(self, *missing: tuple[float, float], begins: bool = True) -> None:
        super().__init__("bybit", "linear", SYMBOL)
        self.missing = list(missing)
        self.begin_ns = 0 if begins else None

    def covers(self, start_ns: int, end_ns: int) -> bool:
        return not any(start_ns <= at(to) and end_ns > at(since) for since, to in self.missing)


def bars_of(*missing: tuple[float, float], kept: int = 500, seconds_kept: int = 300) -> tuple[Bars, Cover]:
    cover = Cover(*missing)
    return Bars(SYMBOL, cover, kept, seconds_kept, grace_s=2), cover


def bars_of_candles(kept: int = 500) -> Bars:
    """Of an instrument whose trades nobody tells."""
    return Bars(SYMBOL, Cover((-1e7, 1e7), begins=False), kept, grace_s=2)


def told(bars: Bars, interval_s: int, seconds: float) -> Bar:
    return bar_at(bars.everything(), interval_s, seconds)


def test_a_bar_of_each_length_sums_up_its_trades() -> None:
    bars, _ = bars_of()
    bars.take(
        [
            trade(0.1, 100, 2, "buy"),
            trade(0.2, 104, 1, "sell", count=3),
            trade(0.9, 98, 4, "sell"),
            trade(0.95, 101, 1, "buy"),
        ]
    )
    drained = bars.drain()
    assert [bar.interval_s for bar in drained] == list(LENGTHS)
    for bar in drained:
        assert (bar.open, bar.high, bar.low, bar.close) == (100, 104, 98, 101)
        assert (bar.volume, bar.turnover, bar.trades, bar.taker_buy_volume) == (8, 797, 6, 3)
        assert bar.vwap == pytest.approx(797 / 8)
        assert (bar.closed, bar.revision, bar.gap, bar.source) == (False, 0, False, "trades")
        assert bar.start_ns % (bar.interval_s * NS_PER_S) == 0
        assert bar.start_ns <= at(0) < bar.start_ns + bar.interval_s * NS_PER_S


def test_only_what_changed_is_told() -> None:
    bars, _ = bars_of()
    bars.take([trade(0.5), trade(1.5)])
    assert len(bars.drain()) == 8
    assert bars.drain() == []
    bars.take([trade(1.7)])
    assert [(bar.interval_s, bar.trades) for bar in bars.drain()] == [
        (1, 2),
        *((each, 3) for each in LENGTHS[1:]),
    ]


def test_open_and_close_go_by_time_and_the_exchange_s_number() -> None:
    bars, _ = bars_of()
    bars.take([trade(0.5, 102, order=7), trade(0.5, 103, order=8)])
    bars.take([trade(0.5, 101, order=6), trade(0.2, 100, order=9), trade(0.4, 99)])
    bar = told(bars, 60, 0)
    assert (bar.open, bar.close) == (100, 103)


def test_trades_of_one_moment_without_numbers_count_as_they_came() -> None:
    bars, _ = bars_of()
    bars.take([trade(0.5, 100, trade_id="a"), trade(0.5, 101, trade_id="b")])
    bars.drain()
    bars.take([trade(0.5, 102, trade_id="c")])
    assert (told(bars, 60, 0).open, told(bars, 60, 0).close) == (100, 102)


def test_a_bar_closes_when_its_time_and_the_grace_have_passed() -> None:
    bars, _ = bars_of()
    bars.take([trade(0.5)])
    bars.drain()
    assert not bars.sweep(at(2.999))
    assert bars.sweep(at(3))
    assert [(bar.interval_s, bar.closed) for bar in bars.drain()] == [(1, True)]
    assert not bars.sweep(at(61))
    assert bars.sweep(at(62))
    assert [(bar.interval_s, bar.closed) for bar in bars.drain()] == [(60, True)]
    assert not bars.sweep(at(62))


def test_what_comes_within_the_grace_is_no_revision() -> None:
    bars, _ = bars_of()
    bars.take([trade(0.5)])
    bars.sweep(at(2.9))
    bars.take([trade(0.6)])
    bars.sweep(at(3))
    assert (told(bars, 1, 0).closed, told(bars, 1, 0).trades, told(bars, 1, 0).revision) == (True, 2, 0)


def test_a_late_trade_raises_the_revision() -> None:
    bars, _ = bars_of()
    bars.take([trade(0.5, 100), trade(59, 101)])
    bars.sweep(at(100))
    bars.drain()
    for revision in (1, 2):
        bars.take([trade(0.5 - revision / 10, 90 + revision)])
        changed = {bar.interval_s: bar for bar in bars.drain()}
        assert changed.keys() == set(LENGTHS)
        assert [changed[each].revision for each in LENGTHS] == [revision, revision, 0, 0, 0, 0, 0]
        assert (changed[60].open, changed[60].close, changed[60].closed) == (90 + revision, 101, True)


def test_a_late_trade_counts_as_late_whenever_somebody_looks() -> None:
    bars, _ = bars_of()
    bars.take([trade(0.5)])
    bars.sweep(at(100))
    bars.take([trade(0.6)])
    assert told(bars, 1, 0).revision == 1


def test_only_the_newest_are_kept_and_what_is_older_is_counted() -> None:
    bars, _ = bars_of(kept=10, seconds_kept=60)
    for minute in range(120):
        bars.take([trade(minute * 60)])
        bars.drain()
    kept = bars.everything()
    count = {each: len([bar for bar in kept if bar.interval_s == each]) for each in LENGTHS}
    assert 10 <= count[60] < 10 + 5
    assert count[300] == 12 and count[900] == 8 and count[3600] == 2
    assert bar_at(kept, 3600, 0).trades == bar_at(kept, 3600, 3600).trades == 60
    bars.take([trade(100 * 60)])
    assert bars.too_late == 1
    assert bar_at(bars.everything(), 300, 100 * 60).trades == 5


def test_a_late_trade_of_a_second_that_was_let_go_still_counts_for_its_minute() -> None:
    bars, _ = bars_of(seconds_kept=60)
    bars.take([trade(0.5), trade(600)])
    bars.take([trade(1)])
    assert told(bars, 60, 0).trades == 2
    assert bars.too_late == 0
    assert [bar.start_ns for bar in bars.everything() if bar.interval_s == 1] == [at(600)]


def test_a_bar_of_time_that_is_not_covered_has_a_gap() -> None:
    bars, _ = bars_of((70, 80))
    bars.take([trade(30), trade(69), trade(85), trade(130)])
    gaps = {(bar.interval_s, bar.start_ns): bar.gap for bar in bars.everything()}
    assert gaps[1, at(69)] is False and gaps[1, at(85)] is False
    assert gaps[60, at(0)] is False and gaps[60, at(60)] is True and gaps[60, at(120)] is False
    assert all(told(bars, each, 0).gap for each in LENGTHS[2:])


def test_a_longer_bar_knows_of_a_gap_in_which_there_was_no_trade_to_tell() -> None:
    bars, cover = bars_of((65, 110))
    bars.take([trade(30), trade(130)])
    assert told(bars, 300, 0).gap
    cover.missing.clear()
    bars.touch(at(65))
    assert [(bar.interval_s, bar.gap) for bar in bars.drain() if bar.interval_s > 60] == [
        (each, False) for each in LENGTHS[2:]
    ]


def test_the_exchange_s_candle_fills_what_trades_do_not_cover() -> None:
    bars, _ = bars_of((-10_000, 90))
    bars.take([trade(91, 105), trade(125, 106)])
    for minute in (0, 1):
        bars.fill(candle(minute))
    assert (told(bars, 60, 0).source, told(bars, 60, 0).gap, told(bars, 60, 0).closed) == (
        "exchange",
        False,
        True,
    )
    assert told(bars, 60, 60) == Bar(
        SYMBOL, 60, at(60), 100, 100, 100, 100, 10, 1000, 5, 5, True, 0, False, "exchange"
    )
    assert (told(bars, 60, 120).source, told(bars, 60, 120).gap) == ("trades", False)


def test_a_candle_never_replaces_a_whole_bar_of_trades() -> None:
    bars, _ = bars_of()
    bars.take([trade(1, 105)])
    bars.fill(candle(0, 99))
    assert (told(bars, 60, 0).source, told(bars, 60, 0).close) == ("trades", 105)


def test_a_candle_replaces_a_bar_with_a_gap_only_when_the_exchange_has_closed_it() -> None:
    bars, _ = bars_of((10, 20))
    bars.take([trade(1, 105)])
    bars.fill(candle(0, 99, closed=False))
    assert (told(bars, 60, 0).source, told(bars, 60, 0).gap) == ("trades", True)
    bars.sweep(at(100))
    bars.fill(candle(0, 99))
    bar = told(bars, 60, 0)
    assert (bar.source, bar.gap, bar.close, bar.revision) == ("exchange", False, 99, 1)


def test_candles_and_trades_together_make_a_whole_longer_bar() -> None:
    bars, _ = bars_of((-10_000, 130))
    bars.fill(candle(0, 90, volume=2, trades=7))
    bars.fill(candle(1, 95, volume=3, taker_buy_volume=None))
    bars.take([trade(131, 100), trade(185, 101), trade(290, 102)])
    assert told(bars, 300, 0).gap  # its third minute is told by nobody
    bars.fill(candle(2, 99, volume=4, turnover=None))
    bar = told(bars, 300, 0)
    assert (bar.gap, bar.source, bar.open, bar.high, bar.low, bar.close) == (
        False,
        "exchange",
        90,
        102,
        90,
        102,
    )
    assert (bar.volume, bar.trades) == (2 + 3 + 4 + 2, 7 + 5 + 5 + 2)
    assert bar.turnover is None and bar.taker_buy_volume is None
    assert told(bars, 900, 0).gap is False  # the rest of it has not happened yet
    assert told(bars, 14400, 0).gap is False  # four hours begin at noon
    assert told(bars, 86400, 0).gap is True  # the morning is told by nobody


def test_a_covered_minute_without_trades_is_no_gap_in_a_mixed_bar() -> None:
    bars, _ = bars_of((-10_000, 30))
    bars.fill(candle(0))
    bars.take([trade(130), trade(299)])
    assert told(bars, 300, 0).gap is False


def test_a_missing_candle_is_a_gap_where_nothing_is_covered() -> None:
    bars = bars_of_candles()
    for minute in (0, 2, 3):
        bars.fill(candle(minute))
    assert told(bars, 300, 0).gap is True
    bars.fill(candle(1))
    assert told(bars, 300, 0).gap is False


def test_a_candle_without_volume_gives_no_price_to_a_longer_bar() -> None:
    bars = bars_of_candles()
    bars.fill(candle(0, 50, volume=0))
    assert told(bars, 300, 0).open == 50
    bars.fill(candle(1, 100))
    bar = told(bars, 300, 0)
    assert (bar.open, bar.low, bar.volume, bar.gap) == (100, 100, 10, False)


def test_a_candle_that_the_exchange_left_open_has_a_gap_when_its_time_is_over() -> None:
    bars = bars_of_candles()
    bars.fill(candle(0, closed=False))
    assert (told(bars, 60, 0).closed, told(bars, 60, 0).gap) == (False, False)
    bars.sweep(at(62))
    assert (told(bars, 60, 0).closed, told(bars, 60, 0).gap) == (True, True)
    bars.fill(candle(0))
    bar = told(bars, 60, 0)
    assert (bar.closed, bar.gap, bar.revision) == (True, False, 1)


def test_an_exchange_s_longer_candle_is_better_than_a_gap() -> None:
    bars, _ = bars_of((-10_000, 30))
    bars.take([trade(40)])
    bars.fill(candle(0, 77, interval_s=300))
    bars.fill(candle(0, 66, interval_s=180))  # none of ours
    assert (told(bars, 300, 0).source, told(bars, 300, 0).close) == ("exchange", 77)
    assert told(bars, 900, 0).source == "exchange" and told(bars, 60, 0).gap
    assert not [bar for bar in bars.everything() if bar.interval_s == 180]


def test_candles_of_more_minutes_than_are_kept_still_make_the_longer_bars() -> None:
    bars = bars_of_candles(kept=20)
    for minute in range(240):
        bars.fill(candle(minute))
    kept = bars.everything()
    assert len([bar for bar in kept if bar.interval_s == 60]) < 25
    hours = [bar for bar in kept if bar.interval_s == 3600]
    assert [(bar.volume, bar.gap) for bar in hours] == [(600, False)] * 4


def test_a_bar_that_was_healed_before_its_time_is_over_is_open_again() -> None:
    bars, cover = bars_of((10, 20))
    bars.take([trade(5, 101), trade(30, 102)])
    bars.fill(candle(0, 99))
    assert told(bars, 60, 0).closed
    cover.missing.clear()
    bars.take([trade(15, 103, backfill=True)])
    bars.touch(at(10))
    bar = told(bars, 60, 0)
    assert (bar.source, bar.trades, bar.gap, bar.closed) == ("backfill", 3, False, False)
    bars.sweep(at(62))
    assert told(bars, 60, 0).closed
