"""A `ws://` address writes in what the server takes: lines to a real QuestDB of today, QWP to one of 10.0."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from actors.market.rows import TradeRow
from actors.sinks.questdb import QuestDBSink
from tests.sinks.conformance import trade
from tests.sinks.questdb_server import QuestDBServer
from tests.sinks.test_questdb import stored
from tests.sinks.test_questdb_qwp import QwpEnd, opened_end

pytestmark = [pytest.mark.loopback, pytest.mark.filterwarnings("ignore:questdb.Sender")]


class Door:
    """The one port of a QuestDB that is said to be of some version: messages go to `end`, all else is asked
    of a real one."""

    def __init__(self, server: QuestDBServer, end: QwpEnd, version: str) -> None:
        self.version = version
        self._server_port, self._end_port = server.port, end.port

    async def serve(self, stream: trio.SocketStream) -> None:
        head = await stream.receive_some(65_536)
        path = head.split(b" ", 2)[1]
        if path == b"/settings":
            body = b'{"config":{"release.version":"%s"}}' % self.version.encode()
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            head = await stream.receive_some(65_536)
        if head:
            await self._pass_on(stream, head, self._end_port if b"Upgrade" in head else self._server_port)

    async def _pass_on(self, stream: trio.SocketStream, head: bytes, port: int) -> None:
        other = await trio.open_tcp_stream("127.0.0.1", port)
        await other.send_all(head)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(copy, stream, other)
            await copy(other, stream)
            nursery.cancel_scope.cancel()


async def copy(source: trio.SocketStream, target: trio.SocketStream) -> None:
    try:
        async for data in source:
            await target.send_all(data)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass
    await target.aclose()


@asynccontextmanager
async def opened_door(door: Door) -> AsyncIterator[str]:
    """Where it is, as host and port."""
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, door.serve, listeners)
        yield f"127.0.0.1:{port}"
        nursery.cancel_scope.cancel()


async def test_a_server_that_takes_lines_only_gets_lines(each_questdb: QuestDBServer) -> None:
    sink = QuestDBSink(each_questdb.url.replace("http://", "ws://"))
    await sink.open()
    await sink.write([trade()])
    assert stored(each_questdb, TradeRow) == [trade()]
    await sink.aclose()


async def test_a_server_is_looked_at_whenever_it_is_opened(questdb_server: QuestDBServer) -> None:
    """It may have been upgraded, or put back to what it was, while the hub ran."""
    async with opened_end() as end:
        door = Door(questdb_server, end, "9.9.9")
        async with opened_door(door) as location:
            sink = QuestDBSink(f"ws://{location}")
            await sink.open()
            await sink.write([trade(0, "1")])
            assert end.messages == []
            door.version = "10.0.1"
            await sink.open()
            await sink.write([trade(1, "2")])
            assert end.messages == [1]
            door.version = "9.9.9"
            await sink.open()
            await sink.write([trade(2, "3")])
            assert end.messages == [1]
            await sink.aclose()
    assert stored(questdb_server, TradeRow) == [trade(0, "1"), trade(2, "3")]


async def test_an_http_address_stays_with_lines_whatever_the_server_takes(
    questdb_server: QuestDBServer,
) -> None:
    async with opened_end() as end, opened_door(Door(questdb_server, end, "10.0.1")) as location:
        sink = QuestDBSink(f"http://{location}")
        await sink.open()
        await sink.write([trade()])
        assert end.messages == []
        await sink.aclose()
    assert stored(questdb_server, TradeRow) == [trade()]
