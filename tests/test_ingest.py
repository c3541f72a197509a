"""The feed handler: planned cuts without a gap, and what is in hand when it is stopped."""

from __future__ import annotations

from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock

from actors.exchanges.base import Command, Fetch
from actors.feed.agenda import Budget
from actors.ingest import Ingest
from actors.market.events import (
    Batch,
    BookSnapshot,
    FeedDown,
    FeedUp,
    Following,
    Gap,
    Heard,
    Silent,
    TickerUpdate,
    TradesRecovered,
)
from actors.market.feeds import FeedStatus
from actors.market.rhythm import Patience
from actors.runtime.errors import ConnectionLost
from tests.feed.life import BASE, Life, living
from tests.feed.made_up import MadeUpCodec, MadeUpExchange, now_ns


@pytest.fixture
def exchange() -> MadeUpExchange:
    return MadeUpExchange()


def assert_whole(life: Life, symbol: str = "A") -> None:
    """Every trade was told, and the ticker never paused."""
    ids = sorted({int(trade_id) for trade_id in life.trade_ids(symbol)})
    assert ids == list(range(ids[0], ids[-1] + 1))
    times = [event.ts_recv for event in life.told(TickerUpdate, symbol)]
    assert max(later - sooner for sooner, later in pairwise(times)) < 0.6e9


async def test_a_planned_cut_is_met_by_opening_the_next_connection_first(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange, lifetime_s=100) as life:
        await trio.sleep(350)
        assert len(exchange.connected_s) == 4 and len(exchange.open) == 1
        assert life.told(FeedDown) == [] == life.failures and len(life.told(FeedUp)) == 1
        assert_whole(life)
        assert {batch.source.life for batch in life.batches} == {1}
        assert life.status.reconnects_by_cause == {"planned": 3} and life.status.reconnects == 0
        assert len(life.told(Following)) == 2 and life.told(Silent) == []
        assert exchange.asked_rest("/trades") == []  # the two overlapped: nothing was missed


async def test_a_notice_of_a_cut_is_met_at_once(autojump_clock: MockClock, exchange: MadeUpExchange) -> None:
    async with living(exchange) as life:
        await trio.sleep(5)
        exchange.open[0].say(order="rollover")
        await trio.sleep(5)
        assert len(exchange.connected_s) == 2 and exchange.connected_s[1] < 5.5
        assert_whole(life)
        assert life.status.reconnects_by_cause == {"planned": 1}


async def test_an_heir_brings_its_own_books(autojump_clock: MockClock, exchange: MadeUpExchange) -> None:
    async with living(exchange, lifetime_s=20) as life:
        life.want("A", 50, for_s=1000)
        await trio.sleep(30)
        first, second = life.told(BookSnapshot)
        assert (first.update_id, first.bids) == (0, [(9.0, 1.0)])
        taken_over_s = exchange.asked("subscribe", "book50.A")[1]
        number = second.update_id or 0
        assert number / 4 > taken_over_s and second.bids == [(9.0, 1.0 + number)]
        assert second.depth == 50


