"""How long to wait before connecting again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Backoff:
    """Pauses drawn at random, so that the clients of a hub that restarts do not return all at once.

    Each is between `floor_s` and a bound that doubles from attempt to attempt up to `ceiling_s`. A connection
    that was healthy for `reset_after_s` begins anew.
    """

    floor_s: float = 0.5
    ceiling_s: float = 20.0
    reset_after_s: float = 30.0
    draw: Callable[[], float] = random.random
    _attempts: int = 0

    def pause_s(self) -> float:
        """The pause before the next attempt."""
        bound_s = self.floor_s * 2.0 ** min(self._attempts, 30)
        self._attempts += 1
        return min(self.ceiling_s, self.floor_s + self.draw() * bound_s)

    def lived(self, seconds: float) -> None:
        """A connection lived for so long."""
        if seconds >= self.reset_after_s:
            self._attempts = 0
