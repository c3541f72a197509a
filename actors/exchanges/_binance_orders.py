"""When something may be ordered over REST again: one order at a time, and growing pauses between them."""

from __future__ import annotations

NS_PER_S = 1_000_000_000
PAUSE_S = 1
PAUSE_MAX_S = 60
LOST_AFTER_S = 60


class Orders:
    """The orders of one thing for one symbol. It tells time by `ts_recv`.

    After each order the pause doubles, from 1 s to 60 s; it begins anew once an order has done good for
    longer than that. An order that nobody answers for a minute counts as lost.
    """

    __slots__ = ("_next_ns", "_pause_s", "_placed_ns", "_settled_ns")

    def __init__(self) -> None:
        self._next_ns = 0
        self._pause_s = PAUSE_S
        self._placed_ns = 0
        self._settled_ns: int | None = None

    def place(self, ts_recv: int) -> bool:
        """Whether to order now; if so, it counts as ordered."""
        if ts_recv < self._next_ns:
            return False
        self._placed_ns = ts_recv
        self._next_ns = ts_recv + LOST_AFTER_S * NS_PER_S
        return True

    def answered(self) -> None:
        """The answer is here, whatever it is good for: the next order may follow after the pause."""
        self._next_ns = self._placed_ns + self._pause_s * NS_PER_S
        self._pause_s = min(2 * self._pause_s, PAUSE_MAX_S)

    def settled(self, ts_recv: int) -> None:
        """The answer did good."""
        self._settled_ns = ts_recv

    def needed(self, ts_recv: int) -> None:
        """The good is undone, and another order will be needed."""
        if self._settled_ns is not None and ts_recv - self._settled_ns > PAUSE_MAX_S * NS_PER_S:
            self._pause_s = PAUSE_S
        self._settled_ns = None
