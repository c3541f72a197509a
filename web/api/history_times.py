"""Times as callers write them: RFC 3339, Unix ms, or how long ago; and windows such as `24h`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from msgspec import Struct

from web.api.queries import bad_value

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
NS_MAX = (1 << 63) - 1
WINDOW_MAX_S = 366 * 86_400
MS_MIN = 10**11  # of 1973: what is less, and not 0, was meant as seconds
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
TIME = "an RFC 3339 time such as 2025-12-23T21:00:00Z, Unix ms, or how long ago, such as -15m, -2h or -7d"
WINDOW = "a length of time such as 15m, 24h or 7d, at most 366d"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# In a URL an unescaped `+` is a space: both stand for an offset to the east.
STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+ -])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
UNIX_MS = re.compile(r"0|\d{12,13}", re.ASCII)
AGO = re.compile(r"-(\d{1,7})([smhdw])", re.ASCII)
LENGTH = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)


class Moment(Struct, frozen=True):
    """A time in ns; a `relative` one means another time whenever it is asked."""

    ns: int
    relative: bool = False


def read_time(name: str, text: str, now_ns: int) -> Moment:
    """The time that `text` means; a 400 `Problem` about the parameter `name` if it means none."""
    ago = AGO.fullmatch(text)
    if ago:
        return Moment(max(0, now_ns - int(ago[1]) * UNITS_S[ago[2]] * NS_PER_S), relative=True)
    ns = int(text) * NS_PER_MS if UNIX_MS.fullmatch(text) else stamp_ns(text)
    if ns is None or not 0 <= ns <= NS_MAX:
        raise bad_value(name, text, TIME)
    return Moment(ns)


def stamp_ns(text: str) -> int | None:
    """An RFC 3339 time in ns; `None` if it is not one."""
    found = STAMP.fullmatch(text)
    if not found:
        return None
    date, time, fraction, sign, hours, minutes = found.groups()
    try:
        since = datetime.fromisoformat(f"{date}T{time}+00:00") - EPOCH
    except ValueError:
        return None
    offset_s = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
    seconds = since.days * 86_400 + since.seconds - offset_s
    return seconds * NS_PER_S + int((fraction or "0").ljust(9, "0"))


def read_window(name: str, text: str) -> int:
    """A length of time, in ns; a 400 `Problem` about the parameter `name` if it is none."""
    found = LENGTH.fullmatch(text)
    seconds = int(found[1]) * UNITS_S[found[2]] if found else 0
    if not 0 < seconds <= WINDOW_MAX_S:
        raise bad_value(name, text, WINDOW)
    return seconds * NS_PER_S
