"""One state for every channel of every instrument: what leads into each, and what leads out."""

from __future__ import annotations

import pytest

from actors.market.events import (
    BookDelta,
    BookSnapshot,
    Denied,
    FeedUp,
    Following,
    Gap,
    Heard,
    Listed,
    Silent,
    Trade,
    Unfollowed,
)
from actors.market.instrument import Instrument
from actors.market.reports import BookView, Hole, QualityReport
from tests.market.pictures import Story, at

SYMBOL = "BTCUSDT"
CONNECTION = "stream-0"


@pytest.fixture
def story() -> Story:
    return Story()


def follow(story: Story, seconds: float, *channels: str, life: int = 1, steady: bool = True) -> None:
    event = Following(SYMBOL, channels, channels if steady else (), at(seconds))
    story.tell(CONNECTION, event, life=life)


def qualities(story: Story) -> dict[str, QualityReport]:
    known = story.market.everything().get("bybit")
    return {report.channel: report for report in known.qualities} if known else {}


def state(story: Story, channel: str = "ticker") -> str:
    return qualities(story)[channel].state


def holes(story: Story) -> list[Hole]:
    return story.market.everything()["bybit"].holes


def snapshot(seconds: float, symbol: str = SYMBOL) -> BookSnapshot:
    return BookSnapshot(symbol, [(99.0, 1.0), (98.0, 2.0)], [(101.0, 1.0)], 50, 7, None, at(seconds))


def book(story: Story) -> BookView:
    return story.market.everything()["bybit"].books["linear", SYMBOL]


def test_a_channel_is_connecting_then_syncing_then_live(story: Story) -> None:
    follow(story, 0, "ticker")
    assert state(story) == "connecting"
    story.tell(CONNECTION, FeedUp(at(1)))
    assert state(story) == "syncing"
    story.update(2, price=1.0)
    report = qualities(story)["ticker"]
    assert (report.state, report.since_ns, report.last_ns, report.messages) == ("live", at(2), at(2), 1)


def test_a_connection_that_is_lost_leaves_old_data_stale_and_no_data_connecting(story: Story) -> None:
    follow(story, 0, "ticker", "trades")
    story.tell(CONNECTION, FeedUp(at(0)))
    story.update(1, price=1.0)
    story.down(5)
    found = qualities(story)
    assert {channel: each.state for channel, each in found.items()} == {
        "ticker": "stale",
        "trades": "connecting",
    }
    assert (found["ticker"].since_ns, found["ticker"].reason) == (at(5), "closed")


def test_the_next_life_is_not_live_before_it_spoke(story: Story) -> None:
    follow(story, 0, "ticker")
    story.update(1, price=1.0)
    story.down(2)
    follow(story, 3, "ticker", life=2)
    assert (state(story), story.record().quality) == ("stale", "stale")
    story.tell(CONNECTION, FeedUp(at(4)), life=2)
    assert (state(story), story.record().quality) == ("syncing", "syncing")
    story.update(5, price=1.0, life=2)
    assert (state(story), story.record().quality) == ("live", "live")


def test_a_silent_channel_says_why_and_another_is_not_concerned(story: Story) -> None:
    follow(story, 0, "ticker", "book")
    story.update(1, price=1.0)
    story.tell(CONNECTION, snapshot(1), Silent(SYMBOL, "orderbook.50", "book", "no data for 9 s", at(10)))
    assert (state(story), state(story, "book")) == ("live", "stale")
    assert qualities(story)["book"].reason == "no data for 9 s"
    assert not story.is_stale()


def test_a_record_needs_its_ticker_and_its_quote(story: Story) -> None:
    follow(story, 0, "ticker", "quote", "trades")
    story.tell(CONNECTION, FeedUp(at(0)))
    story.update(1, price=1.0)
    assert story.record().quality == "syncing"
    story.quote(2, 1.0, 2.0)
    assert story.record().quality == "live"


