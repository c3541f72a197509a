"""What was known before the start is seen at once, never as current, and gone with the first new word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.market.events import Batch, Denied, FeedUp, Following, Listed, Removed, Source
from actors.market.events import TickerUpdate as Update
from actors.market.instrument import Instrument
from actors.market.recording import Recorder
from actors.market.rows import TickRow
from tests.market.pictures import Story, at, drained

ROW = TickRow(at(-60), "bybit", "linear", "BTCUSDT", 100.0, 5.0, 110.0, 90.0, 1.5, 99.5, 100.5)
FOLLOWING = Following("BTCUSDT", ("ticker", "quote"), ("ticker",), at(1))


def instrument(symbol: str = "BTCUSDT", halted: str | None = None) -> Instrument:
    return Instrument(
        exchange="bybit", market="linear", symbol=symbol, base=symbol[:-4], quote="USDT", halted=halted
    )


@pytest.fixture
def story() -> Story:
    """A market that was told what was known at last."""
    story = Story()
    story.market.remember([ROW])
    return story


def test_it_is_seen_at_once_and_is_stale(story: Story) -> None:
    [told] = story.drain()
    assert told.quality == "stale" and told.stale
    assert (told.price, told.bid, told.ask, told.ts_recv) == (100.0, 99.5, 100.5, at(-60))
    assert (told.volume_24h, told.high_24h, told.low_24h, told.change_24h) == (5.0, 110.0, 90.0, 1.5)
    assert [told] == story.market.tickers()
    assert story.drain() == []


def test_it_stays_stale_while_its_streams_begin(story: Story) -> None:
    story.tell("stream-0", FOLLOWING)
    assert story.record().quality == "stale"
    story.tell("stream-0", FeedUp(at(1)))
    assert (story.record().quality, story.record().price) == ("stale", 100.0)


def test_a_stream_that_need_not_speak_does_not_make_it_live(story: Story) -> None:
    story.tell("stream-0", FOLLOWING, FeedUp(at(1)))
    story.heard("ticker")
    story.heard("quote")
    assert (story.record().quality, story.record().price) == ("stale", 100.0)


def test_the_first_word_of_a_stream_ends_it_whole(story: Story) -> None:
    story.update(2, price=101.0)
    record = story.record()
    assert (record.price, record.quality, record.ts_recv) == (101.0, "live", at(2))
    assert (record.bid, record.ask, record.volume_24h, record.high_24h, record.change_24h) == (None,) * 5


def test_a_quote_alone_ends_it_too(story: Story) -> None:
    story.quote(2, 101.0, 102.0)
    assert (story.record().bid, story.record().price, story.record().volume_24h) == (101.0, None, None)


def test_what_is_fetched_fills_fields_and_does_not_end_it(story: Story) -> None:
    source = Source("bybit", "linear", "stream-0", 1)
    fetched = Update("BTCUSDT", {"volume_24h": 7.0, "open_interest": 3.0}, None, at(1))
    story.market.apply(Batch(source, [fetched], fetched=True))
    record = story.record()
    assert (record.price, record.volume_24h, record.open_interest) == (100.0, 7.0, 3.0)
    assert record.quality == "stale"
    story.update(2, bid=101.0)
    record = story.record()
    assert (record.price, record.volume_24h, record.open_interest, record.bid) == (None, 7.0, 3.0, 101.0)


def test_what_was_told_meanwhile_is_not_touched() -> None:
    story = Story()
    story.update(1, price=101.0)
    story.market.remember([ROW, replace(ROW, ts=at(5), price=99.0)])
    assert (story.record().price, story.record().bid, story.record().quality) == (101.0, None, "live")


def test_what_was_fetched_before_is_newer() -> None:
    story = Story()
    fetched = Update("BTCUSDT", {"price": 103.0}, None, at(1))
    story.market.apply(Batch(Source("bybit", "linear", "stream-0", 1), [fetched], fetched=True))
    story.market.remember([ROW])
    assert (story.record().price, story.record().bid, story.record().quality) == (103.0, 99.5, "stale")


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_memories_the_newer_counts(order: int) -> None:
    story = Story()
    newer = replace(ROW, ts=at(-30), price=105.0, volume=None)
    for row in [ROW, newer][::order]:
        story.market.remember([row])
    assert (story.record().price, story.record().volume_24h, story.record().ts_recv) == (105.0, None, at(-30))


def test_a_halt_and_a_refusal_are_told_all_the_same(story: Story) -> None:
    story.tell("stream-0", Denied("BTCUSDT", "ticker", "no such symbol", at(1)))
    assert (story.record().quality, story.record().price) == ("refused", 100.0)
    other = Story()
    other.market.remember([ROW])
    other.tell("listing", Listed(instrument(halted="BREAK"), at(1)), life=0)
    other.tell("stream-0", FOLLOWING)
    assert other.record().quality == "halted"


def test_what_the_listing_does_not_have_is_taken_away(story: Story) -> None:
    story.market.remember([replace(ROW, symbol="GONEUSDT")])
    story.drain()
    story.tell("listing", Listed(instrument(), at(1)), life=0)
    assert [each.symbol for each in story.market.tickers()] == ["BTCUSDT"]
    assert story.removed() == [("linear", "GONEUSDT")]
    assert story.record().quality == "stale", "being listed makes it no newer"


def test_what_the_listing_did_not_have_is_not_remembered_later() -> None:
    story = Story()
    story.tell("listing", Listed(instrument(), at(1)), life=0)
    story.market.remember([ROW, replace(ROW, symbol="GONEUSDT")])
    assert [each.symbol for each in story.market.tickers()] == ["BTCUSDT"]


def test_what_has_spoken_is_not_taken_away_by_a_listing(story: Story) -> None:
    story.update(1, price=101.0)
    story.tell("listing", Listed(instrument("ETHUSDT"), at(1)), life=0)
    assert story.record().price == 101.0


def test_what_is_removed_is_forgotten(story: Story) -> None:
    story.remove()
    assert story.market.tickers() == []
    story.tell("listing", Removed("BTCUSDT"), life=0)
    story.update(3, price=1.0)
    assert (story.record().price, story.record().bid) == (1.0, None)


def test_a_picture_that_begins_anew_keeps_it_stale(story: Story) -> None:
    story.market.reset(at(1))
    assert (story.record().price, story.record().quality) == (100.0, "stale")


def test_it_is_never_recorded_again(story: Story) -> None:
    recorder = Recorder(0.0)
    for changes in story.market.drain(at(1)).values():
        assert recorder.rows("bybit", changes, at(1)) == []


def test_a_clock_that_was_set_back_hides_nothing() -> None:
    story = Story()
    story.market.remember([replace(ROW, ts=at(1000))])
    story.update(2, price=101.0)
    assert (story.record().ts_recv, story.record().price) == (at(2), 101.0)


NAMES = ("price", "bid", "ask", "volume_24h")


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("update"), st.dictionaries(st.sampled_from(NAMES), st.just(2.0))),
            st.tuples(st.just("fill"), st.dictionaries(st.sampled_from(NAMES), st.just(2.0))),
            st.tuples(st.sampled_from(["heard", "up", "follow", "remember", "sweep"]), st.just({})),
        ),
        max_size=12,
    )
)
def test_whatever_happens_nothing_old_is_ever_live(steps: list[tuple[str, dict[str, float]]]) -> None:
    """Everything remembered is 100 or about it, everything told is 2."""
    story = Story()
    source = Source("bybit", "linear", "stream-0", 1)
    for second, (what, values) in enumerate(steps, 1):
        if what == "update":
            story.say(second, "stream-0", values)
        elif what == "fill":
            event = Update("BTCUSDT", dict(values), None, at(second))
            story.market.apply(Batch(source, [event], fetched=True))
        elif what == "remember":
            story.market.remember([replace(ROW, ts=at(second - 100))])
        elif what == "heard":
            story.heard("ticker")
        elif what == "sweep":
            story.sweep(second)
        else:
            story.tell("stream-0", FOLLOWING if what == "follow" else FeedUp(at(second)))
        for ticker in [*drained(story.market), *story.market.tickers()]:
            told = {getattr(ticker, name) for name in NAMES}
            assert ticker.quality != "live" or told <= {2.0, None}
            assert told <= {2.0, None} or not any(what == "update" for what, _ in steps[:second])
