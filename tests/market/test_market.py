"""The live picture, told as stories: what merges, what is forgotten, what is drained."""

from __future__ import annotations

import pytest

from actors.market.ticker import Ticker
from tests.market.pictures import Story, at


@pytest.fixture
def story() -> Story:
    return Story()


def test_deltas_merge_into_one_record(story: Story) -> None:
    story.update(0, price=100.0, volume_24h=7.0, event_s=-1)
    story.update(1, price=101.0)
    story.quote(2, 100.5, None)
    assert story.record() == Ticker(
        exchange="bybit",
        market="linear",
        symbol="BTCUSDT",
        price=101.0,
        volume_24h=7.0,
        bid=100.5,
        bid_size=1.0,
        ts_event=at(-1),
        ts_recv=at(2),
        quality="live",
    )


def test_none_makes_a_field_unknown_and_absence_leaves_it(story: Story) -> None:
    story.update(0, price=100.0, funding_rate=0.01)
    story.update(1, funding_rate=None)
    assert (story.record().price, story.record().funding_rate) == (100.0, None)


def test_an_emptied_side_of_the_book_is_unknown(story: Story) -> None:
    story.quote(0, 100.0, 101.0)
    story.quote(1, None, 101.0)
    assert (story.record().bid, story.record().bid_size, story.record().ask) == (None, None, 101.0)


def test_the_same_symbol_in_two_markets_is_two_records(story: Story) -> None:
    story.update(0, symbol="BTCUSDT", price=1.0)
    story.update(0, symbol="ETHUSDT", price=2.0)
    assert {each.key: each.price for each in story.market.tickers()} == {
        "bybit:linear:BTCUSDT": 1.0,
        "bybit:linear:ETHUSDT": 2.0,
    }


def test_a_new_life_forgets_what_the_old_one_said(story: Story) -> None:
    story.update(0, price=100.0, funding_rate=0.01, event_s=0)
    story.update(5, price=101.0, life=2)
    record = story.record()
    assert (record.price, record.funding_rate, record.ts_event) == (101.0, None, None)


def test_a_new_life_forgets_nothing_of_other_connections(story: Story) -> None:
    story.update(0, "market-0", price=100.0, mark_price=99.0, event_s=0)
    story.update(0, "public-0", bid=98.0)
    story.update(1, "public-0", ask=102.0, life=2)
    record = story.record()
    assert (record.price, record.mark_price, record.bid, record.ask) == (100.0, 99.0, None, 102.0)
    assert record.ts_event == at(0)


def test_a_new_life_forgets_per_record(story: Story) -> None:
    story.update(0, symbol="BTCUSDT", price=1.0)
    story.update(0, symbol="ETHUSDT", price=2.0)
    story.update(1, symbol="BTCUSDT", bid=1.0, life=2)
    assert (story.record("BTCUSDT").price, story.record("ETHUSDT").price) == (None, 2.0)


def test_the_exchanges_time_never_runs_backwards(story: Story) -> None:
    story.update(0, price=1.0, event_s=10)
    story.update(1, price=2.0, event_s=9)
    assert story.record().ts_event == at(10)
    story.update(2, price=3.0, event_s=11)
    story.update(3, price=4.0)
    assert story.record().ts_event == at(11)


def test_our_time_never_runs_backwards(story: Story) -> None:
    """Two connections' batches may overtake each other on their way."""
    story.update(2, "market-0", price=1.0)
    story.update(1, "public-0", bid=2.0)
    assert story.record().ts_recv == at(2)


def test_drain_gives_each_changed_record_once_and_whole(story: Story) -> None:
    story.update(0, symbol="BTCUSDT", price=1.0)
    story.update(0, symbol="ETHUSDT", price=2.0)
    assert {each.symbol for each in story.drain()} == {"BTCUSDT", "ETHUSDT"}
    story.update(1, symbol="BTCUSDT", bid=1.0)
    story.update(2, symbol="BTCUSDT", ask=1.5)
    assert story.drain() == [story.record("BTCUSDT")]
    assert story.record("BTCUSDT").price == 1.0
    assert story.drain() == []


def test_drain_tells_a_change_of_staleness_once(story: Story) -> None:
    story.update(0, price=1.0)
    story.drain()
    story.down(1)
    story.down(1)
    story.sweep(1000)
    story.sweep(1001)
    assert [each.stale for each in story.drain()] == [True]
    assert story.drain() == []


def test_what_was_drained_does_not_change_afterwards(story: Story) -> None:
    story.update(0, price=1.0)
    [drained] = story.drain()
    story.update(1, price=2.0)
    assert drained.price == 1.0


def test_what_is_removed_is_gone_and_told_once(story: Story) -> None:
    story.update(0, price=1.0)
    story.remove("BTCUSDT")
    story.remove("BTCUSDT")
    story.remove("NEVERUSDT")
    assert story.market.tickers() == []
    assert story.removed() == [("linear", "BTCUSDT")]
    assert story.removed() == []


def test_what_changed_and_was_removed_since_is_not_drained(story: Story) -> None:
    """Else the change would bring it back for whoever is told of both."""
    story.update(0, price=1.0)
    story.remove()
    assert story.drain() == []
    story.update(1, price=2.0)
    assert [each.price for each in story.drain()] == [2.0]


def test_what_comes_back_begins_anew(story: Story) -> None:
    story.update(0, price=1.0, funding_rate=0.01)
    story.silent("tickers")
    story.remove()
    story.update(1, price=2.0)
    assert (story.record().funding_rate, story.record().stale) == (None, False)
