"""Bars that are made of shorter ones: the same as if they had been counted from the minutes by hand."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from actors.market.reports import Bar
from actors.market.rows import BarRow, GapRow
from actors.sinks.base import Order, Span
from tests.web.fake_history import BTC, SECOND_NS, FakeHistory, bar, chosen
from tests.web.harness import NOW_NS, application
from tests.web.populated import populated
from web.api.history_bars import folded, parts_of
from web.api.history_pages import Reader
from web.api.history_shapes import bar_of_row

MINUTE_NS = 60 * SECOND_NS
BARS = "/api/v1/bars/bybit:linear:BTCUSDT/history"


def minute(number: int, **changes: Any) -> BarRow:
    """Minute `number`, with values that tell it from the others."""
    usual = {"open": number + 1.0, "high": number + 5.0, "low": number + 0.5, "close": number + 2.0}
    return bar(number * MINUTE_NS, **{**usual, "volume": 1.0 + number, **changes})


async def nothing_missed(from_ns: int, to_ns: int) -> list[GapRow]:
    return []


def by_hand(rows: list[BarRow], interval_s: int) -> list[tuple[float, ...]]:
    """Start, open, high, low, close, volume of every longer bar, the oldest first."""
    groups: dict[int, list[BarRow]] = {}
    for row in sorted(rows, key=lambda row: row.ts):
        groups.setdefault(row.ts // (interval_s * SECOND_NS), []).append(row)
    return [
        (
            number * interval_s * SECOND_NS,
            parts[0].open,
            max(part.high for part in parts),
            min(part.low for part in parts),
            parts[-1].close,
            sum(part.volume for part in parts),
        )
        for number, parts in groups.items()
    ]


def values(made: Bar) -> tuple[float, ...]:
    return made.start_ns, made.open, made.high, made.low, made.close, made.volume


@given(
    st.sets(st.integers(0, 120), max_size=80),
    st.integers(1, 9),
    st.integers(1, 4),
    st.sampled_from(["newest", "oldest"]),
    st.sampled_from([300, 900]),
    st.none() | st.integers(0, 100 * 60),
    st.none() | st.integers(0, 130 * 60),
)
def test_folded_and_read_in_pages_they_are_what_counting_gives(
    minutes: set[int],
    limit: int,
    page: int,
    order: Order,
    interval_s: int,
    from_s: int | None,
    to_s: int | None,
) -> None:
    rows = [minute(number) for number in minutes]
    from_ns, to_ns = (None if each is None else each * SECOND_NS for each in (from_s, to_s))

    async def kept(span: Span) -> list[Bar]:
        return [bar_of_row(row) for row in chosen(rows, BarRow, BTC, span, lambda row: (row.ts, ""))]

    async def fetch(span: Span) -> list[Bar]:
        return await folded(kept, nothing_missed, span, interval_s, NOW_NS)

    async def read() -> list[Bar]:
        found: list[Bar] = []
        after, has_more = None, True
        while has_more:
            span = Span(from_ns, to_ns, limit, order, after)
            reader = Reader(fetch, lambda each: (each.start_ns, ""), span, page)
            found += await reader.page()
            while not reader.ended:
                found += await reader.more()
            after, has_more = reader.after, reader.has_more
        return found

    expected = [
        each
        for each in by_hand(rows, interval_s)
        if (from_ns is None or each[0] >= from_ns) and (to_ns is None or each[0] < to_ns)
    ]
    assert [values(each) for each in trio.run(read)] == (expected if order == "oldest" else expected[::-1])


@pytest.mark.parametrize(
    ("minutes", "now_minute", "told"), [(4, 4.5, 0), (4, 5.5, 0), (4, 6.1, 1), (5, 5.05, 1)]
)
def test_a_bar_is_told_when_no_part_of_it_is_still_to_come(
    minutes: int, now_minute: float, told: int
) -> None:
    """Without a fifth minute the first five are over once one would have come."""
    rows = [minute(number) for number in range(minutes)]

    async def kept(span: Span) -> list[Bar]:
        return [bar_of_row(row) for row in chosen(rows, BarRow, BTC, span, lambda row: (row.ts, ""))]

    async def read() -> list[Bar]:
        return await folded(kept, nothing_missed, Span(), 300, int(now_minute * MINUTE_NS))

    assert len(trio.run(read)) == told


async def test_what_the_parts_tell_is_kept() -> None:
    parts = [
        minute(0, revision=2),
        minute(1, gap=True, revision=1),
        minute(2, source="exchange", trades=None),
    ]
    app = application(populated(), history=FakeHistory(list(parts)))
    [made] = (await (await app.test_client().get(f"{BARS}?interval=5m")).get_json())["data"]
    assert (made["revision"], made["gap"], made["source"], made["trades"]) == (3, True, "exchange", None)
    assert (made["start"], made["interval"], made["closed"], made["volume"]) == (0, "5m", True, 6.0)
    assert made["vwap"] == 18.0 / 6.0


@pytest.mark.parametrize(
    ("interval", "kept_s", "told"),
    [("1m", 60, 1), ("5m", 60, 5), ("15m", 60, 15), ("1h", 3600, 1), ("4h", 3600, 4)],
)
async def test_which_bars_are_asked_for(interval: str, kept_s: int, told: int) -> None:
    history = FakeHistory([bar(0, kept_s)])
    app = application(populated(), history=history)
    response = await app.test_client().get(f"{BARS}?interval={interval}&limit=1")
    assert response.status_code == 200
    (name, of, span), *rest = history.asked
    assert [each.limit for _, _, each in rest] in ([], [1]), "at most where history begins"
    assert (name, of) == (f"bars:{kept_s}", BTC)
    assert span.limit in (2, 4 * told)
    assert parts_of({"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400}[interval]) == told


async def test_a_day_of_minutes_is_a_few_questions() -> None:
    history = FakeHistory([bar(each * MINUTE_NS) for each in range(1440)])
    app = application(populated(), history=history)
    answer = await (await app.test_client().get(f"{BARS}?interval=15m&limit=96&order=oldest")).get_json()
    assert [each["start"] for each in answer["data"]] == [each * 900_000 for each in range(96)]
    assert not answer["meta"]["has_more"]
    assert len(history.asked) <= 4
    assert max(span.limit for _, _, span in history.asked) < 1600
