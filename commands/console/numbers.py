"""Numbers and times as text, as the pages of the hub write them: unknown is "–", minus is "−"."""

from __future__ import annotations

from math import isfinite
from typing import Any, TypeGuard

UNKNOWN = "–"
DECIMALS_MAX = 12
UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"), (1.0, ""))


def is_known(value: Any) -> TypeGuard[float]:
    """Whether it is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def decimals_of(value: Any) -> int:
    """How many decimals a number's shortest spelling has: 0.0001 has 4."""
    if not is_known(value):
        return 0
    digits, _, exponent = repr(float(value)).partition("e")
    fraction = digits.partition(".")[2].rstrip("0")
    return min(DECIMALS_MAX, max(0, len(fraction) - int(exponent or 0)))


def fixed(value: Any, decimals: int) -> str:
    """64123.5 with 2 decimals is "64,123.50"."""
    return f"{value:,.{decimals}f}".replace("-", "−") if is_known(value) else UNKNOWN


def compact(value: Any) -> str:
    """By magnitude, three digits: 1234567 is "1.23M"."""
    if not is_known(value):
        return UNKNOWN
    size = abs(value)
    if size < 1:
        return f"{value:.3g}".replace("-", "−")
    scale, unit = next((each for each in UNITS if size >= each[0] * 0.9995), UNITS[-1])
    scaled = size / scale
    return fixed(value / scale, 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0) + unit


def percent(value: Any, decimals: int = 2) -> str:
    """With its sign: 1.5 is "+1.50%", and what rounds to zero has none."""
    if not is_known(value):
        return UNKNOWN
    text = fixed(abs(value), decimals)
    is_zero = not text.strip("0.,")
    return f"{'' if is_zero else '+' if value > 0 else '−'}{text}%"


def span(ms: Any) -> str:
    """A time in one unit, rounded down: "<1 s", "59 s", "3 min", "5 h", "2 d"."""
    if not is_known(ms):
        return UNKNOWN
    seconds = max(0.0, ms) / 1000
    if seconds < 1:
        return "<1 s"
    for below_s, unit_s, unit in ((60, 1, "s"), (3600, 60, "min"), (172_800, 3600, "h")):
        if seconds < below_s:
            return f"{int(seconds // unit_s)} {unit}"
    return f"{int(seconds // 86_400)} d"


def latency(ms: Any) -> str:
    """ "0.4 ms", "37 ms", "1.20 s"."""
    if not is_known(ms):
        return UNKNOWN
    if ms < 1000:
        return f"{fixed(ms, 1 if ms < 10 else 0)} ms"
    return f"{fixed(ms / 1000, 2 if ms < 10_000 else 0)} s"
