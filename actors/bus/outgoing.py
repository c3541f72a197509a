"""PURE: what waits to be published: bounded, the oldest goes first, and every loss is counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from actors.market.busstatus import BusStatus

JOURNEY_BYTES = 1024 * 1024


class Outgoing:
    """`put` bodies; whoever publishes them looks at the `head`, and says how many of it are `sent`.

    What is dropped leaves a hole in the numbers of its run, by which readers know. `changed` is called when
    there is something to do.
    """

    def __init__(self, bytes_max: int, status: BusStatus) -> None:
        self._bytes_max, self._status = bytes_max, status
        self._waiting: deque[bytes] = deque()
        self._travelling = 0  # of the head: not to be dropped, for they may be there already
        self.is_closed = False
        self.changed: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, bodies: Iterable[bytes]) -> None:
        """Add messages, and let go of the oldest that find no room."""
        status = self._status
        for body in bodies:
            self._waiting.append(body)
            status.waiting_bytes += len(body)
        while status.waiting_bytes > self._bytes_max and len(self._waiting) > self._travelling + 1:
            status.waiting_bytes -= len(self._waiting[self._travelling])
            del self._waiting[self._travelling]
            status.dropped += 1
        self.changed()

    def head(self) -> list[bytes]:
        """The next messages to go, about a journey's worth."""
        found: list[bytes] = []
        size = 0
        for body in self._waiting:
            found.append(body)
            size += len(body)
            if size >= JOURNEY_BYTES:
                break
        self._travelling = len(found)
        return found

    def sent(self, count: int) -> None:
        """So many of the head are on the bus."""
        for _ in range(count):
            body = self._waiting.popleft()
            self._status.waiting_bytes -= len(body)
            self._status.published += 1
            self._status.published_bytes += len(body)
        self._travelling = 0

    def failed(self) -> None:
        """The head may be there or not; it will be given again."""
        self._travelling = 0

    def close(self) -> None:
        """Nothing more will be put."""
        self.is_closed = True
        self.changed()
