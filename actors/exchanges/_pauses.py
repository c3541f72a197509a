"""How often a book that breaks again and again may be asked anew."""

from __future__ import annotations

NS_PER_S = 1_000_000_000


class Pauses:
    """The growing pauses between repeated orders of one thing: none before the first, then 1, 2, 4 ... 60 s.

    An order that comes a minute after it was allowed is a first one again. Times are `ts_recv`: there is no
    other clock here.
    """

    __slots__ = ("_pause_s", "next_ns")

    SHORTEST_S = 1
    LONGEST_S = 60
    CALM_S = 60

    def __init__(self) -> None:
        self.next_ns = 0
        self._pause_s = self.SHORTEST_S

    def ordered(self, ts_recv: int) -> None:
        """An order was given: `next_ns` says when the next one may be."""
        if ts_recv - self.next_ns > self.CALM_S * NS_PER_S:
            self._pause_s = self.SHORTEST_S
        self.next_ns = ts_recv + self._pause_s * NS_PER_S
        self._pause_s = min(2 * self._pause_s, self.LONGEST_S)
