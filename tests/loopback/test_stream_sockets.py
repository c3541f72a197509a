"""The stream over real sockets: formats, compression, limits, and every way to end."""

from __future__ import annotations

import json
import zlib
from typing import Any

import msgpack
import pytest
import trio
import trio_websocket

from actors.market.tick import Changes, Tick
from actors.runtime.settings import StreamSettings
from tests.patience import PATIENCE_S
from tests.web.populated import records, ticker
from tests.web.served import FrameReader, Hub, close_code, head_of, hub, message, until, upgrade
from web.stream.desk import Desk

pytestmark = pytest.mark.loopback


async def connected(served: Hub, *subprotocols: str) -> trio_websocket.WebSocketConnection:
    """A client of `/ws` that has read its welcome."""
    client = await trio_websocket.connect_websocket_url(
        served.nursery, f"ws://127.0.0.1:{served.port}/ws", subprotocols=subprotocols, message_queue_size=1000
    )
    served.clients.append(client)
    return client


async def ask(client: trio_websocket.WebSocketConnection, method: str, **params: Any) -> dict[str, Any]:
    await client.send_message(json.dumps({"method": method, "params": params, "req_id": 1}))
    return await message(client)


def publish(served: Hub, price: float, *symbols: str) -> None:
    """Publish a price of these, of BTC by default."""
    told = [ticker("bybit", ("linear", each), price=price, bid=price) for each in symbols or ("BTCUSDT",)]
    served.model.publish(Tick("bybit", served.ts, records(*told), Changes(tickers=told)))


async def test_welcome_then_answers_then_data() -> None:
    async with hub() as served:
        publish(served, 1.0)
        client = await connected(served)
        welcome = await message(client)
        assert (welcome["channel"], welcome["type"], welcome["data"]["protocol"]) == ("system", "welcome", 1)
        assert welcome["data"]["epoch"] == served.model.epoch
        answer = await ask(client, "subscribe", channel="quote", symbols=["btcusdt"])
        assert answer["success"] and answer["result"]["keys"] == ["bybit:linear:BTCUSDT"]
        assert answer["time_in"] <= answer["time_out"]
        assert (await message(client))["type"] == "snapshot"
        await client.aclose()
        await until(lambda: served.app.extensions["tickwell"].stream.is_empty)


async def test_messagepack_in_binary_frames() -> None:
    async with hub() as served:
        client = await connected(served, "tickwell.v1.msgpack")
        assert client.subprotocol == "tickwell.v1.msgpack"
        assert msgpack.unpackb(await client.get_message())["type"] == "welcome"
        await client.send_message(msgpack.packb({"method": "ping", "params": {"a": [1]}, "req_id": "x"}))
        answer = msgpack.unpackb(await client.get_message())
        assert (answer["req_id"], answer["result"]["params"]) == ("x", {"a": [1]})


async def test_the_hub_says_goodbye() -> None:
    async with hub() as served:
        client = await connected(served)
        await message(client)
        served.stop.set()
        last = await message(client)
        assert (last["channel"], last["type"]) == ("system", "going_away")
        assert await close_code(client) == 1001


async def test_compressed_frames_are_one_stream_that_any_client_can_inflate() -> None:
    async with hub() as served:
        symbols = [f"S{number}USDT" for number in range(50)]
        publish(served, 0.5, *symbols)
        stream = await served.raw()
        await stream.send_all(upgrade("/ws", "sec-websocket-extensions: permessage-deflate"))
        assert b"permessage-deflate" in await head_of(stream)
        reader = FrameReader(stream)
        inflater = zlib.decompressobj(-15)  # one window for all messages: context takeover does no harm
        await reader.next()
        request = json.dumps({"method": "subscribe", "params": {"channel": "ticker"}}).encode()
        await stream.send_all(masked(request))
        await reader.next()
        for number in range(5):
            first, payload = await reader.next()
            assert first == 0x81 | 0x40
            frame = json.loads(inflater.decompress(payload + b"\x00\x00\xff\xff"))
            assert (frame["sub"], frame["seq"], len(frame["data"])) == (1, number + 1, 50)
            assert len(payload) < 0.3 * len(json.dumps(frame))
            publish(served, float(number), *symbols)
        await stream.aclose()
        await until(lambda: served.app.extensions["tickwell"].stream.is_empty)


