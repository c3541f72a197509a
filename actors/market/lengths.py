"""The seven lengths of bars, and how far back each is kept: one table for all instruments."""

from __future__ import annotations

from functools import cache

from msgspec import Struct

NS_PER_S = 1_000_000_000


class Length(Struct, frozen=True, gc=False):
    """How long bars are, in groups of how long they go, and how far back they are kept."""

    interval_s: int
    interval_ns: int
    group_ns: int
    kept_ns: int


@cache
def lengths(kept: int, seconds_kept: int) -> tuple[Length, ...]:
    """One second, so many of which are kept; and from one minute to a day, `kept` of each."""

    def length(interval_s: int, kept: int, group_s: int) -> Length:
        interval_ns = interval_s * NS_PER_S
        return Length(interval_s, interval_ns, group_s * NS_PER_S, (kept - 1) * interval_ns)

    folded = (60, 300, 900, 3600, 14400, 86400)
    groups = (*folded[1:], folded[-1])
    return (
        length(1, seconds_kept, 60),
        *(length(each, kept, group) for each, group in zip(folded, groups, strict=True)),
    )
