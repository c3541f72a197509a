"""The web over real sockets: the server, its deadlines, its stop, and the realtime protocol end to end."""

from __future__ import annotations

import json
import resource
import zlib

import pytest
import trio
import trio_websocket

from actors.runtime.settings import WebSettings
from tests.web.served import (
    Hub,
    close_code,
    exchange_bytes,
    head_of,
    hub,
    message,
    message_of,
    opened,
    read_to_end,
    until,
    upgrade,
)

pytestmark = pytest.mark.loopback


async def test_a_client_gets_the_picture_then_every_tick() -> None:
    async with hub() as served:
        served.publish("BTCUSDT", "ETHUSDT")
        client = await served.connect()
        first = await message(client)
        assert (first["type"], first["exchange"], first["count"]) == ("initial_data", "bybit", 2)
        served.publish("BTCUSDT", price=2.0)
        tick = await message(client)
        assert tick["type"] == "market_data"
        assert [record["price"] for record in tick["data"]] == [2.0, 1.0]
        served.publish()
        assert (await message(client))["count"] == 2


async def test_changes_mode_sends_only_what_changed_and_nothing_when_nothing_did() -> None:
    async with hub() as served:
        served.publish("BTCUSDT", "ETHUSDT")
        client = await served.connect("?mode=changes")
        assert (await message(client))["count"] == 2
        served.publish()
        served.publish("ETHUSDT", price=3.0)
        tick = await message(client)
        assert tick["mode"] == "changes"
        assert [(record["symbol"], record["price"]) for record in tick["data"]] == [("ETHUSDT", 3.0)]


async def test_a_filter_ignores_case_and_an_unknown_symbol_is_named_and_joins_later() -> None:
    async with hub() as served:
        served.publish("BTCUSDT", "ETHUSDT")
        client = await served.connect("?symbols=btcusdt,BTCUSD,NEWUSDT")
        assert [record["symbol"] for record in (await message(client))["data"]] == ["BTCUSDT"]
        errors = [await message(client), await message(client)]
        assert {error["symbol"]: error["nearest"] for error in errors} == {
            "BTCUSD": ["BTCUSDT"],
            "NEWUSDT": [],
        }
        served.publish("NEWUSDT")
        tick = await message_of(client, "market_data")
        assert {record["symbol"] for record in tick["data"]} == {"BTCUSDT", "NEWUSDT"}


async def test_the_market_filter_keeps_the_other_market_out() -> None:
    async with hub() as served:
        served.publish("BTCUSDT", price=1.0)
        served.publish("BTCUSDT", price=2.0, market="spot")
        client = await served.connect("?market=spot")
        assert [record["price"] for record in (await message(client))["data"]] == [2.0]


async def test_ping_is_answered_and_garbage_does_not_close() -> None:
    async with hub() as served:
        client = await served.connect()
        assert (await message(client))["type"] == "initial_data"
        for garbage in ("{", "[1]", '{"type":1}', '{"type":"buy"}', b"\x00\xff", "", b"", "[" * 5000):
            await client.send_message(garbage)
            assert (await message(client))["type"] == "error"
        await client.send_message('{"type":"ping","ts":17}')
        assert await message(client) == {"type": "pong", "ts": 17, "ts_hub": 1_766_523_600_500}


async def test_a_hundred_errors_in_a_minute_close_with_1008() -> None:
    async with hub() as served:
        client = await served.connect()
        for _ in range(101):
            await client.send_message("nonsense")
        assert await close_code(client) == 1008


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/ws/realtime/kraken", 404, "hyperliquid"),
        ("/ws/realtime/bybit?market=options", 400, "linear"),
        ("/ws/realtime/bybit?mode=some", 400, "changes"),
        ("/ws/other", 404, "404"),
    ],
)
async def test_a_wrong_wish_is_refused_before_the_upgrade(path: str, status: int, word: str) -> None:
    async with hub() as served:
        got, answer = await exchange_bytes(served, upgrade(path))
        assert got == status
        assert b"application/problem+json" in answer
        assert word.encode() in answer
        await served.alive()


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "http://localhost@evil.example"]
)
async def test_a_foreign_origin_is_refused_before_the_upgrade(origin: str) -> None:
    async with hub() as served:
        got, answer = await exchange_bytes(served, upgrade("/ws/realtime/bybit", f"origin: {origin}"))
        assert got == 403
        assert b"content-security-policy" in answer


async def test_our_own_origin_is_let_in() -> None:
    async with hub() as served:
        origin = (b"origin", f"http://127.0.0.1:{served.port}".encode())
        client = await served.connect(extra_headers=[origin])
        assert (await message(client))["type"] == "initial_data"


