"""A client that reads late: whole frames, the newest state, and the truth about what it missed."""

from __future__ import annotations

import json

import pytest
import trio

from actors.runtime.settings import WebSettings
from tests.patience import PATIENCE_S
from tests.web.served import TICK_NS, FrameReader, Hub, hub, opened, until

pytestmark = pytest.mark.loopback

SYMBOLS = [f"S{number}USDT" for number in range(100)]


async def count(served: Hub, interval_s: float) -> None:
    """Publish for ever; the nth tick's price is n."""
    price = 1
    while True:
        served.publish(*SYMBOLS, price=float(price), padding=1000)
        price += 1
        await trio.sleep(interval_s)


@pytest.mark.parametrize("query", ["", "?mode=changes"])
async def test_what_was_skipped_and_what_came_add_up_and_the_newest_comes_last(query: str) -> None:
    async with hub(WebSettings(port=0, client_stall_s=30)) as served:
        served.publish(*SYMBOLS, padding=1000)
        stream = await opened(served, receive_buffer_bytes=4096, query=query)
        reader = FrameReader(stream)
        assert json.loads((await reader.next())[1])["type"] == "initial_data"
        began = served.ts
        served.nursery.start_soon(count, served, 0.01)
        await until(lambda: served.ts >= began + 100 * TICK_NS)  # of which it reads nothing
        ticks, skipped = list[float](), list[int]()
        while not ticks or ticks[-1] < 150:
            head, body = await reader.next()
            assert head == 0x81
            message = json.loads(body)
            if message["type"] == "conflated":
                skipped.append(message["skipped"])
            else:
                assert {record["price"] for record in message["data"]} == {message["data"][0]["price"]}
                assert len(message["data"]) == len(SYMBOLS)
                ticks.append(message["data"][0]["price"])
        assert skipped, "the client was never behind: the test proves nothing"
        assert len(ticks) + sum(skipped) == ticks[-1]
        assert ticks == sorted(ticks)
        await stream.aclose()


async def test_answers_and_ticks_never_tear_each_other() -> None:
    async with hub(WebSettings(port=0, client_stall_s=30)) as served:
        served.publish(*SYMBOLS, padding=1000)
        stream = await opened(served, receive_buffer_bytes=4096)
        reader, kinds = FrameReader(stream), list[str]()
        served.nursery.start_soon(count, served, 0.005)
        ping = bytes([0x81, 0x80 | 15]) + bytes(4) + b'{"type":"ping"}'
        for _ in range(15):
            await stream.send_all(ping)
            await trio.sleep(0.05)
        while kinds.count("pong") < 15 or "conflated" not in kinds:
            head, body = await reader.next()
            assert head == 0x81
            kinds.append(json.loads(body)["type"])
        await stream.aclose()


async def test_a_tick_during_the_greeting_is_not_lost() -> None:
    async with hub() as served:
        for number in range(30):
            served.publish("BTCUSDT", price=float(number))
            stream = await opened(served, query="?mode=changes")
            served.publish("BTCUSDT", price=number + 0.5)
            reader, price = FrameReader(stream), 0.0
            with trio.fail_after(PATIENCE_S):
                while price != number + 0.5:
                    _, body = await reader.next()
                    price = json.loads(body)["data"][0]["price"]
            await stream.aclose()
