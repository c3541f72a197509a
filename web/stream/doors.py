"""How many may connect to the stream: in all, and from one address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from actors.runtime.settings import StreamSettings
from web.problems import Problem


class Doors:
    """Counts connections. `open` is how many there are."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        self._of: Counter[str] = Counter()
        self.open = 0

    @contextmanager
    def enter(self, address: str) -> Iterator[None]:
        """Count as connected inside the block; a 503 or 429 `Problem` where there is no room."""
        self._check(address)
        self.open += 1
        self._of[address] += 1
        try:
            yield
        finally:
            self.open -= 1
            self._of[address] -= 1
            if not self._of[address]:
                del self._of[address]

    def _check(self, address: str) -> None:
        most, most_of_one = self._settings.connections_max, self._settings.connections_per_address_max
        if self.open >= most:
            words = f"All {most} connections of the stream are taken. Try again later."
            raise Problem(503, words, headers={"retry-after": "10"}, code="full")
        if self._of[address] >= most_of_one:
            words = f"Your address has {most_of_one} connections to the stream already."
            raise Problem(429, words, headers={"retry-after": "10"}, code="too_many_connections")
