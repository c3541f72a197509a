"""How long to wait before the next attempt: full jitter between a floor and a ceiling."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from actors.runtime.errors import FeedError, Rejected


@dataclass(frozen=True)
class Backoff:
    """Delays that double from `base_s` up to `ceiling_s`, each drawn evenly from zero to its bound.

    Full jitter spreads a thousand clients that lost the same exchange over the whole interval;
    `floor_s` keeps the luckiest of them from hammering.
    """

    base_s: float = 1.0
    ceiling_s: float = 30.0
    floor_s: float = 0.05
    draw: Callable[[], float] = random.random

    def delay_s(self, attempt: int, error: BaseException | None = None) -> float:
        """The wait before `attempt` (1 is the first retry) after `error`.

        A `FeedError` that carries `retry_after_s` is obeyed, plus jitter so that the patient do not
        return all at once. A `Rejected` one waits near the ceiling at least: asking again soon will not help.
        """
        bound_s = min(self.ceiling_s, self.base_s * 2.0 ** min(attempt - 1, 30))
        if isinstance(error, Rejected):
            delay_s = self.ceiling_s * (0.5 + 0.5 * self.draw())
        else:
            delay_s = max(self.floor_s, bound_s * self.draw())
        retry_after_s = error.retry_after_s if isinstance(error, FeedError) else None
        return delay_s if retry_after_s is None else retry_after_s + delay_s