def test_a_channel_that_need_not_speak_is_live_once_it_is_accepted(story: Story) -> None:
    follow(story, 0, "trades", steady=False)
    story.tell(CONNECTION, FeedUp(at(0)), Heard(SYMBOL, "publicTrade", "trades", at(1)))
    story.sweep(100_000)
    assert state(story, "trades") == "live"


def test_a_refused_channel_says_the_exchanges_words(story: Story) -> None:
    follow(story, 0, "book")
    story.tell(CONNECTION, FeedUp(at(0)), Denied(SYMBOL, "book", "Invalid symbol", at(1)))
    report = qualities(story)["book"]
    assert (report.state, report.reason) == ("refused", "Invalid symbol")


def test_what_is_accepted_after_all_is_no_longer_refused(story: Story) -> None:
    follow(story, 0, "book", "trades")
    story.tell(CONNECTION, FeedUp(at(0)))
    for channel in ("book", "trades"):
        story.tell(CONNECTION, Denied(SYMBOL, channel, "Invalid symbol", at(1)))
    story.tell(CONNECTION, snapshot(600), Heard(SYMBOL, "publicTrade", "trades", at(600)))
    assert (state(story, "book"), state(story, "trades")) == ("live", "live")


def test_a_halt_outlives_connections_and_ends_with_the_exchanges_word(story: Story) -> None:
    trading = Instrument(exchange="bybit", market="linear", symbol=SYMBOL, base="BTC", quote="USDT")
    halted = Instrument(
        exchange="bybit", market="linear", symbol=SYMBOL, base="BTC", quote="USDT", halted="BREAK"
    )
    story.update(0, price=1.0)
    story.tell("listing", Listed(halted, at(1)), life=0)
    story.update(2, price=1.0, life=2)
    assert (state(story), story.is_stale()) == ("halted", True)
    assert "BREAK" in qualities(story)["ticker"].reason
    story.tell("listing", Listed(trading, at(3)), life=0)
    assert (state(story), story.is_stale()) == ("live", False)


def test_a_gap_in_a_book_lasts_until_its_snapshot_and_is_on_record(story: Story) -> None:
    story.tell(CONNECTION, snapshot(0))
    story.tell(CONNECTION, Gap(SYMBOL, "book", "sequence", "expected 8, got 11", at(5), 3))
    assert (state(story, "book"), book(story).quality) == ("gapped", "gapped")
    [hole] = holes(story)
    assert (hole.channel, hole.cause, hole.missed, hole.from_ns, hole.to_ns) == (
        "book",
        "sequence",
        3,
        at(0),
        None,
    )
    story.tell(CONNECTION, snapshot(6))
    assert (state(story, "book"), book(story).quality) == ("live", "live")
    [hole] = holes(story)
    assert (hole.from_ns, hole.to_ns) == (at(0), at(6))
    report = qualities(story)["book"]
    assert (report.gaps, report.resyncs) == (1, 1)


def test_a_book_of_an_earlier_life_is_not_live_before_its_new_snapshot(story: Story) -> None:
    follow(story, 0, "book", steady=False)
    story.tell(CONNECTION, FeedUp(at(0)), snapshot(1))
    story.down(2)
    follow(story, 3, "book", life=2, steady=False)
    story.tell(CONNECTION, FeedUp(at(3)), Heard(SYMBOL, "depth", "book", at(4)), life=2)
    assert (state(story, "book"), book(story).quality) == ("syncing", "syncing")
    story.tell(CONNECTION, snapshot(5), life=2)
    assert (state(story, "book"), book(story).quality) == ("live", "live")


def test_a_hole_is_told_when_it_begins_and_when_it_ends(story: Story) -> None:
    story.update(0, price=1.0)
    story.market.drain()
    story.down(3)
    [begun] = story.market.drain()["bybit"].holes
    assert (begun.cause, begun.to_ns) == ("disconnected", None)
    story.update(9, price=1.0, life=2)
    [ended] = story.market.drain()["bybit"].holes
    assert (ended.from_ns, ended.to_ns) == (at(0), at(9))
    assert story.market.drain()["bybit"].holes == []


