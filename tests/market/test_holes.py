"""Holes in what was told of trades: when they open, when they end, and what heals them."""

from __future__ import annotations

from actors.market.events import FeedUp, Following, Gap, Quote, Silent, TradesRecovered, Unfollowed
from tests.market.tapes import SYMBOL, Feed, at, bar_at, live, recover, trade


def test_a_connection_that_ends_opens_a_hole_and_the_next_life_s_first_trade_ends_it() -> None:
    feed = live()
    feed.down(23)
    (hole,) = feed.drain().holes
    assert (hole.symbol, hole.channel, hole.cause, hole.reason) == (
        SYMBOL,
        "trades",
        "disconnect",
        "closed by the exchange",
    )
    assert (hole.from_ns, hole.to_ns, hole.healed) == (at(20), None, False)
    assert bar_at(feed.bars(), 60, 0).gap
    feed.up(30, heard=False)
    assert feed.drain().holes == []
    feed.say(trade(31), trade(61))
    (hole,) = feed.drain().holes
    assert (hole.from_ns, hole.to_ns, hole.healed) == (at(20), at(31), False)
    assert bar_at(feed.bars(), 60, 0).gap and not bar_at(feed.bars(), 60, 60).gap
    assert feed.trades.counts(SYMBOL).gaps == 1


def test_a_hole_ends_when_the_stream_is_accepted_by_the_exchange_s_clock() -> None:
    """Its clock is five seconds ahead, as its trades tell."""
    feed = Feed()
    feed.up(-1)
    feed.say(trade(10, ts_recv=at(5)))
    feed.down(6)
    feed.up(8)
    assert [(hole.from_ns, hole.to_ns) for hole in feed.holes()] == [(at(10), at(13))]


def test_what_is_fetched_back_heals_the_hole_and_its_bars() -> None:
    feed = live()
    feed.down(23)
    feed.up(30)
    feed.say(trade(32), trade(33))
    recover(feed, 18, 19, 20, 21, 22, 25, 32)
    told = feed.drain()
    (hole,) = told.holes
    assert (hole.healed, hole.recovered, hole.from_ns, hole.to_ns) == (True, 3, at(20), at(30))
    bar = bar_at(told.bars[SYMBOL], 60, 0)
    assert (bar.gap, bar.source, bar.trades) == (False, "backfill", 25)
    assert [(each.ts_event, each.backfill) for each in told.trades[SYMBOL]] == [
        (at(21), True),
        (at(22), True),
        (at(25), True),
        (at(32), False),
        (at(33), False),
    ]
    assert feed.trades.counts(SYMBOL).duplicates == 4
    assert feed.holes() == [hole]


def test_what_is_fetched_back_in_part_shrinks_the_hole() -> None:
    feed = live()
    feed.down(65)
    feed.up(130)
    feed.say(trade(131))
    recover(feed, 115, 125)
    (hole,) = feed.drain().holes
    assert (hole.from_ns, hole.to_ns, hole.healed, hole.recovered) == (at(20), at(115), False, 2)
    assert (
        hole.reason
        == "closed by the exchange; the exchange told the rest of it again, these 95.000 s it did not"
    )
    gaps = {each: bar_at(feed.bars(), 60, each).gap for each in (0, 60 + 55, 120)}
    assert gaps == {0: True, 115: True, 120: False}


def test_an_answer_that_does_not_reach_the_hole_leaves_it_as_it_is() -> None:
    feed = live()
    feed.down(23)
    feed.up(30)
    feed.say(trade(32))
    for _ in range(2):
        recover(feed, 32)
        (hole,) = feed.holes()
        assert (hole.from_ns, hole.to_ns, hole.healed, hole.recovered) == (at(20), at(30), False, 0)
        assert hole.reason.endswith("; what the exchange told again does not reach it")


def test_an_answer_that_is_older_than_the_next_life_s_first_trade_proves_nothing() -> None:
    """The exchange's REST side lags behind: what happened just before that trade may be missing."""
    feed = live()
    feed.down(23)
    feed.up(30, heard=False)
    feed.say(trade(32))
    recover(feed, 19, 20, 25)
    assert (feed.holes()[0].healed, feed.holes()[0].to_ns, feed.holes()[0].recovered) == (False, at(32), 1)
    recover(feed, 19, 20, 25, 31, 32)
    assert (feed.holes()[0].healed, feed.holes()[0].recovered) == (True, 2)


def test_an_answer_with_holes_of_its_own_heals_nothing() -> None:
    feed = live()
    feed.down(23)
    feed.up(30)
    recover(feed, 18, 19, 20, 21, whole=False)
    (hole,) = feed.holes()
    assert (hole.healed, hole.recovered) == (False, 1)


