"""What a soak is judged by, and the table that it prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MEMORY_GROWTH_MIB_PER_HOUR_MAX = 4.0
DESCRIPTORS_GROWTH_PER_HOUR_MAX = 10.0
DESCRIPTORS_LEFT_MAX = 4  # a sink may have opened a file that it had not before


@dataclass(frozen=True)
class Line:
    """Something that was measured, what it had to be, and whether it was; nothing is asked of some."""

    words: str
    value: str
    wanted: str = ""
    is_good: bool = True


def lines(found: list[Line]) -> Iterator[str]:
    """The table."""
    yield "| | measured | must be | |"
    yield "|---|--:|--:|---|"
    for line in found:
        verdict = "" if not line.wanted else "ok" if line.is_good else "**failed**"
        yield f"| {line.words} | {line.value} | {line.wanted} | {verdict} |"


def at_most(words: str, value: float, limit: float, digits: int = 0) -> Line:
    """A number with an upper bound."""
    return Line(words, f"{value:,.{digits}f}", f"≤ {limit:g}", value <= limit)


def equal(words: str, value: float, wanted: float) -> Line:
    """A number that must be another."""
    return Line(words, f"{value:,.0f}", f"{wanted:,.0f}", value == wanted)


def figure(words: str, value: str) -> Line:
    """A number of which nothing is asked."""
    return Line(words, value)
