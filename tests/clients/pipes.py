"""Byte streams in memory, for both loops."""

from __future__ import annotations

from collections import deque

import anyio
from anyio.abc import ByteStream

BUFFER_BYTES = 64 * 1024  # as a socket's: who does not read, stops the writer


class Half:
    """One direction."""

    def __init__(self) -> None:
        self.data: deque[bytes] = deque()
        self.bytes_waiting = 0
        self.is_ended = False
        self.changed = anyio.Event()

    def change(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()


class Pipe(ByteStream):
    """One end of a connection."""

    def __init__(self, inbound: Half, outbound: Half) -> None:
        self._in, self._out = inbound, outbound
        self._is_closed = False

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        await anyio.lowlevel.checkpoint()
        while not self._in.data:
            if self._is_closed:
                raise anyio.ClosedResourceError
            if self._in.is_ended:
                raise anyio.EndOfStream
            await self._in.changed.wait()
        piece = self._in.data.popleft()
        if len(piece) > max_bytes:
            self._in.data.appendleft(piece[max_bytes:])
            piece = piece[:max_bytes]
        self._in.bytes_waiting -= len(piece)
        self._in.change()
        return piece

    async def send(self, item: bytes) -> None:
        await anyio.lowlevel.checkpoint()
        while self._out.bytes_waiting >= BUFFER_BYTES and not self._out.is_ended:
            await self._out.changed.wait()
        if self._is_closed:
            raise anyio.ClosedResourceError
        if self._out.is_ended:
            raise anyio.BrokenResourceError
        self._out.data.append(bytes(item))
        self._out.bytes_waiting += len(item)
        self._out.change()

    async def send_eof(self) -> None:
        self._out.is_ended = True
        self._out.change()

    async def aclose(self) -> None:
        self._is_closed = True
        for half in (self._in, self._out):
            half.is_ended = True
            half.change()


def pipe() -> tuple[Pipe, Pipe]:
    """The two ends of a connection."""
    there, back = Half(), Half()
    return Pipe(there, back), Pipe(back, there)
