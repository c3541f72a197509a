"""Whether something grows: the slope of a line through samples, and how well it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

SURE = 3.0  # so many standard errors above the limit are no accident
LIKE_MAX = 20.0  # samples that follow each other closely tell less than their number promises


@dataclass(frozen=True)
class Trend:
    """A slope per hour, and its standard error."""

    per_hour: float
    error_per_hour: float

    def grows_beyond(self, limit_per_hour: float) -> bool:
        """Whether the slope is above the limit, and not by accident."""
        return self.per_hour - SURE * self.error_per_hour > limit_per_hour


def trend(times_s: Sequence[float], values: Sequence[float]) -> Trend:
    """The line of least squares through at least three samples at different times.

    Samples of memory are like their neighbours; the error takes that into account by their correlation.
    """
    count = len(times_s)
    if count < 3 or count != len(values):
        raise ValueError(f"{count} times and {len(values)} values: expected as many of both, at least 3")
    mean_s, mean = sum(times_s) / count, sum(values) / count
    spread = sum((time - mean_s) ** 2 for time in times_s)
    slope = (
        sum((time - mean_s) * (value - mean) for time, value in zip(times_s, values, strict=True)) / spread
    )
    rests = [value - mean - slope * (time - mean_s) for time, value in zip(times_s, values, strict=True)]
    square = sum(rest**2 for rest in rests)
    alike = sum(one * next_one for one, next_one in pairwise(rests)) / square if square else 0
    inflation = min(LIKE_MAX, (1 + max(alike, 0)) / (1 - max(alike, 0))) if alike < 1 else LIKE_MAX
    error = sqrt(square / (count - 2) / spread * inflation)
    return Trend(slope * 3600, error * 3600)