async def test_what_is_still_to_be_fetched_back_when_an_heir_takes_over_is_fetched_by_the_heir(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    """Otherwise the trades would be gapped for ever: nobody else knows that something is missing."""

    class Missing(MadeUpCodec):
        def _order(self, order: str) -> Command:
            return Fetch("missed", "/trades/A", "A") if order == "missed" else super()._order(order)

    async with living(exchange, new_codec=Missing) as life:
        await trio.sleep(5)
        exchange.rest_down = ConnectionLost("down")
        exchange.open[0].say(order="missed")
        await trio.sleep(1)
        exchange.open[0].say(order="rollover")
        await trio.sleep(5)
        assert len(exchange.connected_s) == 2 and len(exchange.open) == 1
        exchange.rest_down = None
        await trio.sleep(40)
        assert [event.symbol for event in life.told(TradesRecovered)] == ["A"]


async def test_a_successor_that_cannot_connect_leaves_the_present_one_at_work(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange, lifetime_s=100) as life:
        await trio.sleep(10)
        exchange.down = ConnectionLost("down")
        await trio.sleep(290)
        assert len(exchange.connected_s) == 1 == len(exchange.open)
        exchange.down = None
        await trio.sleep(70)
        assert len(exchange.connected_s) == 2
        assert life.told(FeedDown) == [] == life.failures
        assert_whole(life)


async def test_a_successor_that_fails_leaves_the_present_one_at_work(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    exchange.rare |= {"ticker"}
    async with living(exchange) as life:
        await trio.sleep(5)
        exchange.open[0].say(order="rollover")
        await trio.sleep(1)
        exchange.open[1].fail()
        await trio.sleep(3)
        assert len(exchange.connected_s) == 3 and life.failures == []
        assert life.told(FeedDown) == []


async def test_an_heir_takes_over_at_once_when_its_predecessor_fails(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        await trio.sleep(5)
        exchange.mute = {"ticker.B"}  # so that the heir is not ready for long
        exchange.open[0].say(order="rollover")
        await trio.sleep(3)
        assert len(exchange.open) == 2
        exchange.open[0].fail()
        await trio.sleep(1.2)
        assert life.told(FeedDown) == [] == life.failures and len(exchange.open) == 1
        assert_whole(life)
        assert [event.topic for event in life.told(Silent)] == ["ticker.B"]
        exchange.mute = set()
        await trio.sleep(2)
        assert [event.topic for event in life.told(Heard, "B")] == ["trades.B", "ticker.B"]
        assert life.told(Gap) == []
        assert life.status.reconnects_by_cause == {"closed": 1}


async def test_what_an_heir_does_not_carry_yet_is_made_up_for(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        await trio.sleep(5)
        exchange.deaf = {"trades.B"}
        exchange.open[0].say(order="rollover")
        await trio.sleep(3)
        exchange.open[0].fail()
        await trio.sleep(1)
        assert [(event.symbol, event.channel) for event in life.told(Silent)] == [("B", "trades")]
        exchange.deaf = set()
        await trio.sleep(15)
        assert [event.topic for event in life.told(Heard, "B")] == ["trades.B", "trades.B"]
        assert len(exchange.asked_rest("/trades/B")) == 1 and exchange.asked_rest("/trades/A") == []


async def test_when_both_fail_the_life_fails(autojump_clock: MockClock, exchange: MadeUpExchange) -> None:
    exchange.rare |= {"trades"}
    async with living(exchange) as life:
        await trio.sleep(5)
        exchange.open[0].say(order="rollover")
        await trio.sleep(0.5)
        for connection in list(exchange.open):
            connection.fail()
        await trio.sleep(0.5)
        assert len(life.told(FeedDown)) == 1 == len(life.failures)
        await trio.sleep(5)
        assert life.status.life == 2 and len(exchange.open) == 1


async def test_the_end_of_a_life_is_told_even_to_a_full_channel(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    batches: list[Batch] = []
    outbox, inbox = trio.open_memory_channel[Batch](1)
    ingest = Ingest(
        status=FeedStatus("made_up", "linear", "stream-0", ("A", "B")),
        route="",
        channels=BASE,
        new_codec=MadeUpCodec,
        stream_url="",
        rest_url="",
        transport=exchange.transport(),
        budget=Budget(600),
        outbox=outbox,
        now_ns=now_ns,
        patience=Patience(),
        draw=lambda: 0.5,
    )

    async def read_late() -> None:
        """Take the first words and the first data, and then nothing until it is over."""
        for _ in range(3):
            batches.append(await inbox.receive())
        await trio.sleep_until(5.2)
        with inbox, trio.move_on_after(10):
            async for batch in inbox:
                batches.append(batch)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read_late)
        with trio.move_on_after(5):
            await ingest.run()
    assert batches[-1].events == [FeedDown("the feed was stopped", batches[-1].events[0].ts_recv)]  # type: ignore[union-attr]
    data = [batch for batch in batches if isinstance(batch.events[0], TickerUpdate)]
    assert len(data) >= 3  # one that was taken, the one in the channel, and the one that waited in hand
