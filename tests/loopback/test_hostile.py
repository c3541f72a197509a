"""Hostile input over real sockets: after each case the hub answers, and a well-behaved client is still there.

Stock Hypercorn 0.18 ends the process on five of these requests, and grows by a gigabyte on one of the frame
cases. An upgrade of Hypercorn, h11 or wsproto must pass here before it may be pinned.
"""

from __future__ import annotations

import logging
import resource
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
import trio
import trio_websocket

from actors.runtime.settings import WebSettings
from tests.lived import LivedClock
from tests.patience import PATIENCE_S
from tests.web.served import Hub, head_of, hub, message, message_of, opened, read_to_end, upgrade
from web.limits import Limits

pytestmark = pytest.mark.loopback

HOST = b"host: localhost\r\n"
GET = b"GET /livez HTTP/1.1\r\n" + HOST
WS = upgrade()
MASK = b"\x01\x02\x03\x04"


def with_header(name: bytes, value: bytes) -> bytes:
    """An upgrade request with one more header."""
    return WS[:-2] + name + b": " + value + b"\r\n\r\n"


def without_header(name: bytes) -> bytes:
    """An upgrade request that lacks a header."""
    return b"".join(line for line in WS.splitlines(keepends=True) if not line.startswith(name + b":"))


def post(headers: bytes, body: bytes) -> bytes:
    """A POST to a control route."""
    return b"POST /ws/realtime/start HTTP/1.1\r\n" + HOST + headers + b"\r\n" + body


