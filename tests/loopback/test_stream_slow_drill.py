"""Clients that do not read for a while, over real sockets: they are told exactly what they missed, the end is
always right, nobody else notices, and nothing piles up for them."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import trio
import trio_websocket

from actors.market.events import Liquidation
from actors.market.tick import Changes, Pair, Tick
from actors.runtime.settings import StreamSettings, WebSettings
from tests.loopback.stream_picture import Picture
from tests.patience import PATIENCE_S
from tests.web.populated import bar, book, quality, records, ticker, trade
from tests.web.served import FrameReader, Hub, head_of, hub, upgrade

pytestmark = pytest.mark.loopback

PAIRS: list[Pair] = [("linear", f"S{number}USDT") for number in range(40)]
TICKS = 250
RING_TRADES = 1000
MERGED = ("ticker", "quote", "book", "bars", "funding", "quality")
EVENTS = ("trades", "liquidations")
GROWTH_BYTES_MAX = 200_000


def changes(channel: str, number: int) -> Changes:
    """One update of each instrument, different from all others."""
    if channel == "book":
        return Changes(books={pair: book(bids=[(50.0, number + 1.0), (49.0, 1.0)]) for pair in PAIRS})
    if channel == "bars":
        return Changes(bars={pair: [bar(60, closed=False, volume=float(number))] for pair in PAIRS})
    if channel == "quality":
        return Changes(qualities=[quality(pair, "trades", "stale", reason=f"{number}") for pair in PAIRS])
    if channel == "trades":
        return Changes(trades={pair: [trade(number, symbol=pair[1])] for pair in PAIRS})
    if channel == "liquidations":
        told = {pair: [Liquidation(pair[1], "long", 1.0, 1.0, number, number)] for pair in PAIRS}
        return Changes(liquidations=told)
    value = 1.0 + number
    prices: dict[str, Any] = {"price": value, "bid": value, "ask": value + 1, "funding_rate": value / 1e6}
    return Changes(tickers=[ticker("bybit", pair, **prices) for pair in PAIRS])


async def publish(served: Hub, channel: str, number: int, other: Picture | None = None) -> None:
    """Publish an update of everything, and let the hub tell it: wait until another client has it."""
    told = changes(channel, number)
    served.model.publish(Tick("bybit", served.ts, records(*told.tickers), told))
    for _ in range(4):
        await trio.lowlevel.checkpoint()
    with trio.fail_after(PATIENCE_S):
        while other is not None and other.offset < offset_of(served):
            await trio.sleep(0)


def masked(message: dict[str, Any]) -> bytes:
    """A request as a frame."""
    data = json.dumps(message).encode()
    assert len(data) < 126
    return bytes((0x81, 0x80 | len(data))) + bytes(4) + data


class Slow:
    """A client with a small buffer that reads when it is told to."""

    def __init__(self, stream: trio.SocketStream, channel: str) -> None:
        self.stream, self.reader = stream, FrameReader(stream)
        self.picture = Picture(channel)
        self.told = 0  # records, but those of the snapshot
        self.missed = self.conflated = 0

    async def subscribe(self) -> None:
        await self.reader.next()  # the welcome
        params = {"channel": self.picture.channel, "symbols": ["bybit:linear:*"]}
        await self.stream.send_all(masked({"method": "subscribe", "params": params}))
        await self.reader.next()  # the answer
        await self.hear()
        self.told = 0

    async def hear(self) -> None:
        """Take one message."""
        message = json.loads((await self.reader.next())[1])
        if "seq" in message:
            self.picture.take(message)
            self.told += len(message["data"])
        elif message.get("type") == "gap":
            assert message["data"]["reason"] == "slow_consumer"
            assert message["data"]["from_offset"] <= message["data"]["to_offset"]
            self.missed += message["data"]["missed"]
        elif message.get("type") == "slow_consumer":
            assert message["data"]["lag_ms"] > 0
            self.conflated = message["data"]["conflated"]

    async def catch_up(self, offset: int) -> None:
        """Read until it was told everything up to an offset."""
        while self.picture.offset < offset:
            await self.hear()


@asynccontextmanager
async def slow_client(served: Hub, channel: str) -> AsyncIterator[Slow]:
    """A slow client that has read its snapshot."""
    async with await served.raw(receive_buffer_bytes=4096) as stream:
        await stream.send_all(upgrade("/ws"))
        await head_of(stream)
        client = Slow(stream, channel)
        await client.subscribe()
        yield client


async def read_all(client: trio_websocket.WebSocketConnection, picture: Picture) -> None:
    """A client that always reads, until the end."""
    with suppress(trio_websocket.ConnectionClosed):
        while True:
            message = json.loads(await client.get_message())
            assert message.get("type") not in ("gap", "slow_consumer"), message
            if "seq" in message:
                picture.take(message)


async def quick_client(served: Hub, channel: str) -> Picture:
    """Another client of the same, which keeps up."""
    client = await trio_websocket.connect_websocket_url(
        served.nursery, f"ws://127.0.0.1:{served.port}/ws", message_queue_size=1000
    )
    served.clients.append(client)
    params = {"channel": channel, "symbols": ["bybit:linear:*"]}
    await client.send_message(json.dumps({"method": "subscribe", "params": params}))
    picture = Picture(channel)
    served.nursery.start_soon(read_all, client, picture)
    return picture


def offset_of(served: Hub) -> int:
    return int(served.app.extensions["tickwell"].stream.journal.offset)


def slowness() -> tuple[WebSettings, StreamSettings]:
    """Settings that let a client be slow for long, and a ring that is short."""
    return WebSettings(port=0, client_stall_s=30), StreamSettings(ring_trades=RING_TRADES)


@pytest.mark.parametrize("channel", [*MERGED, *EVENTS])
async def test_what_was_missed_is_told_exactly_and_the_end_is_right(channel: str) -> None:
    web, stream = slowness()
    async with hub(web, stream=stream) as served:
        ring = served.app.extensions["tickwell"].stream.journal.rings["liquidations"]
        ring.records_max = RING_TRADES
        await publish(served, "ticker", 0)
        await publish(served, channel, 0)
        async with slow_client(served, channel) as client:
            other = await quick_client(served, channel)
            with trio.fail_after(PATIENCE_S):
                while not other.snapshots:
                    await trio.sleep(0.01)
            quick_before = len(other.events)
            for number in range(1, TICKS + 1):
                await publish(served, channel, number, other)
            await client.catch_up(offset_of(served))
            published = TICKS * len(PAIRS)
            lost = client.missed if channel in EVENTS else client.conflated
            assert lost > published / 10, "the client was hardly behind: this proves nothing"
            assert client.told + lost == published
            if channel in EVENTS:
                assert len(other.events) - quick_before == published
                assert client.picture.events[-len(PAIRS) :] == other.events[-len(PAIRS) :]
            else:
                assert {name: told_of(each) for name, each in client.picture.records.items()} == {
                    name: told_of(each) for name, each in other.records.items()
                }
                assert client.picture.books == other.books


def told_of(record: dict[str, Any]) -> dict[str, Any]:
    """A record without how it was told: two clients may have got a book in different steps."""
    return {name: each for name, each in record.items() if name not in ("previous", "bids", "asks")}


@pytest.mark.parametrize("channel", ["ticker", "trades"])
async def test_nothing_piles_up_for_a_client_that_does_not_read(channel: str) -> None:
    web, stream = slowness()
    async with hub(web, stream=stream) as served:
        await publish(served, "ticker", 0)
        async with slow_client(served, channel):
            for number in range(1, 101):
                await publish(served, channel, number)
            tracemalloc.start()
            try:
                for number in range(101, 151):
                    await publish(served, channel, number)
                before = held_bytes()
                for number in range(151, 301):
                    await publish(served, channel, number)
                assert held_bytes() - before < GROWTH_BYTES_MAX
            finally:
                tracemalloc.stop()


def held_bytes() -> int:
    """What was allocated by the stream's code since the measurement began, and is still there."""
    gc.collect()
    only = [
        tracemalloc.Filter(inclusive=True, filename_pattern=f"*/web/{name}")
        for name in ("stream/*", "transport.py", "wsstream.py")
    ]
    found = tracemalloc.take_snapshot().filter_traces(only)
    return sum(each.size for each in found.statistics("filename"))
