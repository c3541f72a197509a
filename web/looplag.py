"""The watchdog of the event loop: how late a task wakes that does nothing but sleep.

Everything here shares one loop, so whoever computes for long makes all others wait for as long.
"""

from __future__ import annotations

import logging
from collections import deque

import trio

from actors.market.distribution import Histogram

EVERY_S = 0.1
COMPLAIN_S = 0.5
COMPLAIN_EVERY_S = 60.0
WINDOW_S = 60.0

_logger = logging.getLogger("tickwell.loop")


class LoopLag:
    """`lags` are all since the start; `max_s` is the longest of the last minute."""

    def __init__(self) -> None:
        self.lags = Histogram()
        self._longest: deque[tuple[float, float]] = deque()  # (when, lag), each shorter than the one before
        self._quiet_until_s = float("-inf")

    async def run(self) -> None:
        """Measure for as long as the web is served."""
        while True:
            due_s = trio.current_time() + EVERY_S
            await trio.sleep_until(due_s)
            now_s = trio.current_time()
            self.take(now_s - due_s, now_s)

    def take(self, lag_s: float, now_s: float) -> None:
        """Count one awakening. A long lag is told at most once a minute."""
        self.lags.take([lag_s])
        while self._longest and self._longest[-1][1] <= lag_s:
            self._longest.pop()
        self._longest.append((now_s, lag_s))
        self._forget(now_s)
        if lag_s > COMPLAIN_S and now_s >= self._quiet_until_s:
            self._quiet_until_s = now_s + COMPLAIN_EVERY_S
            _logger.warning("the event loop was busy for %.2f s: everybody waited for as long", lag_s)

    def max_s(self, now_s: float) -> float:
        """The longest lag of the last minute; 0 while nothing was measured."""
        self._forget(now_s)
        return self._longest[0][1] if self._longest else 0.0

    def _forget(self, now_s: float) -> None:
        while self._longest and self._longest[0][0] < now_s - WINDOW_S:
            self._longest.popleft()