def masked(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    """One frame as a client must send it."""
    head = bytes(((0x80 if fin else 0) | rsv | opcode,))
    length = len(payload)
    if length < 126:
        head += bytes((0x80 | length,))
    elif length < 65_536:
        head += b"\xfe" + length.to_bytes(2)
    else:
        head += b"\xff" + length.to_bytes(8)
    return head + MASK + bytes(byte ^ MASK[index % 4] for index, byte in enumerate(payload))


REQUESTS: dict[str, bytes] = {
    "frame behind the upgrade": WS + masked(1, b'{"type":"ping"}'),
    "text behind the upgrade": WS + b"hello",
    "request behind the upgrade": WS + GET + b"\r\n",
    "a megabyte behind the upgrade": WS + b"x" * 1_000_000,
    "frame behind a refused upgrade": upgrade("/ws/realtime/kraken") + masked(1, b"{}"),
    "non-ASCII subprotocol": with_header(b"sec-websocket-protocol", b"\xff\xfe"),
    "UTF-8 subprotocol": with_header(b"sec-websocket-protocol", "chät".encode()),
    "non-ASCII extension": with_header(b"sec-websocket-extensions", b"\xff"),
    "garbage extension": with_header(b"sec-websocket-extensions", b';;=,permessage-deflate;;a=""'),
    "non-ASCII connection": b"GET / HTTP/1.1\r\n" + HOST + b"connection: \xff\r\n\r\n",
    "non-ASCII upgrade": GET + b"connection: upgrade\r\nupgrade: \xe9\r\n\r\n",
    "non-ASCII host": b"GET /livez HTTP/1.1\r\nhost: \xff\xfe\r\n\r\n",
    "non-ASCII origin": with_header(b"origin", b"http://\xff"),
    "non-ASCII user agent": GET + b"user-agent: \xff\xfe\r\n\r\n",
    "non-ASCII cookie on an upgrade": with_header(b"cookie", b"a=\xff"),
    "non-ASCII authorization": post(b"authorization: Bearer \xff\xfe\r\ncontent-length: 0\r\n", b""),
    "no key": without_header(b"sec-websocket-key"),
    "two keys": with_header(b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    "empty key": WS.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b""),
    "key of 8 kB": WS.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"A" * 8192),
    "no websocket version": without_header(b"sec-websocket-version"),
    "websocket version 8": WS.replace(b"version: 13", b"version: 8"),
    "upgrade without connection": without_header(b"connection"),
    "upgrade without host": without_header(b"host"),
    "upgrade with a body": with_header(b"content-length", b"5") + b"hello",
    "upgrade with chunks": with_header(b"transfer-encoding", b"chunked") + b"5\r\nhello\r\n0\r\n\r\n",
    "upgrade in HTTP/1.0": WS.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "upgrade by POST": WS.replace(b"GET", b"POST"),
    "upgrade of a page": WS.replace(b"/ws/realtime/bybit", b"/livez"),
    "no host": b"GET /livez HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /livez HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "foreign host": b"GET /livez HTTP/1.1\r\nhost: evil.example\r\n\r\n",
    "malformed host": b"GET /livez HTTP/1.1\r\nhost: [::1\r\n\r\n",
    "host with a huge port": b"GET /livez HTTP/1.1\r\nhost: localhost:99999999\r\n\r\n",
    "header of 64 kB": GET + b"a: " + b"x" * 65_536 + b"\r\n\r\n",
    "5000 headers": GET + b"".join(b"a%d: b\r\n" % number for number in range(5000)) + b"\r\n",
    "request line of 1 MB": b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\n\r\n",
    "query of 20 kB": b"GET /ws/realtime/status?" + b"a=%ff&" * 3000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "header without a name": GET + b": x\r\n\r\n",
    "header with a space": GET + b"a b: x\r\n\r\n",
    "folded header": GET + b"a: x\r\n y\r\n\r\n",
    "NUL in a header": GET + b"a: x\0y\r\n\r\n",
    "NUL in the path": b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n",
    "encoded NUL in a file name": b"GET /static/a%00.js HTTP/1.1\r\n" + HOST + b"\r\n",
    "path traversal": b"GET /static/%2e%2e/app.py HTTP/1.1\r\n" + HOST + b"\r\n",
    "bad escape in the path": b"GET /%ff%zz HTTP/1.1\r\n" + HOST + b"\r\n",
    "empty path": b"GET ?x HTTP/1.1\r\n" + HOST + b"\r\n",
    "absolute path": b"GET http://localhost/livez HTTP/1.1\r\n" + HOST + b"\r\n",
    "two slashes": b"GET //evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "TRACE": b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n",
    "OPTIONS *": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "unknown method": b"BREW /livez HTTP/1.1\r\n" + HOST + b"\r\n",
    "method of 10 kB": b"A" * 10_000 + b" / HTTP/1.1\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/9.9": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    "h2 prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0",
    "h2c upgrade": GET
    + b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n",
    "h2c upgrade, bad settings": GET + b"connection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: \xff\r\n\r\n",
    "length and chunks": post(b"content-length: 3\r\ntransfer-encoding: chunked\r\n", b"0\r\n\r\n"),
    "two lengths": post(b"content-length: 3\r\ncontent-length: 4\r\n", b"abcd"),
    "negative length": post(b"content-length: -1\r\n", b""),
    "huge length": post(b"content-length: 99999999999999999999\r\n", b"x"),
    "unknown encoding": post(b"transfer-encoding: gzip\r\n", b""),
    "chunk garbage": post(b"transfer-encoding: chunked\r\n", b"zz\r\nhello\r\n"),
    "chunk of 2^64": post(b"transfer-encoding: chunked\r\n", b"ffffffffffffffff\r\nhello\r\n"),
    "chunk extension of 100 kB": post(
        b"transfer-encoding: chunked\r\n", b"1;" + b"x" * 100_000 + b"\r\na\r\n"
    ),
    "bad UTF-8 as JSON": post(b"content-type: application/json\r\ncontent-length: 3\r\n", b"\xff\xfe\x00"),
    "deep JSON": post(b"content-type: application/json\r\ncontent-length: 40000\r\n", b"[" * 40_000),
    "expect 100 with no body": post(b"expect: 100-continue\r\ncontent-length: 9\r\n", b""),
    "unknown expectation": post(b"expect: a miracle\r\ncontent-length: 0\r\n", b""),
    "only line ends": b"\r\n" * 50_000,
    "TLS on the plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,
    "SSH on the web port": b"SSH-2.0-OpenSSH_9.2\r\n",
    "binary noise": bytes((number * 7919) % 256 for number in range(5000)),
    "nothing": b"",
    "half a request line": b"GET /liv",
    "half a header": GET + b"a: ",
    "half an upgrade": WS[:60],
    "fifty requests at once": (GET + b"\r\n") * 50,
    "pipelined behind a close": GET + b"connection: close\r\n\r\n" + (GET + b"\r\n") * 5,
}

