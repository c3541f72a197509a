"""When a record is stale, and that nothing but fresh data of everything it needs makes it fresh."""

from __future__ import annotations

import pytest

from actors.market.events import Batch, FeedDown, Source, TickerUpdate
from actors.market.market import Market
from actors.market.rhythm import NS_PER_S
from tests.market.pictures import EPOCH_NS, PATIENCE, Story


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_connection_that_ends_takes_what_it_fed_with_it(story: Story) -> None:
    story.update(0, "stream-0", "BTCUSDT", price=1.0)
    story.update(0, "stream-1", "ETHUSDT", price=2.0)
    story.down(1, "stream-0")
    assert (story.is_stale("BTCUSDT"), story.is_stale("ETHUSDT")) == (True, False)
    story.update(2, "stream-0", "BTCUSDT", price=1.0, life=2)
    assert not story.is_stale("BTCUSDT")


def test_a_connection_that_ends_touches_no_other_market(story: Story) -> None:
    story.update(0, price=1.0)
    story.down(1, "stream-1")
    assert not story.is_stale()


def test_one_connection_of_two_down_is_stale_until_it_is_back(story: Story) -> None:
    story.update(0, "market-0", price=1.0)
    story.update(0, "public-0", bid=1.0)
    story.down(1, "public-0")
    story.update(2, "market-0", price=2.0)
    assert story.is_stale()
    story.update(3, "public-0", bid=2.0, life=2)
    assert not story.is_stale()


def test_the_last_words_of_a_connection_that_is_down_change_nothing(story: Story) -> None:
    story.update(0, price=1.0)
    story.down(1)
    story.update(1, price=2.0)
    story.heard("tickers")
    assert story.is_stale()


def test_an_end_that_comes_late_does_not_end_the_next_life(story: Story) -> None:
    story.update(0, price=1.0, life=1)
    story.update(2, price=1.0, life=2)
    story.down(3, life=1)
    assert not story.is_stale()


def test_a_silent_stream_makes_stale_until_it_is_heard(story: Story) -> None:
    story.update(0, price=1.0)
    story.silent("tickers")
    story.silent("orderbook")
    story.update(1, price=2.0)
    story.heard("tickers")
    assert story.is_stale()
    story.heard("orderbook")
    assert not story.is_stale()


def test_silence_ends_with_its_life(story: Story) -> None:
    story.update(0, price=1.0)
    story.silent("orderbook")
    story.down(1)
    story.update(2, price=2.0, life=2)
    assert not story.is_stale()


def test_silence_ends_with_its_life_even_when_nobody_told_its_end(story: Story) -> None:
    story.update(0, price=1.0)
    story.silent("orderbook")
    story.update(2, price=2.0, life=2)
    assert not story.is_stale()


def test_silence_that_is_older_than_the_first_data_is_remembered(story: Story) -> None:
    story.silent("orderbook")
    assert story.market.tickers() == [] == story.drain()
    story.update(1, price=1.0)
    assert story.is_stale()
    story.heard("orderbook")
    assert not story.is_stale()


def test_silence_of_a_new_life_outlives_the_first_data_of_that_life(story: Story) -> None:
    story.update(0, price=1.0, funding_rate=0.01)
    story.down(1)
    story.lives["stream-0"] = 2
    story.silent("orderbook")
    story.update(20, price=2.0)
    assert story.is_stale()
    assert story.record().funding_rate is None


def test_a_connection_that_dies_silent_leaves_its_part_stale(story: Story) -> None:
    """It never fed the record, and it will not: the record waits for it all the same."""
    story.update(0, "market-0", price=1.0)
    story.silent("bookTicker", "public-0")
    story.down(1, "public-0")
    story.update(2, "market-0", price=1.0)
    assert story.is_stale()


def test_the_sweep_finds_what_fell_silent(story: Story) -> None:
    for beat in range(20):
        story.update(beat / 10, price=1.0)
    story.sweep(6)
    assert not story.is_stale()
    story.sweep(7.5)
    assert story.is_stale()
    story.update(8, price=1.0)
    assert not story.is_stale()


def test_being_heard_does_not_excuse_an_old_record(story: Story) -> None:
    """A stream may repeat what is known, which is heard and changes nothing."""
    for beat in range(20):
        story.update(beat / 10, price=1.0)
    story.silent("orderbook")
    story.sweep(60)
    story.heard("orderbook")
    assert story.is_stale()


def test_data_that_was_long_on_its_way_does_not_make_fresh(story: Story) -> None:
    for beat in range(20):
        story.update(beat / 10, price=1.0)
    story.sweep(60)
    story.update(3, price=2.0)
    assert story.is_stale()
    story.update(60, price=2.0)
    assert not story.is_stale()


def test_an_outage_is_no_rhythm(story: Story) -> None:
    """After minutes without a connection, the next stall is still found within seconds."""
    for beat in range(20):
        story.update(beat / 10, price=1.0)
    story.down(2)
    for beat in range(20):
        story.update(300 + beat / 10, price=1.0, life=2)
    story.sweep(308)
    assert story.is_stale()


def test_after_a_reset_all_is_stale_until_every_part_is_renewed(story: Story) -> None:
    story.update(0, "market-0", price=1.0)
    story.update(0, "public-0", bid=1.0)
    story.drain()
    story.market.reset()
    assert [each.stale for each in story.drain()] == [True]
    assert story.record().price == 1.0
    story.update(1, "market-0", price=2.0, life=2)
    assert story.is_stale()
    story.update(1, "public-0", bid=2.0, life=2)
    assert not story.is_stale()


def test_what_an_earlier_life_left_on_the_way_renews_nothing(story: Story) -> None:
    """The queue outlives the state. Its connection is gone, and its last word may not have fitted in."""
    story.update(0, price=1.0)
    story.market.reset()
    story.update(0.5, price=2.0)
    assert story.is_stale()


def test_a_reset_of_nothing_is_nothing(story: Story) -> None:
    story.market.reset()
    assert story.drain() == []


def test_what_rest_answers_fills_fields_and_freshens_nothing() -> None:
    """A frozen stream beside a REST interface that answers: the record stays stale, and keeps its age."""
    market = Market(PATIENCE)
    source = Source("binance", "linear", "market-0", 1)

    def answer(source: Source, at_s: int) -> None:
        update = TickerUpdate("BTCUSDT", {"open_interest": float(at_s)}, None, EPOCH_NS + at_s * NS_PER_S)
        market.apply(Batch(source, [update], fetched=True))

    answer(source, 0)
    assert market.tickers() == []
    for beat in range(20):
        update = TickerUpdate("BTCUSDT", {"price": 1.0}, None, EPOCH_NS + beat * NS_PER_S)
        market.apply(Batch(source, [update]))
    assert [(t.stale, t.price, t.open_interest) for t in market.tickers()] == [(False, 1.0, 0.0)]
    market.sweep(EPOCH_NS + 60 * NS_PER_S)
    answer(source, 61)
    market.sweep(EPOCH_NS + 61 * NS_PER_S)
    [ticker] = market.tickers()
    assert (ticker.stale, ticker.open_interest) == (True, 61.0)
    assert ticker.ts_recv == EPOCH_NS + 19 * NS_PER_S

    market.apply(Batch(source, [FeedDown("gone", EPOCH_NS + 62 * NS_PER_S)]))
    answer(Source("binance", "linear", "market-0", 2), 63)
    assert [(t.stale, t.price, t.open_interest) for t in market.tickers()] == [(True, None, 63.0)]
