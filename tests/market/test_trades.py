"""Trades of one market: what is told of them, how often, and what becomes of their bars."""

from __future__ import annotations

from actors.market.events import Following, Heard, Removed
from actors.market.trades import TradeCounts
from tests.market.tapes import SYMBOL, Feed, at, bar_at, candle, live, trade


def test_new_trades_are_told_once_and_oldest_first() -> None:
    feed = Feed()
    feed.up(-1)
    feed.say(trade(1), trade(3), trade(2), trade(3))
    told = feed.drain()
    assert [each.ts_event for each in told.trades[SYMBOL]] == [at(1), at(2), at(3)]
    assert [bar.interval_s for bar in told.bars[SYMBOL]] == [1, 1, 1, 60, 300, 900, 3600, 14400, 86400]
    again = feed.drain()
    assert (again.trades, again.bars, again.holes) == ({}, {}, [])
    assert feed.trades.counts(SYMBOL) == TradeCounts(duplicates=1, out_of_order=1)


def test_more_than_is_kept_is_not_told_but_counted() -> None:
    feed = Feed(trades_kept=10)
    feed.up(-1)
    feed.say(*(trade(number / 10) for number in range(1, 1001)))
    told = feed.drain()
    assert [each.ts_event for each in told.trades[SYMBOL]] == [at(number / 10) for number in range(991, 1001)]
    assert feed.trades.counts(SYMBOL).untold == 990
    assert bar_at(told.bars[SYMBOL], 3600, 0).trades == 1000


def test_everything_is_the_newest_trades_all_bars_and_leaves_the_drain_alone() -> None:
    feed = live()
    feed.say(trade(21))
    everything = feed.trades.everything()
    assert len(everything.trades[SYMBOL]) == 21
    assert len(everything.bars[SYMBOL]) == 21 + 6
    assert [each.ts_event for each in feed.drain().trades[SYMBOL]] == [at(21)]
    assert feed.trades.newest(SYMBOL, 2) == everything.trades[SYMBOL][-2:]
    assert feed.trades.newest("NOBODY", 2) == []


def test_the_beginning_is_no_hole_and_the_first_bar_has_a_gap() -> None:
    feed = Feed()
    feed.up(10, heard=False)
    feed.say(trade(30), trade(70))
    assert feed.holes() == []
    bars = feed.bars()
    assert bar_at(bars, 60, 0).gap and not bar_at(bars, 60, 60).gap
    assert all(bar_at(bars, each, 0).gap for each in (300, 900, 3600, 14400, 86400))


def test_what_an_accepted_stream_has_not_told_did_not_happen() -> None:
    feed = Feed()
    feed.up(-1)
    feed.say(trade(70))
    assert not bar_at(feed.bars(), 300, 0).gap


def test_candles_stand_for_trades_that_are_not_followed() -> None:
    feed = Feed()
    feed.life = 1
    feed.say(Following(SYMBOL, ("quote", "candles"), ("quote",), at(0)))
    feed.say(*(candle(minute) for minute in range(5)))
    told = feed.drain()
    assert (told.trades, told.holes) == ({}, [])
    whole = [bar for bar in told.bars[SYMBOL] if bar.interval_s <= 300]
    assert [(bar.interval_s, bar.source, bar.gap) for bar in whole] == [(60, "exchange", False)] * 5 + [
        (300, "exchange", False)
    ]


def test_a_closed_candle_stands_for_a_hole() -> None:
    feed = live()
    feed.down(23)
    feed.up(65)
    feed.say(trade(70))
    assert bar_at(feed.bars(), 300, 0).gap
    feed.say(candle(0, volume=33))
    bar = bar_at(feed.bars(), 60, 0)
    assert (bar.source, bar.gap, bar.volume) == ("exchange", False, 33)
    assert bar_at(feed.bars(), 60, 60).gap  # its first five seconds are told by nobody
    feed.say(candle(1, volume=44))
    assert (bar_at(feed.bars(), 300, 0).gap, bar_at(feed.bars(), 300, 0).volume) == (False, 77)


def test_a_hole_that_ends_within_a_told_minute_leaves_no_gap() -> None:
    feed = live()
    feed.down(23)
    feed.say(candle(0, volume=33))
    assert not bar_at(feed.bars(), 60, 0).gap and bar_at(feed.bars(), 300, 0).gap  # the next minute is missed
    feed.up(30)
    assert not bar_at(feed.bars(), 300, 0).gap


def test_bars_close_by_the_exchange_s_time() -> None:
    feed = live()
    feed.sweep(61.999)
    assert [bar.interval_s for bar in feed.drain().bars[SYMBOL]] == [1] * 20
    feed.sweep(62)
    assert [(bar.interval_s, bar.closed) for bar in feed.drain().bars[SYMBOL]] == [(60, True)]
    feed.sweep(63)
    assert feed.drain().bars == {}


def test_an_instrument_that_is_removed_is_forgotten() -> None:
    feed = live()
    feed.down(23)
    feed.say(Removed(SYMBOL), Removed("NOBODY"))
    told = feed.drain()
    assert (told.trades, told.bars, told.holes) == ({}, {}, [])
    assert feed.trades.counts(SYMBOL) == TradeCounts()
    feed.up(30)
    feed.say(Heard(SYMBOL, "trades", "trades", at(30)), trade(31))
    assert feed.holes() == []


def test_the_beginning_is_corrected_by_the_first_trade_s_clock() -> None:
    """The exchange's clock is five seconds ahead: what we call 58 s past, is 3 s past the minute there."""
    for heard_s, gap in ((58, True), (54, False)):
        feed = Feed()
        feed.up(heard_s)
        feed.say(trade(70, ts_recv=at(65)))
        assert bar_at(feed.bars(), 60, 60).gap is gap
