"""One connection at work: what it tells about itself, the books that come and go, the history it asks for."""

from __future__ import annotations

from functools import partial

import pytest
from trio import sleep
from trio.testing import MockClock

from actors.feed.fetching import PATIENCE_S
from actors.market.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Denied,
    FeedDown,
    FeedUp,
    Following,
    Heard,
    Liquidation,
    ServerTime,
    Silent,
    TickerUpdate,
    Trade,
    TradesRecovered,
    Unfollowed,
)
from actors.runtime.errors import ConnectionLost, RateLimited, Rejected
from tests.feed.life import living
from tests.feed.made_up import EPOCH_NS, MadeUpCodec, MadeUpExchange


@pytest.fixture
def exchange() -> MadeUpExchange:
    return MadeUpExchange()


async def test_a_life_tells_what_it_will_follow_then_that_it_can_then_what_comes(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        await sleep(3)
    first, second = life.batches[:2]
    assert first.events == [
        Following("A", ("ticker", "trades"), ("ticker",), EPOCH_NS),
        Following("B", ("ticker", "trades"), ("ticker",), EPOCH_NS),
    ]
    [up] = second.events
    assert isinstance(up, FeedUp) and up.ts_recv > EPOCH_NS
    assert all(type(event) is not FeedUp for batch in life.batches[2:] for event in batch.events)
    assert life.told(TickerUpdate, "B")
    assert life.told(Trade, "A")


async def test_what_a_life_ended_of_is_told_in_words(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    exchange.down = ConnectionLost("made.up:443 did not answer within 5 s")
    async with living(exchange) as life:
        await sleep(0.5)
        assert [type(batch.events[0]) for batch in life.batches] == [Following, FeedDown]
        exchange.down = None
        await sleep(5)
        exchange.open[0].fail()
        await sleep(0.5)
    assert [down.reason for down in life.told(FeedDown)] == [
        "made.up:443 did not answer within 5 s",
        "closed by the exchange with 1001",
    ]


async def test_a_stop_is_no_failure(autojump_clock: MockClock, exchange: MadeUpExchange) -> None:
    async with living(exchange) as life:
        await sleep(2)
    assert life.failures == []


async def test_who_joins_later_is_followed_on_the_open_connection(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        await sleep(3)
        told = len(life.batches)
        life.status.symbols = ("A", "C")
        await sleep(2)
        joined = next(b.events for b in life.batches[told:] if isinstance(b.events[0], Following))
        assert [type(event) for event in joined] == [Following, FeedUp]
        assert life.told(Following, "C") and not life.told(Unfollowed)
        assert life.told(TickerUpdate, "C")
        assert exchange.asked("unsubscribe", "ticker.B") and len(exchange.connected_s) == 1


async def test_what_need_not_speak_is_heard_once_it_is_accepted(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange, channels=("ticker", "liquidations")) as life:
        await sleep(30)
    heard = [(event.symbol, event.topic, event.channel) for event in life.told(Heard)]
    assert heard == [("A", "liquidations.A", "liquidations"), ("B", "liquidations.B", "liquidations")]
    assert life.told(Liquidation) == [] == life.told(Silent)


async def test_a_refused_stream_is_denied_in_the_words_of_the_exchange_and_the_others_flow(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    exchange.refused, exchange.deaf = {"trades.A"}, {"trades.B"}
    async with living(exchange) as life:
        await sleep(60)
        denied = [(event.symbol, event.channel, event.reason) for event in life.told(Denied)]
        assert denied == [("A", "trades", "no such topic"), ("B", "trades", "never answered")]
        assert life.status.refused == {"A": "no such topic", "B": "never answered"}
        assert life.told(TickerUpdate, "A") and life.failures == []


async def test_a_stream_that_was_refused_and_is_accepted_after_all_is_heard(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    exchange.refused = {"ticker.A"}
    async with living(exchange) as life:
        await sleep(10)
        exchange.refused = set()
        await sleep(620)
        assert [event.topic for event in life.told(Heard, "A")][-1] == "ticker.A"
        assert life.status.refused == {}


async def test_a_book_is_followed_while_somebody_wants_it(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        await sleep(3)
        assert life.told(BookSnapshot) == []
        life.want("A", 50, for_s=10)
        await sleep(1)
        assert life.told(Following, "A")[-1].channels == ("book",)
        [snapshot] = life.told(BookSnapshot)
        assert snapshot.symbol == "A" and list(life.status.books) == ["A"]
        await sleep(5)
        assert len(life.told(BookDelta)) > 15 and life.told(Unfollowed) == []
        assert life.status.state == "live"
        await sleep(5)
        assert life.told(Unfollowed) == [Unfollowed("A", "book")]
        [left_s] = exchange.asked("unsubscribe", "book50.A")
        assert left_s == pytest.approx(13, abs=0.2)
        deltas = len(life.told(BookDelta))
        await sleep(5)
        assert len(life.told(BookDelta)) == deltas and list(life.status.books) == []
        assert life.failures == [] and len(exchange.connected_s) == 1


async def test_a_deeper_wish_replaces_the_shallower_book(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        life.want("A", 50, for_s=100)
        await sleep(3)
        life.want("A", 200, for_s=10)
        await sleep(3)
        [left_s], [joined_s] = (
            exchange.asked("unsubscribe", "book50.A"),
            exchange.asked("subscribe", "book200.A"),
        )
        assert left_s <= joined_s
        await sleep(10)
        assert len(exchange.asked("subscribe", "book50.A")) == 2
        assert life.told(Unfollowed) == []


async def test_a_new_connection_follows_the_books_that_are_wanted(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        life.want("A", 50, for_s=100)
        await sleep(3)
        exchange.open[0].fail()
        await sleep(4)
    channels = [event.channels for event in life.told(Following, "A")]
    assert channels == [("ticker", "trades", "book")] * 2
    assert len(life.told(BookSnapshot)) == 2


async def test_a_book_that_is_wanted_no_longer_when_the_connection_comes_back_is_left(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        life.want("A", 50, for_s=4)
        await sleep(3)
        exchange.open[0].fail()
        exchange.down = ConnectionLost("down")
        await sleep(3)
        exchange.down = None
        await sleep(3)
        assert life.told(Unfollowed) == [Unfollowed("A", "book")]
        assert len(exchange.asked("subscribe", "book50.A")) == 1


async def test_a_resync_leaves_and_asks_again_at_once_for_this_topic_alone(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        life.want("A", 50, for_s=100)
        await sleep(5)
        exchange.open[0].say(order="book50.A")
        await sleep(1)
        [left_s] = exchange.asked("unsubscribe", "book50.A")
        again_s = exchange.asked("subscribe", "book50.A")[1]
        assert left_s == pytest.approx(5, abs=0.2) and again_s == pytest.approx(left_s, abs=0.15)
        assert len(life.told(BookSnapshot)) == 2
        assert life.status.resyncs == 1
        assert [len(exchange.asked("subscribe", name)) for name in ("ticker.A", "trades.B")] == [1, 1]
        exchange.open[0].say(order="book50.Z")
        await sleep(1)
        assert life.status.resyncs == 1 and len(exchange.connected_s) == 1


async def test_a_snapshot_over_rest_is_told_among_the_stream_and_a_field_is_not(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    codec = partial(MadeUpCodec, snapshots=True, clock=True)
    async with living(exchange, new_codec=codec) as life:
        life.want("A", 50, for_s=100)
        await sleep(3)
    [snapshot] = [batch for batch in life.batches if isinstance(batch.events[0], BookSnapshot)]
    assert not snapshot.fetched
    fields = [event for batch in life.batches if batch.fetched for event in batch.events]
    assert {type(event) for event in fields} == {TickerUpdate} and len(fields) == 2
    [clock] = life.told(ServerTime)
    assert clock.ts_recv - clock.ts_sent == 10_000_000


async def test_a_snapshot_that_fails_is_asked_for_again_soon(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    exchange.rest_down = ConnectionLost("REST is down")
    async with living(exchange, new_codec=partial(MadeUpCodec, snapshots=True)) as life:
        life.want("A", 50, for_s=100)
        await sleep(5.5)
        assert len(exchange.asked_rest("/book/A")) == 5
        exchange.rest_down = None
        await sleep(2)
        assert len(life.told(BookSnapshot)) == 1 and life.status.resyncs == 0
        assert life.failures == []


async def test_the_first_life_has_missed_nothing_and_asks_for_the_bars_before_it(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        await sleep(20)
    assert exchange.asked_rest("/trades") == []
    assert [len(exchange.asked_rest(f"/candles/{symbol}")) for symbol in "AB"] == [1, 1]
    assert len(life.told(Candle)) == 2


async def test_the_bars_are_asked_again_once_the_minute_is_over_in_which_trades_began(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        await sleep(300)
    assert [len(exchange.asked_rest(f"/candles/{symbol}")) for symbol in "AB"] == [2, 2]
    assert life.failures == []


async def test_the_next_life_asks_for_the_trades_that_were_missed_once_new_ones_come(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        await sleep(5)
        exchange.deaf = {"trades.B"}
        exchange.open[0].fail()
        await sleep(5)
        assert len(exchange.asked_rest("/trades/A")) == 1 and exchange.asked_rest("/trades/B") == []
        exchange.deaf = set()
        await sleep(20)
        assert len(exchange.asked_rest("/trades/B")) == 1
        assert len(exchange.asked_rest("/trades/A")) == 1
        assert [event.symbol for event in life.told(TradesRecovered)] == ["A", "B"]
        assert [trade.backfill for trade in life.told(Trade) if trade.trade_id == "missed"] == [True, True]
        assert [len(exchange.asked_rest(f"/candles/{symbol}")) for symbol in "AB"] == [2, 2]


async def test_few_requests_are_under_way_and_the_bars_are_the_last(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    exchange.slow_rest_s = 1.0
    codec = partial(MadeUpCodec, clock=True)
    async with living(exchange, "ABCDEFGH", new_codec=codec):
        await sleep(30)
    assert exchange.most_under_way == 3
    paths = [path for _, path in exchange.fetched]
    assert min(i for i, path in enumerate(paths) if "candles" in path) == len(paths) - 8


async def test_one_slow_answer_does_not_hold_the_books_up(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    exchange.slow_rest_s = 2.0
    async with living(
        exchange, "ABCDEFGH", new_codec=partial(MadeUpCodec, snapshots=True, clock=True)
    ) as life:
        await sleep(2.5)
        life.want("H", 50, for_s=100)
        await sleep(1)
        [asked_s] = exchange.asked_rest("/book/H")
        assert asked_s < 3.5 and exchange.most_under_way == 4


@pytest.mark.parametrize(
    "error",
    [RateLimited("429", retry_after_s=40), RateLimited("in words"), Rejected("403", retry_after_s=600)],
    ids=str,
)
async def test_an_exchange_that_asks_for_patience_is_left_alone(
    autojump_clock: MockClock, exchange: MadeUpExchange, error: RateLimited | Rejected
) -> None:
    exchange.rest_down = error
    patience_s = error.retry_after_s or PATIENCE_S
    async with living(exchange, "ABCDEFGH", new_codec=partial(MadeUpCodec, snapshots=True)) as life:
        await sleep(3)
        asked = len(exchange.fetched)
        life.want("A", 50, for_s=10_000)
        await sleep(patience_s - 5)
        assert len(exchange.fetched) == asked <= 4
        exchange.rest_down = None
        await sleep(30)
        assert len(life.told(Candle)) == 8 and life.told(BookSnapshot)
        assert life.failures == [] and len(exchange.connected_s) == 1


async def test_an_answer_that_cannot_be_read_is_counted_and_tried_again(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    exchange.body = b"garbage"
    async with living(exchange, "A") as life:
        await sleep(5)
        assert life.status.decode_errors == 1
        exchange.body = b"{}"
        await sleep(40)
        assert len(life.told(Candle)) == 1 and life.failures == []
