"""What came and was not taken yet: filled by the client's callbacks, emptied all at once by whoever reads."""

from __future__ import annotations

from collections import deque

import trio

from actors.nats.quotes import Message

MESSAGES_MAX = 65_536
BYTES_MAX = 64 << 20


class Inbox:
    """At most so many messages and bytes of payload wait; beyond that the oldest go, counted in `missed`."""

    def __init__(self, messages_max: int = MESSAGES_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._messages_max, self._bytes_max = messages_max, bytes_max
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._news = trio.Event()
        self.missed = 0

    def put(self, message: Message) -> None:
        """A message came."""
        self._waiting.append(message)
        self._bytes += len(message.payload)
        while len(self._waiting) > self._messages_max or self._bytes > self._bytes_max:
            self._bytes -= len(self._waiting.popleft().payload)
            self.missed += 1
        self._news.set()

    async def take(self) -> list[Message]:
        """All that wait, oldest first; waits for the first."""
        while not self._waiting:
            self._news = trio.Event()
            await self._news.wait()
        await trio.lowlevel.checkpoint()
        taken, self._waiting, self._bytes = list(self._waiting), deque(), 0
        return taken
