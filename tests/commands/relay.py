"""A stretch of road between a client and a hub, which a test may break and mend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio


class Relay:
    """Carries bytes to and from `target`; `cut` drops every connection, and `closed` refuses new ones."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.closed = False
        self.connections = 0
        self._streams: set[trio.SocketStream] = set()

    async def carry(self, near: trio.SocketStream) -> None:
        """One connection, until either side ends it."""
        if self.closed:
            await trio.aclose_forcefully(near)
            return
        self.connections += 1
        far = await trio.open_tcp_stream("127.0.0.1", self.target)
        self._streams |= {near, far}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._one_way, near, far)
            nursery.start_soon(self._one_way, far, near)

    async def _one_way(self, source: trio.SocketStream, sink: trio.SocketStream) -> None:
        try:
            async for data in source:
                await sink.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        for stream in (source, sink):
            self._streams.discard(stream)
            await trio.aclose_forcefully(stream)

    async def cut(self) -> None:
        """Drop all connections without a word."""
        for stream in list(self._streams):
            await trio.aclose_forcefully(stream)


@asynccontextmanager
async def relay(target: int) -> AsyncIterator[Relay]:
    """A relay on a free port."""
    road = Relay(target)
    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        road.port = listener.socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, road.carry, [listener])
        yield road
        await road.cut()
        nursery.cancel_scope.cancel()