FRAMES: dict[str, tuple[bytes, int | None]] = {
    "unmasked": (b"\x81\x02hi", 1002),
    "reserved opcode 3": (masked(3, b"x"), 1002),
    "reserved control opcode 11": (masked(11, b"x"), 1002),
    "RSV1 without an extension": (masked(1, b"x", rsv=0x40), 1002),
    "RSV2": (masked(1, b"x", rsv=0x20), 1002),
    "ping of 126 bytes": (masked(9, b"x" * 126), 1002),
    "fragmented ping": (masked(9, b"x", fin=False), 1002),
    "lone continuation": (masked(0, b"x"), 1002),
    "new message inside a fragmented one": (masked(1, b"x", fin=False) + masked(1, b"y"), 1002),
    "close code 999": (masked(8, (999).to_bytes(2)), 1002),
    "close code 1005": (masked(8, (1005).to_bytes(2)), 1002),
    "close of one byte": (masked(8, b"\x03"), 1002),
    "close with a bad reason": (masked(8, (1000).to_bytes(2) + b"\xff"), 1007),
    "bad UTF-8": (masked(1, b"\xff\xfe"), 1007),
    "UTF-8 cut in two": (masked(1, b"\xe2\x82"), 1007),
    "length of 2^62 and data": (b"\x82\xff" + (2**62).to_bytes(8) + MASK + b"x" * 200_000, 1009),
    "length with the top bit": (b"\x82\xff" + (2**63 + 1).to_bytes(8) + MASK, 1002),
    "a message over 64 KiB": (masked(2, b"x" * 65_537), 1009),
    "characters under, bytes over 64 KiB": (masked(1, "€".encode() * 30_000), 1009),
    "fragments over 64 KiB": (masked(2, b"x" * 40_000, fin=False) + masked(0, b"x" * 40_000), 1009),
    "deflate bomb": (masked(2, zlib.compress(bytes(30_000_000), wbits=-15)[:60_000], rsv=0x40), 1002),
    "200000 empty fragments": (masked(1, fin=False) + masked(0, fin=False) * 200_000, None),
    "200000 pings": (masked(9) * 200_000, None),
    "20000 messages": (masked(1, b"x") * 20_000, 1008),
    "close, then more": (masked(8, (1000).to_bytes(2)) + masked(1, b"x") * 10, 1000),
}


@asynccontextmanager
async def witnessed(limits: Limits | None = None) -> AsyncIterator[Hub]:
    """A hub with a well-behaved client, who is still served after the block.

    The long goodbye proves that no connection is left behind: the hub would not stop in time.
    """
    async with hub(WebSettings(port=0, client_stall_s=2), limits or Limits(goodbye_s=20)) as served:
        served.publish("BTCUSDT")
        witness = await served.connect()
        assert (await message(witness))["type"] == "initial_data"
        yield served
        await served.alive()
        served.publish("BTCUSDT", price=7.0)
        assert (await message_of(witness, "market_data"))["data"][0]["price"] == 7.0


async def send_ignoring_refusal(stream: trio.SocketStream, data: bytes) -> None:
    """Send what the peer takes; it may hang up meanwhile."""
    with suppress(trio.BrokenResourceError):
        await stream.send_all(data)


