"""A bus in memory, for nodes under a mock clock: it can be down, lose its log, or be cut off for a node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from actors.bus.base import READ_MAX, Bus, Connect, Extent, Message
from actors.runtime.errors import BusUnavailable


@dataclass
class MemoryBus:
    """`down` says why nobody gets through; `cut` are the nodes that alone do not."""

    kept: int = 100_000
    epoch: str = "e1"
    down: str = ""
    cut: set[str] = field(default_factory=set)
    log: list[Message] = field(default_factory=list)
    first: int = 0
    notes: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    woken: trio.Event = field(default_factory=trio.Event)

    def connect(self, node: str) -> Connect:
        """The connections of one node."""

        @asynccontextmanager
        async def connected() -> AsyncIterator[Bus]:
            await trio.sleep(0.001)
            connection = _Connection(self, node, self.epoch)
            connection.check()
            yield connection

        return connected

    def fail(self, words: str) -> None:
        """Nobody gets through any more."""
        self.down = words
        self.wake()

    def restart(self) -> None:
        """It is there again, with what it had."""
        self.down = ""

    def lose_log(self, epoch: str) -> None:
        """It is another log."""
        self.epoch, self.first = epoch, 0
        self.log.clear()
        self.notes.clear()
        self.wake()

    def wake(self) -> None:
        """Whoever waits looks again."""
        woken, self.woken = self.woken, trio.Event()
        woken.set()

    def append(self, body: bytes) -> None:
        """One more message."""
        self.log.append(Message(self.first + len(self.log) + 1, body))
        surplus = len(self.log) - self.kept
        if surplus > 0:
            del self.log[:surplus]
            self.first += surplus


@dataclass
class _Connection:
    bus: MemoryBus
    node: str
    epoch: str

    def check(self) -> None:
        if self.bus.down or self.node in self.bus.cut:
            raise BusUnavailable(self.bus.down or "cut off")
        if self.bus.epoch != self.epoch:
            raise BusUnavailable("the log is lost; a new one begins")

    async def extent(self) -> Extent:
        await self._travel()
        return Extent(self.epoch, self.bus.first, self.bus.first + len(self.bus.log))

    async def publish(self, bodies: Sequence[bytes]) -> None:
        await self._travel()
        for body in bodies:
            self.bus.append(body)
        self.bus.wake()

    async def read(self, after: int, wait_s: float) -> list[Message]:
        with trio.move_on_after(wait_s):
            while not (found := self._after(after)):
                self.check()
                await self.bus.woken.wait()
        await self._travel()
        return found

    async def beat(self, node: str, body: bytes, ttl_s: float) -> None:
        await self._travel()
        self.bus.notes[node] = body, trio.current_time() + ttl_s

    async def leave(self, node: str) -> None:
        await self._travel()
        self.bus.notes.pop(node, None)

    async def nodes(self) -> dict[str, bytes]:
        await self._travel()
        now = trio.current_time()
        return {name: body for name, (body, until) in self.bus.notes.items() if until > now}

    async def _travel(self) -> None:
        await trio.sleep(0.001)
        self.check()

    def _after(self, position: int) -> list[Message]:
        start = max(0, position - self.bus.first)
        return self.bus.log[start : start + READ_MAX]
