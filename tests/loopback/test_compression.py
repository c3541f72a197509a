"""permessage-deflate on our terms: agreed to once, compressed once, inflated within a bound."""

from __future__ import annotations

import json
import resource
import zlib

import pytest
import trio

from actors.runtime.settings import WebSettings
from tests.web.served import FrameReader, Hub, head_of, hub, message, read_to_end, until, upgrade

pytestmark = pytest.mark.loopback


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
