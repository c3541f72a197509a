"""Bars of every length, from those that history keeps: 1 m, 1 h, 1 d. The others are folded of these.

A part that is not there is one without trades, if nothing was missed at its time; otherwise the longer bar
has a gap. What lies before the first bar of all was never recorded, or is too old to be kept: a gap as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from itertools import groupby

from msgspec.structs import replace

from actors.market.reports import Bar
from actors.market.rows import GapRow
from actors.market.tally import fold
from actors.sinks.base import Span
from web.api.history_gaps import Holes
from web.api.history_times import NS_PER_S

KEPT_S = (60, 3600, 86_400)
MADE_OF_S = {300: 60, 900: 60, 14_400: 3600}
LATE_NS = 60 * NS_PER_S  # by when the last part of a bar is in history, if there is one
Fetch = Callable[[Span], Awaitable[list[Bar]]]


def parts_of(interval_s: int) -> int:
    """Of how many kept bars one of this length is made."""
    return interval_s // MADE_OF_S.get(interval_s, interval_s)


async def folded(fetch: Fetch, holes: Holes, span: Span, interval_s: int, now_ns: int) -> list[Bar]:
    """The bars of `interval_s` that start within `span`, in its order and up to its limit, made of the
    shorter ones that `fetch` gives. One that still forms is not among them. `holes` tells what was missed of
    their time; it is asked only if a part is not there."""
    interval_ns, parts = interval_s * NS_PER_S, parts_of(interval_s)
    # One more at each end: the newest may still form, the last may be cut in two by the limit.
    most = (span.limit + 2) * parts
    shorter = await fetch(replace(within(span, interval_ns), limit=most))
    bars = fold_all(shorter, interval_s)
    if len(shorter) >= most:
        bars.pop()
    over = [each for each in bars if is_over(each, shorter, now_ns)][: span.limit]
    absent = absent_parts(over, shorter)
    return await marked(fetch, holes, over, absent) if absent else over


def absent_parts(bars: Sequence[Bar], shorter: Sequence[Bar]) -> list[range]:
    """The parts that are not there, each from when to when, of bars that have no gap so far."""
    if not shorter:
        return []
    part_ns = shorter[0].interval_s * NS_PER_S
    there = {part.start_ns for part in shorter}
    return [
        range(start_ns, start_ns + part_ns)
        for bar in bars
        if not bar.gap
        for start_ns in range(bar.start_ns, bar.start_ns + bar.interval_s * NS_PER_S, part_ns)
        if start_ns not in there
    ]


async def marked(fetch: Fetch, holes: Holes, bars: Sequence[Bar], absent: Sequence[range]) -> list[Bar]:
    """The bars, with a gap where an absent part was missed."""
    starts, ends = [part.start for part in absent], [part.stop for part in absent]
    missed = await holes(min(starts), max(ends))
    [first, *_] = await fetch(Span(limit=1, order="oldest"))
    lost = {part.start for part in absent if part.start < first.start_ns or is_missed(part, missed)}
    return [replace(bar, gap=True) if holds(bar, lost) else bar for bar in bars]


def is_missed(part: range, holes: Sequence[GapRow]) -> bool:
    """Whether something is missing of a part's time. Both ends of a hole belong to it."""
    return any(hole.ts < part.stop and (hole.to_ts is None or hole.to_ts >= part.start) for hole in holes)


def holds(bar: Bar, moments: Collection[int]) -> bool:
    """Whether any of the moments is within a bar."""
    end_ns = bar.start_ns + bar.interval_s * NS_PER_S
    return any(bar.start_ns <= moment < end_ns for moment in moments)


def within(span: Span, interval_ns: int) -> Span:
    """The span of the parts of whole bars that start within `span`, behind its last page."""
    from_ns, to_ns = up(span.from_ns, interval_ns), up(span.to_ns, interval_ns)
    if span.after is not None and span.order == "newest":
        to_ns = span.after[0]
    elif span.after is not None:
        from_ns = span.after[0] + interval_ns
    return Span(from_ns, to_ns, span.limit, span.order)


def up(ns: int | None, interval_ns: int) -> int | None:
    """The first start of a bar from a moment on."""
    return None if ns is None else -(-ns // interval_ns) * interval_ns


def fold_all(shorter: Sequence[Bar], interval_s: int) -> list[Bar]:
    """The longer bars of shorter ones, in whichever order these are."""
    interval_ns = interval_s * NS_PER_S
    return [
        fold_one(sorted(group, key=lambda bar: bar.start_ns), interval_s, number * interval_ns)
        for number, group in groupby(shorter, key=lambda bar: bar.start_ns // interval_ns)
    ]


def fold_one(parts: Sequence[Bar], interval_s: int, start_ns: int) -> Bar:
    """One bar; its revision counts those of its parts."""
    revision = sum(part.revision for part in parts)
    return fold(parts, interval_s, start_ns, closed=True, revision=revision, gap=False)


def is_over(bar: Bar, shorter: Sequence[Bar], now_ns: int) -> bool:
    """Whether no part of a bar is still to come: the last one is there, or would be."""
    end_ns = bar.start_ns + bar.interval_s * NS_PER_S
    last = max(shorter[0].start_ns, shorter[-1].start_ns)
    return end_ns + LATE_NS <= now_ns or last + shorter[0].interval_s * NS_PER_S >= end_ns
