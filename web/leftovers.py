"""What connections leave behind, cleared away in time.

A connection that has ended is a heap of cycles: some two hundred objects, and what they hold. Python's
collector looks for such things seldom here, for the market's sake (`calm_collector`), and at what lived for a
while so late that clients who came and went took 20 MB a minute.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

ENDED_MIN = 100
EVERY_S = 10.0  # a look takes some 50 ms, in which nobody else does anything


class Leftovers:
    """Counts the connections that ended, and has Python look for cycles when there are many: as many as there
    are connections now, for a look takes longer the more there is to be looked at."""

    def __init__(self, collect: Callable[[], object] = gc.collect) -> None:
        self._collect = collect
        self._ended = 0
        self._next_s = 0.0

    def note(self, now_s: float, living: int) -> None:
        """One more has ended; `living` are left."""
        self._ended += 1
        if self._ended >= max(ENDED_MIN, living) and now_s >= self._next_s:
            self._ended, self._next_s = 0, now_s + EVERY_S
            self._collect()