def test_an_unwatched_book_is_gone_and_told_once(story: Story) -> None:
    story.tell(CONNECTION, snapshot(0))
    story.market.drain()
    story.tell(CONNECTION, Unfollowed(SYMBOL, "book"))
    changes = story.market.drain()["bybit"]
    assert (changes.unfollowed, changes.books) == ([("linear", SYMBOL)], {})
    assert "book" not in qualities(story)
    story.tell(CONNECTION, BookDelta(SYMBOL, [(99.0, 5.0)], [], 8, None, at(1)))
    assert story.market.drain()["bybit"].books == {}


def test_a_snapshot_that_was_under_way_when_its_book_was_left_brings_nothing_back(story: Story) -> None:
    follow(story, 0, "book", steady=False)
    story.tell(CONNECTION, snapshot(0), Unfollowed(SYMBOL, "book"))
    story.market.drain()
    gap = Gap(SYMBOL, "book", "crossed", "the best bid is 9, the best ask 8", at(2))
    story.tell(CONNECTION, snapshot(1), gap)
    changes = story.market.drain()["bybit"]
    assert (changes.books, changes.qualities, changes.holes) == ({}, [], [])
    follow(story, 3, "book", steady=False)
    story.tell(CONNECTION, snapshot(4))
    assert (state(story, "book"), book(story).quality) == ("live", "live")


def test_a_hole_of_a_book_that_is_left_does_not_stay_open(story: Story) -> None:
    story.tell(CONNECTION, snapshot(0), Gap(SYMBOL, "book", "sequence", "expected 8, got 11", at(5), 3))
    story.sweep(9)
    story.tell(CONNECTION, Unfollowed(SYMBOL, "book"))
    [hole] = holes(story)
    assert (hole.from_ns, hole.to_ns) == (at(0), at(9))
    assert story.market.drain()["bybit"].holes == [hole]


def test_what_rarely_speaks_is_stale_without_its_connection_and_missed_from_its_end_on(story: Story) -> None:
    """Whatever its last word was: what it could tell was told for as long as the connection spoke."""
    follow(story, 0, "ticker")
    follow(story, 0, "liquidations", steady=False)
    accepted = Heard(SYMBOL, "allLiquidation", "liquidations", at(1))
    story.tell(CONNECTION, FeedUp(at(0)), accepted)
    story.update(5000, price=1.0)
    story.down(5010)
    report = qualities(story)["liquidations"]
    assert (report.state, report.reason) == ("stale", "closed")
    [hole] = [each for each in holes(story) if each.channel == "liquidations"]
    assert (hole.from_ns, hole.to_ns, hole.cause) == (at(4999), None, "disconnected")


def test_trades_that_were_accepted_before_they_spoke_are_stale_without_their_connection(story: Story) -> None:
    follow(story, 0, "trades", steady=False)
    told = Trade(SYMBOL, "1", 1.0, 1.0, "buy", at(2), at(2))
    story.tell(CONNECTION, FeedUp(at(0)), Heard(SYMBOL, "publicTrade", "trades", at(1)), told)
    story.down(3)
    assert state(story, "trades") == "stale"


def test_counters_are_told_once_a_second_and_changes_of_state_at_once(story: Story) -> None:
    market = story.market
    story.update(0, price=1.0)
    [first] = market.drain(at(0))["bybit"].qualities
    assert (first.state, first.messages) == ("live", 1)
    story.update(0.2, price=2.0)
    assert market.drain(at(0.4))["bybit"].qualities == []
    [later] = market.drain(at(1.1))["bybit"].qualities
    assert later.messages == 2
    story.down(1.2)
    assert [each.state for each in market.drain(at(1.3))["bybit"].qualities] == ["stale"]


def test_what_a_dead_connection_left_on_the_way_makes_nothing_live(story: Story) -> None:
    story.tell(CONNECTION, snapshot(0))
    story.down(1)
    story.tell(CONNECTION, snapshot(2), Heard(SYMBOL, "orderbook.50", "book", at(2)), FeedUp(at(2)))
    assert state(story, "book") == "stale"
