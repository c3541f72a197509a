"""The only clock of the program: the time of day that never jumps."""

from __future__ import annotations

import time
from collections.abc import Callable


def steady_clock() -> Callable[[], int]:
    """A function that returns Unix time in nanoseconds, and whose differences are true durations.

    It is anchored to the time of day once and then runs on a clock that nobody sets, so that a step of
    the machine's time makes nothing look stale, or fresh. Where the machine offers it, that clock also
    counts the time it was suspended.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    offset_ns = time.time_ns() - time.clock_gettime_ns(clock)
    return lambda: time.clock_gettime_ns(clock) + offset_ns