def test_the_same_instant_joins_only_by_a_known_trade() -> None:
    """The exchange's answer begins in the very instant in which the hole does."""
    for known in (False, True):
        feed = live()
        feed.down(23)
        feed.up(30)
        feed.say(trade(20, trade_id=f"{SYMBOL}@20" if known else "another", backfill=True))
        feed.say(TradesRecovered(SYMBOL, at(20), whole=True))
        assert feed.holes()[0].healed is known


def test_a_trade_after_the_hole_does_not_join_what_was_before() -> None:
    """All in one instant: a known trade, a missing one, and the one that told of it."""
    feed = live()
    feed.say(Gap(SYMBOL, "trades", "sequence", "one is missing", at(20), missed=1))
    feed.say(trade(20, trade_id="after"), trade(20, trade_id="after", backfill=True))
    feed.say(TradesRecovered(SYMBOL, at(20), whole=True))
    assert not feed.holes()[0].healed


def test_the_history_that_greets_a_new_life_heals_too() -> None:
    """It comes before anything else, and ends with the word that it is whole."""
    feed = live()
    feed.down(23)
    feed.up(30, heard=False)
    recover(feed, 17, 18, 19, 20, 22, 28)
    (hole,) = feed.holes()
    assert (hole.healed, hole.recovered, hole.to_ns) == (True, 2, at(28))
    assert not bar_at(feed.bars(), 60, 0).gap
    feed.say(trade(31))
    assert len(feed.holes()) == 1


def test_the_history_that_greets_the_first_life_tells_of_earlier_than_the_beginning() -> None:
    feed = Feed()
    feed.up(125, heard=False)
    recover(feed, 50, 61, 100)
    feed.say(trade(130))
    assert feed.holes() == []
    assert [bar_at(feed.bars(), 60, each).gap for each in (0, 60, 120)] == [True, False, False]


def test_a_busy_instrument_is_healed_however_much_comes_before_the_answer() -> None:
    feed = live(trades_kept=20)
    feed.down(20.5)
    feed.up(30)
    feed.say(*(trade(30 + number / 100) for number in range(1, 101)))
    recover(feed, *range(15, 30))
    assert feed.holes()[0].healed
    assert bar_at(feed.bars(), 60, 0).trades == 20 + 9 + 100


def test_what_can_no_longer_be_proven_new_is_not_healed() -> None:
    """So much came meanwhile that the tape had to forget: the fetched trades were not taken."""
    feed = live(trades_kept=20)
    feed.down(20.5)
    feed.up(30)
    feed.say(*(trade(30 + number / 100) for number in range(1, 1001)))
    recover(feed, *range(15, 30))
    (hole,) = feed.holes()
    assert not hole.healed and hole.recovered == 0
    assert feed.trades.counts(SYMBOL).too_old == 15
    assert bar_at(feed.bars(), 60, 0).gap


def test_an_answer_is_not_waited_for_forever() -> None:
    """Meanwhile the tape forgets nothing."""
    for swept_s, too_old in ((149, 0), (151, 1)):
        feed = live(trades_kept=10)
        feed.down(23)
        feed.up(30)
        feed.sweep(swept_s)
        feed.say(*(trade(200 + seconds) for seconds in range(40)))
        feed.say(trade(21))
        assert feed.trades.counts(SYMBOL).too_old == too_old


def test_one_answer_heals_all_holes_that_it_spans() -> None:
    feed = live()
    for seconds in (23, 33):
        feed.down(seconds)
        feed.up(seconds + 5)
        feed.say(trade(seconds + 6))
    recover(feed, 19, 20, 22, 29, 34, 39)
    assert [(hole.healed, hole.recovered, hole.from_ns) for hole in feed.holes()] == [
        (True, 1, at(20)),
        (True, 1, at(29)),
    ]


def test_a_quiet_instrument_misses_only_what_its_connection_did_not_tell() -> None:
    """Others were told by the same connection until just before its end."""
    feed = Feed()
    feed.up(-1, SYMBOL, "ETHUSDT")
    feed.say(trade(5), trade(3600, symbol="ETHUSDT"))
    feed.down(3605)
    assert {hole.symbol: hole.from_ns for hole in feed.holes()} == {SYMBOL: at(3599), "ETHUSDT": at(3600)}


def test_another_connection_s_end_is_no_hole() -> None:
    feed = live()
    feed.connection = "stream-1"
    feed.life = 7
    feed.down(23)
    assert feed.holes() == []
    feed.up(25)  # it carries the trades from now on
    (hole,) = feed.holes()
    assert (hole.cause, hole.from_ns, hole.to_ns) == ("reconnect", at(20), at(25))
    feed.connection = "stream-0"
    feed.down(30)
    assert len(feed.holes()) == 1