@pytest.mark.parametrize("request_bytes", REQUESTS.values(), ids=REQUESTS.keys())
async def test_a_hostile_request_harms_nobody(request_bytes: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with witnessed() as served:
            stream = await served.raw()
            with trio.move_on_after(0.3):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(send_ignoring_refusal, stream, request_bytes)
                    nursery.start_soon(read_to_end, stream)
            await stream.aclose()
    assert not [
        line for line in caplog.records if line.name.startswith("tickwell") and "\n" in line.getMessage()
    ]
    assert not [line for line in caplog.records if line.exc_info and line.exc_info[0] is not None]


@pytest.mark.parametrize(
    "name", ["half a request line", "half an upgrade", "h2c upgrade", "text behind the upgrade"]
)
async def test_a_reset_in_the_middle_harms_nobody(name: str) -> None:
    async with witnessed() as served:
        for _ in range(20):
            stream = await served.raw()
            await send_ignoring_refusal(stream, REQUESTS[name])
            stream.setsockopt(1, 13, b"\x01\0\0\0\0\0\0\0")  # SO_LINGER of 0 s: close sends a reset
            await stream.aclose()


@pytest.mark.parametrize(("frames", "code"), FRAMES.values(), ids=FRAMES.keys())
async def test_a_hostile_frame_ends_its_own_connection_only(frames: bytes, code: int | None) -> None:
    async with witnessed() as served:
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        stream = await opened(served)
        answer = bytearray()
        with trio.fail_after(PATIENCE_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(send_ignoring_refusal, stream, frames)
                answer += await read_to_end(stream)
                nursery.cancel_scope.cancel()
        await stream.aclose()
        if code is not None:
            assert close_frame_code(bytes(answer)) == code
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 20_000


def close_frame_code(answer: bytes) -> int:
    """The code of the close frame among a server's frames; 0 when there is none."""
    at = 0
    while at + 2 <= len(answer):
        length, head = answer[at + 1], 2
        if length >= 126:
            head = 4 if length == 126 else 10
            length = int.from_bytes(answer[at + 2 : at + head])
        if answer[at] == 0x88:
            return int.from_bytes(answer[at + head : at + head + 2])
        at += head + length
    return 0


async def test_data_right_behind_the_upgrade_is_served_after_it() -> None:
    async with witnessed() as served:
        stream = await served.raw()
        await stream.send_all(REQUESTS["frame behind the upgrade"])
        answer = await head_of(stream)
        assert answer.startswith(b"HTTP/1.1 101")
        with trio.fail_after(PATIENCE_S):
            while b'"pong"' not in answer:
                answer += await stream.receive_some(65_536)
        await stream.aclose()


@pytest.mark.parametrize("name", ["h2 prior knowledge", "HTTP/2.0"])
async def test_http_2_is_refused(name: str) -> None:
    async with witnessed() as served:
        stream = await served.raw()
        await stream.send_all(REQUESTS[name])
        with trio.fail_after(PATIENCE_S):
            assert (await read_to_end(stream)).startswith(b"HTTP/1.1 505")
        await stream.aclose()


async def test_h2c_is_ignored_and_answered_in_http_1() -> None:
    async with witnessed() as served:
        stream = await served.raw()
        await stream.send_all(REQUESTS["h2c upgrade"])
        assert (await head_of(stream)).startswith(b"HTTP/1.1 200")
        await stream.aclose()


@pytest.mark.parametrize(
    "first",
    [b"", b"GET /livez HTTP/1.1\r\n", GET + b"a: b\r\n", GET + b"\r\n"],
    ids=["silent", "line", "header", "idle"],
)
async def test_a_dripping_client_is_cut_off(first: bytes) -> None:
    async with witnessed(Limits(keep_alive_s=0.5)) as served:
        stream = await served.raw()
        if first:
            await stream.send_all(first)
        with trio.fail_after(PATIENCE_S), LivedClock() as lived:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(partial(drip, stream, b"x" if first else b""))
                await read_to_end(stream)
                nursery.cancel_scope.cancel()
        assert lived.lived_s < 5
        await stream.aclose()


async def drip(stream: trio.SocketStream, byte: bytes) -> None:
    """Send a byte now and then, for ever."""
    while True:
        await trio.sleep(0.1)
        if byte:
            await send_ignoring_refusal(stream, byte)


async def test_a_slow_body_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.app.BODY_S", 0.3)
    async with witnessed() as served:
        stream = await served.raw()
        await stream.send_all(post(b"content-type: application/json\r\ncontent-length: 20\r\n", b"{"))
        with trio.fail_after(PATIENCE_S):
            assert (await read_to_end(stream)).startswith(b"HTTP/1.1 408")
        await stream.aclose()


async def test_trio_websocket_survives_its_own_garbage() -> None:
    async with witnessed() as served:
        client = await served.connect()
        with pytest.raises(trio_websocket.ConnectionClosed), trio.fail_after(PATIENCE_S):
            while True:
                await client.send_message("{" * 100)
                await client.get_message()
