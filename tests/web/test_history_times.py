"""Times and windows in URLs: what is written means one moment, and what means none is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.harness import NOW_NS
from web.api.history_times import MS_MIN, NS_MAX, UNITS_S, WINDOW_MAX_S, Moment, read_time, read_window
from web.problems import Problem

SECOND_NS = 1_000_000_000
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1971, 1, 1), datetime(2261, 1, 1), timezones=offsets)


def ns_of(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


@given(moments)
def test_rfc_3339_is_what_python_writes(moment: datetime) -> None:
    assert read_time("from", moment.isoformat(), NOW_NS) == Moment(ns_of(moment))


@given(moments)
def test_a_plus_that_became_a_space_is_a_plus(moment: datetime) -> None:
    text = moment.isoformat().replace("+", " ")
    assert read_time("from", text, NOW_NS).ns == ns_of(moment)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2025-12-23T21:00:00Z", 1_766_523_600 * SECOND_NS),
        ("2025-12-23t21:00:00.5z", 1_766_523_600 * SECOND_NS + SECOND_NS // 2),
        ("2025-12-23 21:00:00.123456789+00:00", 1_766_523_600_123_456_789),
        ("2025-12-23T22:30:00+01:30", 1_766_523_600 * SECOND_NS),
        ("2025-12-23T12:00:00-09:00", 1_766_523_600 * SECOND_NS),
        ("1766523600123", 1_766_523_600_123_000_000),
        ("0", 0),
    ],
)
def test_a_time(text: str, ns: int) -> None:
    assert read_time("from", text, NOW_NS) == Moment(ns)


@given(st.integers(MS_MIN, NS_MAX // 1_000_000))
def test_unix_ms_are_exact(ms: int) -> None:
    assert read_time("to", str(ms), NOW_NS) == Moment(ms * 1_000_000)


@given(st.integers(0, 9_999_999), st.sampled_from(sorted(UNITS_S)))
def test_how_long_ago(count: int, unit: str) -> None:
    expected = max(0, NOW_NS - count * UNITS_S[unit] * SECOND_NS)
    assert read_time("from", f"-{count}{unit}", NOW_NS) == Moment(expected, relative=True)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2025-12-23",
        "2025-12-23T21:00:00",  # of which zone?
        "2025-02-30T00:00:00Z",
        "2025-12-23T24:00:00Z",
        "2025-12-23T21:00:60Z",
        "2025-12-23T21:00:00+24:00",
        "2025-12-23T21:00:00.1234567890Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "1766523600",  # seconds
        "1766523600123456789",  # nanoseconds
        "9999999999999",  # 2286: beyond what ns can count in 64 bits
        "-1766523600123",
        "15m",
        "-15",
        "-15y",
        "--15m",
        "-1.5h",
        "1e12",
        "٠",
        "' OR 1=1 --",
    ],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(Problem) as problem:
        read_time("from", text, NOW_NS)
    assert problem.value.status == 400
    assert problem.value.members["errors"][0]["parameter"] == "from"
    assert "-15m" in problem.value.detail


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_a_400(text: str) -> None:
    try:
        assert 0 <= read_time("to", text, NOW_NS).ns <= NS_MAX
    except Problem as problem:
        assert problem.status == 400


@pytest.mark.parametrize(
    ("text", "seconds"), [("15m", 900), ("24h", 86_400), ("7d", 604_800), ("1s", 1), ("366d", WINDOW_MAX_S)]
)
def test_a_window(text: str, seconds: int) -> None:
    assert read_window("window", text) == seconds * SECOND_NS


@pytest.mark.parametrize("text", ["", "0h", "367d", "-24h", "24", "24H", "1h30m", "999999999w"])
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(Problem, match="window"):
        read_window("window", text)
