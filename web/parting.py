"""How we part with a client of a socket: it goes, it misbehaves, the hub stops, or the hub fails."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import ClassVar, Protocol

import trio

from web.site import Site
from web.transport import GONE, ClientStream

CLOSE_S = 1.0


class Socket(Protocol):
    """What a session needs of Quart's WebSocket."""

    async def receive(self) -> str | bytes: ...
    async def close(self, code: int, reason: str = "") -> None: ...


class Parting(ABC):
    """A session that ends in order. `goodbye` is the close code and the reason that its client is told, if it
    can hear; `failed` are the words for the log."""

    failed: ClassVar[str]
    site: Site
    socket: Socket
    transport: ClientStream
    goodbye: tuple[int, str] | None

    @abstractmethod
    async def serve(self, nursery: trio.Nursery) -> None:
        """Serve the client until the hub stops; `nursery` ends with the session."""

    async def run(self) -> None:
        """Serve the client until it leaves, misbehaves, or the hub stops; then say why, if it can hear."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.expire, nursery)
                await self.serve(nursery)
                self.end(nursery, 1001, "the hub is going away")
        except* GONE:
            self.goodbye = None
        except* Exception as group:
            self.fail(group)
        if self.goodbye is not None:
            with trio.move_on_after(CLOSE_S):
                await self.socket.close(*self.goodbye)

    async def expire(self, nursery: trio.Nursery) -> None:
        """Part with a client whose token is good no longer."""
        expires_ns = self.transport.expires_ns
        if expires_ns is not None:
            await trio.sleep(max(0, expires_ns - self.site.now_ns()) / 1e9)
            self.end(nursery, 1008, "the token has expired")

    def end(self, nursery: trio.Nursery, code: int, reason: str) -> None:
        """End the session with a close frame."""
        self.goodbye = code, reason
        nursery.cancel_scope.cancel()

    def leave(self, nursery: trio.Nursery, error: Exception | None) -> None:
        """There is nobody to write to, or the hub failed."""
        if error is not None:
            self.fail(error)
        nursery.cancel_scope.cancel()

    def fail(self, error: Exception) -> None:
        """Something of ours went wrong: tell the log, and the client."""
        self.site.quiet.failure(self.failed, error, logging.ERROR)
        self.goodbye = 1011, "the hub failed; please connect again"