async def test_a_message_over_64_kib_closes_with_1009_and_costs_no_memory() -> None:
    async with hub() as served:
        client = await served.connect()
        await message(client)
        with pytest.raises(trio_websocket.ConnectionClosed):
            for _ in range(1000):
                await client.send_message("x" * 65_537)
        assert client.closed is not None
        assert client.closed.code == 1009
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        flood = await opened(served)
        header = b"\x01\xff" + (2**40).to_bytes(8) + b"\0\0\0\0"
        with pytest.raises(trio.BrokenResourceError):
            await flood.send_all(header)
            for _ in range(2000):
                await flood.send_all(b"x" * 65_536)
        await flood.aclose()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 10_000
        await served.alive()


async def answer_to(served: Hub, extensions: str) -> bytes:
    stream = await served.raw()
    await stream.send_all(upgrade("/ws/realtime/bybit", f"sec-websocket-extensions: {extensions}"))
    answer = await head_of(stream)
    await stream.aclose()
    assert answer.startswith(b"HTTP/1.1 101")
    assert b"\r\nserver:" not in answer.lower()
    return answer.lower()


@pytest.mark.parametrize(
    ("offer", "accepted"),
    [
        ("permessage-deflate; client_max_window_bits", True),
        ("permessage-deflate", True),
        ("permessage-deflate; server_max_window_bits=15", True),
        ("permessage-deflate; server_max_window_bits=10", False),
        ("permessage-deflate; client_max_window_bits=99", False),
        ("permessage-deflate; client_max_window_bits=x", False),
        ("x-webkit-deflate-frame", False),
    ],
)
async def test_compression_is_agreed_to_on_our_terms_only(offer: str, accepted: bool) -> None:
    async with hub() as served:
        answer = await answer_to(served, offer)
        assert (b"server_no_context_takeover" in answer) is accepted
        assert (b"sec-websocket-extensions" in answer) is accepted


async def test_compression_can_be_switched_off() -> None:
    async with hub(WebSettings(port=0, compression=False)) as served:
        assert b"extensions" not in await answer_to(served, "permessage-deflate")


async def test_one_compressed_frame_serves_every_client_that_can_read_it() -> None:
    async with hub() as served:
        symbols = [f"S{number}USDT" for number in range(50)]
        served.publish(*symbols)
        streams = [await compressing(served) for _ in range(2)]
        plain = await served.connect()
        expected = (await message(plain))["data"]
        await until(lambda: served.fanout.active["bybit"] == 3)
        seen: list[list[bytes]] = []
        for stream in streams:
            reader = FrameReader(stream)
            inflater = zlib.decompressobj(-15)  # one window for all messages: context takeover does no harm
            frames = [await reader.next()]
            for _ in range(3):
                served.publish(*symbols)
                frames.append(await reader.next())
                assert (await message(plain))["data"] == expected
            for head, body in frames:
                assert head == 0x80 | 0x40 | 0x01
                text = inflater.decompress(body + b"\x00\x00\xff\xff")
                assert json.loads(text)["data"] == expected
                assert len(body) < 0.3 * len(text)
            seen.append([body for _, body in frames])
            await stream.aclose()
        assert len(seen) == 2


async def compressing(served: Hub) -> trio.SocketStream:
    """A raw client that has agreed to deflate."""
    stream = await served.raw()
    await stream.send_all(upgrade("/ws/realtime/bybit", "sec-websocket-extensions: permessage-deflate"))
    assert b"server_no_context_takeover" in await head_of(stream)
    return stream


class FrameReader:
    """Whole frames of a server, as they come: the first byte and the payload."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream, self.data = stream, bytearray()

    async def next(self) -> tuple[int, bytes]:
        await self.need(4)
        start, size = 2, self.data[1]
        if size == 126:
            start, size = 4, int.from_bytes(self.data[2:4], "big")
        await self.need(start + size)
        head, payload = self.data[0], bytes(self.data[start : start + size])
        del self.data[: start + size]
        return head, payload

    async def need(self, count: int) -> None:
        with trio.fail_after(10):
            while len(self.data) < count:
                self.data += await self.stream.receive_some(65_536)


async def test_what_a_client_compresses_is_inflated_within_a_bound() -> None:
    async with hub() as served:
        stream = await served.raw()
        await stream.send_all(upgrade("/ws/realtime/bybit", "sec-websocket-extensions: permessage-deflate"))
        await head_of(stream)
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
        bomb = compressor.compress(b" " * 50_000_000) + compressor.flush(zlib.Z_SYNC_FLUSH)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        head = bytes([0xC1, 0xFE]) + min(len(bomb), 60_000).to_bytes(2) + bytes(4)
        await stream.send_all(head + bomb[:60_000])
        answer = await read_to_end(stream)
        await stream.aclose()
        assert (1009).to_bytes(2, "big") in answer
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB
        await served.alive()
