"""The feed handler: planned cuts without a gap, and what is in hand when it is stopped."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import trio

from actors.exchanges.bybit import Codec
from actors.feed.agenda import Budget
from actors.ingest import Ingest
from actors.market.events import Batch, FeedDown, TickerUpdate
from actors.market.feeds import FeedStatus
from actors.market.rhythm import Patience
from actors.runtime.errors import ConnectionLost
from tests.fakes import ScriptedExchange, mock_now_ns


def codec_of(lifetime_s: float | None) -> Codec:
    codec = Codec("linear")
    codec.limits = msgspec.structs.replace(codec.limits, lifetime_s=lifetime_s)
    return codec


def ingest_of(
    exchange: ScriptedExchange,
    outbox: trio.MemorySendChannel[Batch],
    lifetime_s: float | None = None,
) -> Ingest:
    return Ingest(
        status=FeedStatus("bybit", "linear", "stream-0", ("BTCUSDT", "ETHUSDT")),
        route="",
        new_codec=lambda: codec_of(lifetime_s),
        stream_url="",
        rest_url="",
        transport=exchange.transport(),
        budget=Budget(600),
        outbox=outbox,
        now_ns=mock_now_ns,
        patience=Patience(),
        draw=lambda: 0.5,
    )


async def collect(inbox: trio.MemoryReceiveChannel[Batch], into: list[Batch]) -> None:
    async for batch in inbox:
        into.append(batch)


async def test_a_planned_cut_is_met_by_opening_the_next_connection_first(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    exchange, batches = ScriptedExchange(), list[Batch]()
    outbox, inbox = trio.open_memory_channel[Batch](100)
    ingest = ingest_of(exchange, outbox, lifetime_s=100)
    nursery.start_soon(collect, inbox, batches)
    nursery.start_soon(ingest.run)
    await trio.sleep(350)
    assert exchange.attempts == 4
    assert exchange.most_open == 2
    assert len(exchange.open) == 1
    events = [event for batch in batches for event in batch.events]
    assert not [event for event in events if isinstance(event, FeedDown)]
    times = [
        event.ts_recv for event in events if isinstance(event, TickerUpdate) and event.symbol == "BTCUSDT"
    ]
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert max(gaps) < 0.6e9
    assert {batch.source.life for batch in batches} == {1}
    nursery.cancel_scope.cancel()


async def test_a_successor_that_cannot_connect_leaves_the_present_one_at_work(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    exchange, batches = ScriptedExchange(), list[Batch]()
    outbox, inbox = trio.open_memory_channel[Batch](100)
    ingest = ingest_of(exchange, outbox, lifetime_s=100)
    nursery.start_soon(collect, inbox, batches)
    nursery.start_soon(ingest.run)
    await trio.sleep(10)
    exchange.down = ConnectionLost("down")
    await trio.sleep(290)
    assert exchange.attempts > 3 and len(exchange.open) == 1
    exchange.down = None
    await trio.sleep(70)
    assert exchange.most_open == 2
    assert not [event for batch in batches for event in batch.events if isinstance(event, FeedDown)]
    nursery.cancel_scope.cancel()


async def test_the_end_of_a_life_is_told_even_to_a_full_channel(
    autojump_clock: trio.testing.MockClock,
) -> None:
    exchange, batches = ScriptedExchange(), list[Batch]()
    outbox, inbox = trio.open_memory_channel[Batch](1)
    ingest = ingest_of(exchange, outbox)

    async def read_late() -> None:
        await trio.sleep(5.2)
        with inbox:
            with trio.move_on_after(10):
                await collect(inbox, batches)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read_late)
        with trio.move_on_after(5):
            await ingest.run()
    assert isinstance(batches[-1].events[0], FeedDown)
    prices = [batch for batch in batches if isinstance(batch.events[0], TickerUpdate)]
    assert len(prices) >= 2  # the one in the channel and the one that waited in hand
