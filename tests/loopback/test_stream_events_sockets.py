"""Server-sent events over real sockets: they flow, outlive idle times, and leave nothing behind."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio

from actors.runtime.settings import WebSettings
from tests.patience import PATIENCE_S
from tests.web.served import Hub, exchange_bytes, head_of, hub, read_to_end, until
from web.limits import Limits
from web.site import Site

pytestmark = pytest.mark.loopback
PATH = "/api/v1/stream?channel=ticker&symbols=bybit:linear:BTCUSDT&fields=price"


async def left(served: Hub) -> None:
    """Wait until nothing is left of any reader."""
    stream = site_of(served).stream
    await until(lambda: stream.is_empty and not stream.doors.open)


def asked(path: str = PATH, method: str = "GET", *headers: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "host: localhost", *headers, "", ""]).encode()


def site_of(served: Hub) -> Site:
    site = served.app.extensions["tickwell"]
    assert isinstance(site, Site)
    return site


class Events:
    """The events of a response, as they come."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream, self.data = stream, b""

    async def next(self, kind: str) -> dict[str, Any]:
        with trio.fail_after(PATIENCE_S):
            while True:
                begin = self.data.find(f"event: {kind}\n".encode())
                end = self.data.find(b"\n\n", begin)
                if begin >= 0 and end >= 0:
                    block, self.data = self.data[begin:end].decode(), self.data[end:]
                    lines = dict(line.split(": ", 1) for line in block.split("\n"))
                    return {**lines, "data": json.loads(lines["data"])}
                piece = await self.stream.receive_some(65_536)
                assert piece, "the hub ended the events"
                self.data += piece


async def test_events_flow_and_outlive_the_idle_time() -> None:
    async with hub(limits=Limits(keep_alive_s=0.4)) as served, await served.raw() as stream:
        served.publish("BTCUSDT")
        await stream.send_all(asked())
        head = await head_of(stream)
        assert head.startswith(b"HTTP/1.1 200")
        assert b"content-type: text/event-stream" in head
        events = Events(stream)
        assert (await events.next("subscribed"))["data"]["keys"] == ["bybit:linear:BTCUSDT"]
        assert (await events.next("snapshot"))["data"]["data"] == [
            {"key": "bybit:linear:BTCUSDT", "price": None}
        ]
        await trio.sleep(0.5)
        assert not site_of(served).stream.is_empty
        await stream.aclose()
        await left(served)


async def test_a_head_is_answered_at_once() -> None:
    async with hub() as served:
        served.publish("BTCUSDT")
        status, answer = await exchange_bytes(served, asked(PATH, "HEAD", "connection: close"))
        assert status == 200
        assert answer.endswith(b"\r\n\r\n")
        assert b"content-length" not in answer.lower()
        assert site_of(served).stream.is_empty


async def test_a_reader_that_takes_nothing_is_dropped() -> None:
    async with hub(WebSettings(port=0, client_stall_s=0.3)) as served, await served.raw(4096) as stream:
        served.publish(*(f"A{each}USDT" for each in range(2000)))
        await stream.send_all(asked("/api/v1/stream?channel=ticker"))
        await until(lambda: not site_of(served).stream.is_empty)
        await left(served)
        await served.alive()


async def test_a_hub_that_stops_ends_the_response_properly() -> None:
    async with hub() as served, await served.raw() as stream:
        served.publish("BTCUSDT")
        await stream.send_all(asked())
        events = Events(stream)
        await events.next("snapshot")
        served.stop.set()
        await events.next("going_away")
        assert (await read_to_end(stream)).endswith(b"0\r\n\r\n")


async def test_fifty_readers_that_vanish_leave_nothing() -> None:
    async with hub() as served:
        served.publish("BTCUSDT")
        for each in range(50):
            async with await served.raw() as stream:
                await stream.send_all(asked())
                if each % 2:
                    await head_of(stream)
                if each % 5 == 0:
                    served.publish("BTCUSDT")
        await left(served)
        await served.alive()
