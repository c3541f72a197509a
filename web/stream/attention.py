"""What is worth noting: what somebody reads, or read a while ago and may come back for.

A hub whose stream nobody reads notes nothing. Whoever was away for less than `LINGER_S` goes on where it was,
even if nobody else was there meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, TypeAlias

LINGER_S = 300.0

Kind: TypeAlias = Literal[
    "ticker", "book", "quality", "derived", "bars", "trades", "liquidations", "notices", "alerts"
]  # fmt: skip
Topic: TypeAlias = Kind | int  # a number: bars of so many seconds


class Attention:
    """Counts who reads which topic."""

    def __init__(self) -> None:
        self._readers: Counter[Topic] = Counter()
        self._left: dict[Topic, float | None] = {}  # when it was first seen that its last reader had gone

    def __contains__(self, topic: object) -> bool:
        return topic in self._readers or topic in self._left

    def come(self, topics: Iterable[Topic]) -> list[Topic]:
        """One more reads these. Returns those that were not noted so far."""
        fresh = [topic for topic in topics if topic not in self]
        for topic in topics:
            self._readers[topic] += 1
            self._left.pop(topic, None)
        return fresh

    def go(self, topics: Iterable[Topic]) -> None:
        """One less reads these."""
        for topic in topics:
            self._readers[topic] -= 1
            if not self._readers[topic]:
                del self._readers[topic]
                self._left[topic] = None

    def forgettable(self, now_s: float) -> list[Topic]:
        """Those that nobody came back for. They are not noted any more."""
        since = {topic: now_s if left_s is None else left_s for topic, left_s in self._left.items()}
        self._left.update(since)
        found = [topic for topic, left_s in since.items() if now_s - left_s >= LINGER_S]
        for topic in found:
            del self._left[topic]
        return found
