"""A thousand connections that come, ask for something and break off anywhere leave nothing behind."""

from __future__ import annotations

import gc
import json
import random
import tracemalloc
from typing import Any

import pytest
import trio
import trio.testing

from actors.market.tick import Changes, Tick
from tests.web.populated import BTC, ETH, book, records, ticker, trade
from tests.web.served import Hub, hub, until, upgrade
from web.readmodel import ReadModel
from web.site import Site
from web.stream.options import CHANNELS

pytestmark = pytest.mark.loopback

ROUNDS, AT_ONCE = 20, 50
LEFT_BYTES_MAX = 400_000


def tick(model: ReadModel, number: int) -> None:
    """Something happens."""
    told = [ticker("bybit", pair, price=float(number), bid=float(number)) for pair in (BTC, ETH)]
    trades = {pair: [trade(number, symbol=pair[1])] for pair in (BTC, ETH)}
    changes = Changes(tickers=told, trades=trades, books={BTC: book(bids=[(9.0, number + 1.0)])})
    model.publish(Tick("bybit", number, records(*told), changes))


def masked(data: bytes) -> bytes:
    """A text frame of a client."""
    size = len(data)
    head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE)) + size.to_bytes(2)
    return head + bytes(4) + data


def script(dice: random.Random) -> bytes:
    """What one of them says: an upgrade, some requests, broken off at some byte."""
    said = upgrade("/ws", *(["sec-websocket-protocol: tickwell.v1.json"] if dice.random() < 0.5 else []))
    for _ in range(dice.randrange(4)):
        symbols = dice.sample(["*", "bybit:*:BTC*", "top:1", "ETHUSDT", "bybit:linear:BTCUSDT"], 2)
        params: dict[str, Any] = {"channel": dice.choice(CHANNELS), "max_rate_hz": dice.choice([0, 5])}
        params |= {"symbols": symbols} if params["channel"] not in ("spreads", "screener", "system") else {}
        method = dice.choice(["subscribe", "subscribe", "subscriptions", "nonsense"])
        said += masked(json.dumps({"method": method, "params": params}).encode())
    return said[: dice.randrange(len(said)) if dice.random() < 0.3 else len(said)]


async def visit(served: Hub, dice: random.Random) -> None:
    """Say it, read some of what comes or nothing, and go."""
    async with await served.raw(receive_buffer_bytes=dice.choice([None, 4096])) as stream:
        await stream.send_all(script(dice))
        with trio.move_on_after(dice.random() * 0.05):
            while await stream.receive_some(dice.choice([10, 65_536])):
                pass


def tasks() -> int:
    """How many tasks there are: whoever has gone has none that still winds up."""
    return trio.lowlevel.current_statistics().tasks_living


async def test_nothing_is_left_of_a_thousand_visitors() -> None:
    dice = random.Random(7)
    async with hub() as served:
        site = served.app.extensions["tickwell"]
        assert isinstance(site, Site)
        sizes: list[int] = []
        await trio.testing.wait_all_tasks_blocked(0.05)
        alone = tasks()
        tracemalloc.start()
        for number in range(ROUNDS):
            tick(served.model, number)
            async with trio.open_nursery() as nursery:
                for _ in range(AT_ONCE):
                    nursery.start_soon(visit, served, random.Random(dice.random()))
                await trio.sleep(0.02)
                tick(served.model, number)
            await until(lambda: site.stream.is_empty and not site.stream.doors.open and tasks() <= alone)
            if number >= ROUNDS // 2:
                gc.collect()
                sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert sizes[-1] - sizes[0] < LEFT_BYTES_MAX, sizes
        await served.alive()