def masked(payload: bytes) -> bytes:
    """A text frame of a client."""
    assert len(payload) < 126
    return bytes((0x81, 0x80 | len(payload), 0, 0, 0, 0)) + payload


@pytest.mark.parametrize("filling", ["x" * 2000, "ß" * 1000])
async def test_a_message_that_is_longer_than_the_settings_let_it_be_closes(filling: str) -> None:
    async with hub(stream=StreamSettings(message_bytes_max=1500)) as served:
        client = await connected(served)
        await client.send_message('{"method":"ping"}')
        await client.send_message(filling)
        assert await close_code(client) == 1009


async def test_a_client_that_makes_no_sense_is_told_so_and_closed() -> None:
    async with hub() as served:
        client = await connected(served)
        for _ in range(101):
            await client.send_message("nonsense")
        assert await close_code(client) == 1008


@pytest.mark.parametrize(
    ("limit", "status"), [("connections_max", 503), ("connections_per_address_max", 429)]
)
async def test_there_is_a_limit_to_connections(limit: str, status: int) -> None:
    async with hub(stream=StreamSettings(**{limit: 2})) as served:
        clients = [await connected(served) for _ in range(2)]
        for each in clients:
            await message(each)
        async with await served.raw() as stream:
            await stream.send_all(upgrade("/ws"))
            assert (await head_of(stream)).startswith(f"HTTP/1.1 {status}".encode())
        await clients[0].aclose()
        await until(lambda: served.app.extensions["tickwell"].stream.doors.open == 1)
        assert (await message(await connected(served)))["type"] == "welcome"


async def test_a_failure_of_ours_closes_with_1011(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hub() as served:
        publish(served, 1.0)
        client, other = await connected(served), await connected(served)
        for each in (client, other):
            await message(each)
        await ask(other, "subscribe", channel="quote")
        await message(other)
        monkeypatch.setattr(Desk, "reply", lambda *_: 1 / 0)
        await client.send_message("{}")
        assert await close_code(client) == 1011
        publish(served, 3.0)
        assert (await message(other))["type"] == "update"


async def test_a_client_that_takes_nothing_is_dropped_and_forgotten() -> None:
    async with hub() as served:
        symbols = [f"S{number}USDT" for number in range(300)]
        publish(served, 0.5, *symbols)
        stream = await served.raw(receive_buffer_bytes=4096)
        await stream.send_all(
            upgrade("/ws") + masked(b'{"method":"subscribe","params":{"channel":"ticker"}}')
        )
        await head_of(stream)
        site = served.app.extensions["tickwell"]
        await until(lambda: len(site.stream.register) == 1)
        price = 0.0
        with trio.fail_after(PATIENCE_S):
            while not site.stream.is_empty:
                publish(served, price := price + 1, *symbols)
                await trio.sleep(0.01)
        await stream.aclose()


async def test_the_web_can_be_served_again() -> None:
    async with hub() as served:
        publish(served, 1.0)
        first = await connected(served)
        await message(first)
        answer = await ask(first, "subscribe", channel="ticker")
        offset = (await message(first))["offset"]
        served.stop.set()
        assert await close_code(first) == 1001
        await served.ended.wait()
        publish(served, 2.0)
        await served.start()
        again = await connected(served)
        welcome = await message(again)
        assert welcome["data"]["epoch"] == answer["result"]["epoch"]
        resume = {"epoch": welcome["data"]["epoch"], "offset": offset}
        assert (await ask(again, "subscribe", channel="ticker", resume=resume))["result"]["recovered"]
        assert (await message(again))["data"][0]["key"] == "bybit:linear:BTCUSDT"