def test_the_late_word_of_an_earlier_life_is_no_hole() -> None:
    feed = live()
    feed.down(23)
    feed.up(30)
    feed.life -= 1
    feed.down(31)
    assert [hole.to_ns for hole in feed.holes()] == [at(30)]


def test_a_life_of_whose_end_nobody_told_leaves_a_hole() -> None:
    feed = live()
    feed.up(30)
    assert [(hole.cause, hole.from_ns, hole.to_ns) for hole in feed.holes()] == [
        ("reconnect", at(20), at(30))
    ]


def test_a_successor_within_the_same_life_leaves_no_hole() -> None:
    feed = live()
    feed.say(Following(SYMBOL, ("trades",), (), at(21)), trade(20), trade(22))
    assert feed.holes() == []
    assert feed.trades.counts(SYMBOL).duplicates == 1


def test_trades_that_fall_silent_are_a_hole_until_they_are_heard() -> None:
    feed = live()
    feed.say(Silent(SYMBOL, "trades.BTCUSDT", "trades", "nothing for 30 s", at(50)))
    (hole,) = feed.holes()
    assert (hole.cause, hole.reason, hole.from_ns) == ("silent", "nothing for 30 s", at(20))
    feed.say(trade(55))
    assert feed.holes()[0].to_ns == at(55)
    recover(feed, 19, 20, 55)
    assert (feed.holes()[0].healed, feed.holes()[0].recovered) == (True, 0)
    assert not bar_at(feed.bars(), 60, 0).gap


def test_the_silence_of_other_channels_is_no_matter_of_trades() -> None:
    feed = live()
    feed.say(
        Silent(SYMBOL, "quote.BTCUSDT", "quote"), Gap(SYMBOL, "book", "sequence", "", at(21)), FeedUp(at(21))
    )
    feed.say(Unfollowed(SYMBOL, "book"), Quote(SYMBOL, 1, 1, 2, 1, at(21), at(21)))
    assert feed.holes() == []


def test_what_is_missing_in_the_sequence_is_a_hole_that_ends_with_the_next_trade() -> None:
    feed = live()
    feed.say(Gap(SYMBOL, "trades", "sequence", "ids 21 to 23 are missing", at(25), missed=3), trade(25))
    (hole,) = feed.holes()
    assert (hole.cause, hole.missed, hole.from_ns, hole.to_ns) == ("sequence", 3, at(20), at(25))
    feed.say(*(trade(each, backfill=True) for each in (21, 22)))
    assert (feed.holes()[0].recovered, feed.holes()[0].healed) == (2, False)
    recover(feed, 23, whole=False)
    assert (feed.holes()[0].recovered, feed.holes()[0].healed) == (3, True)


def test_after_a_reset_nothing_is_covered_until_a_connection_speaks() -> None:
    feed = live()
    feed.trades.reset()
    assert [(hole.cause, hole.from_ns, hole.to_ns) for hole in feed.holes()] == [("restart", at(20), None)]
    feed.up(25)
    assert [hole.to_ns for hole in feed.holes()] == [at(25)]


def test_what_is_no_longer_followed_is_no_longer_covered() -> None:
    feed = live()
    feed.say(Unfollowed(SYMBOL, "trades"))
    assert [hole.cause for hole in feed.holes()] == ["unfollowed"]


def test_only_the_newest_holes_are_kept_but_each_is_told() -> None:
    feed = Feed(holes_kept=3)
    symbols = [f"COIN{number}" for number in range(8)]
    feed.up(-1, *symbols)
    feed.say(*(trade(1, symbol=symbol) for symbol in symbols))
    feed.down(2)
    assert [hole.symbol for hole in feed.drain().holes] == symbols
    assert [hole.symbol for hole in feed.holes()] == symbols[-3:]
    feed.up(5, *symbols)
    assert [hole.symbol for hole in feed.drain().holes if hole.to_ns is not None] == symbols


def test_a_hole_after_many_is_still_told_and_what_was_forgotten_is_not_covered() -> None:
    feed = live(bars_kept=2000)
    for number in range(60):
        feed.drain()
        feed.down(100 + number * 60)
        feed.up(110 + number * 60)
        feed.say(trade(111 + number * 60))
    assert len(feed.holes()) == 60
    bars = feed.bars()
    assert all(bar.gap for bar in bars if bar.interval_s == 60 and bar.start_ns < at(60 * 60))
    feed.say(trade(112), trade(3800), trade(3900))
    assert bar_at(feed.bars(), 60, 112).gap and bar_at(feed.bars(), 60, 112).trades == 2
    assert not bar_at(feed.bars(), 60, 3900).gap
