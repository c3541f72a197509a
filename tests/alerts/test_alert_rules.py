"""What a rule may say, when it may fire, and which instruments it means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.market.alerts.keys import Index, means, read_pattern
from actors.market.alerts.reading import RuleError, read_rule
from actors.market.alerts.schedule import DAY_NS, HOUR_NS, WEEKDAYS, Schedule
from actors.market.alerts.windows import Course, Sum, Volumes
from tests.alerts.judged import MONDAY_NS, SECOND_NS

GOOD: dict[str, Any] = {"name": "a", "keys": ["*"], "when": {"kind": "above", "value": 1}}
ABOVE = {"kind": "above", "value": 1}


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"when": {"kind": "above", "field": "prise", "value": 1}}, "when.field", "price"),
        ({"when": {"kind": "above"}}, "when.value", "a value"),
        ({"when": {"kind": "abov", "value": 1}}, "when.kind", "Invalid value"),
        ({"when": {"kind": "above", "value": "1"}}, "when.value", "float"),
        ({"when": {"kind": "above", "value": 1, "bars": 3}}, "when.bars", "no such field"),
        ({"when": {"kind": "moves", "percent": 0, "window_s": 60}}, "when.percent", "> 0"),
        ({"when": {"kind": "volume", "deviations": 3, "bars": 5}}, "when.bars", ">= 10"),
        ({"when": {"kind": "quality", "states": []}}, "when.states", "length"),
        ({"keys": []}, "keys", "length"),
        ({"keys": ["a:b"]}, "keys", ""),
        ({"keys": ["a::c"]}, "keys", "exchange:market:symbol"),
        ({"name": "a b"}, "name", "regex"),
        ({"note": "a\nb"}, "note", "one line"),
        ({"schedule": {"from_hour": 5, "to_hour": 5}}, "schedule.from_hour", "not to_hour"),
        ({"schedule": {"weekdays": ["monday"]}}, "schedule.weekdays", "enum"),
        ({"cooldown_s": -1}, "cooldown_s", ">= 0"),
        ({"when": {"kind": "quality"}, "hysteresis": 1}, "hysteresis", "0"),
        ({"colour": "red"}, "colour", "no such field"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(change: dict[str, Any], field: str, expected: str) -> None:
    if change == {"keys": ["a:b"]}:
        assert read_rule({**GOOD, **change}).keys == ("a:b",)  # a symbol may hold a colon
        return
    with pytest.raises(RuleError) as caught:
        read_rule({**GOOD, **change})
    assert caught.value.field.startswith(field)
    assert expected in caught.value.expected


def test_texts_stand_for_numbers_only_where_they_may() -> None:
    given = {**GOOD, "for_s": "5", "when": {"kind": "above", "value": "100"}}
    assert read_rule(given, strict=False).for_s == 5
    with pytest.raises(RuleError):
        read_rule({**GOOD, "when": {"kind": "above", "value": "nan"}}, strict=False)


def test_a_schedule_of_office_hours() -> None:
    schedule = Schedule(from_hour=9, to_hour=17, weekdays=("mon", "fri"))
    assert not schedule.is_open(MONDAY_NS)
    assert schedule.opens_ns(MONDAY_NS) == MONDAY_NS + 9 * HOUR_NS
    assert schedule.is_open(MONDAY_NS + 17 * HOUR_NS - 1)
    assert schedule.opens_ns(MONDAY_NS + 17 * HOUR_NS) == MONDAY_NS + 4 * DAY_NS + 9 * HOUR_NS


def test_a_schedule_past_midnight_belongs_to_the_day_it_began() -> None:
    schedule = Schedule(from_hour=22, to_hour=6, weekdays=("mon",))
    assert not schedule.is_open(MONDAY_NS)
    assert schedule.is_open(MONDAY_NS + 23 * HOUR_NS)
    assert schedule.is_open(MONDAY_NS + DAY_NS + 5 * HOUR_NS)
    assert not schedule.is_open(MONDAY_NS + DAY_NS + 6 * HOUR_NS)


@given(
    st.integers(0, 23),
    st.integers(0, 24),
    st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    st.integers(0, 14 * 24 * 4 - 1),
)
def test_a_schedule_opens_within_a_week(begin: int, end: int, days: set[Any], quarter: int) -> None:
    if begin == end:
        return
    schedule = Schedule(from_hour=begin, to_hour=end, weekdays=tuple(days))
    now_ns = MONDAY_NS + quarter * HOUR_NS // 4
    opens_ns = schedule.opens_ns(now_ns)
    assert now_ns <= opens_ns <= now_ns + 7 * DAY_NS
    assert schedule.is_open(opens_ns)
    assert opens_ns == now_ns or not schedule.is_open(opens_ns - 1)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("BYBIT:linear:btcusdt", {"bybit:linear:BTCUSDT"}),
        ("btcusdt", {"bybit:linear:BTCUSDT", "bybit:spot:BTCUSDT"}),
        ("BTC-USDT", {"bybit:linear:BTCUSDT", "bybit:spot:BTCUSDT", "other:linear:BTC"}),
        ("*:spot:*", {"bybit:spot:BTCUSDT"}),
        ("other:*:?TC", {"other:linear:BTC"}),
        ("BTC*", {"bybit:linear:BTCUSDT", "bybit:spot:BTCUSDT", "other:linear:BTC"}),
        ("*", {"bybit:linear:BTCUSDT", "bybit:spot:BTCUSDT", "other:linear:BTC", "other:linear:xyz:NVDA"}),
        ("other:linear:xyz:*", {"other:linear:xyz:NVDA"}),
        ("b.*", set()),
    ],
)
def test_which_instruments_a_pattern_means(text: str, meant: set[str]) -> None:
    there = {
        ("bybit", "linear", "BTCUSDT"): "BTC-USDT",
        ("bybit", "spot", "BTCUSDT"): "BTC-USDT",
        ("other", "linear", "BTC"): "BTC-USDT",
        ("other", "linear", "xyz:NVDA"): None,
    }
    index: Index[str] = Index()
    index.put(read_pattern(text), text)
    found = {":".join(place) for place, name in there.items() if index.meaning(*place, name)}
    assert found == meant
    pattern = [read_pattern(text)]
    assert {":".join(place) for place, name in there.items() if means(pattern, *place, name)} == meant
    index.remove(read_pattern(text))
    assert not any(index.meaning(*place, name) for place, name in there.items())


def test_a_pattern_that_would_try_everything_takes_no_time() -> None:
    pattern = read_pattern("*" + "a*" * 40 + "b")
    assert not means([pattern], "e", "m", "a" * 100, None)


@given(st.lists(st.tuples(st.integers(1, 50), st.one_of(st.none(), st.integers(1, 9))), max_size=300))
def test_a_course_is_bounded_and_near_the_truth(steps: list[tuple[int, int | None]]) -> None:
    window_ns = 60 * SECOND_NS
    course, known, now_ns = Course(window_ns), list[tuple[int, int | None]](), 0
    for wait, value in steps:
        now_ns += wait * SECOND_NS // 10
        course.add(now_ns, value)
        known.append((now_ns, value))
        assert len(course) <= 3 * 62
        change = course.change(now_ns)
        if change is None or value is None:
            continue
        # The base is what it was a window ago, or up to a sixtieth of the window before that.
        first_ns, last_ns = now_ns - window_ns - window_ns // 60, now_ns - window_ns
        before = [each for each in known if each[0] <= first_ns][-1:]
        bases = [each for _, each in [*before, *(each for each in known if first_ns < each[0] <= last_ns)]]
        assert any(
            base is not None and change == pytest.approx((value - base) / base * 100) for base in bases
        )


def test_a_sum_forgets_what_has_left_its_window() -> None:
    total = Sum(60 * SECOND_NS)
    for second in range(120):
        total.add(second * SECOND_NS, 1.0)
    assert total.total(119 * SECOND_NS) == pytest.approx(60, abs=1)
    assert total.total(1000 * SECOND_NS) == 0.0


def test_volumes_come_in_any_order() -> None:
    volumes = Volumes(10)
    for number in (5, 3, 4, *range(6, 14), 2, 1, 0):
        volumes.add(number, 10.0 + number % 2, closed=True)
    volumes.add(14, 13.5, closed=False)
    assert volumes.deviations() == pytest.approx((13.5 - 10.5) / 0.5)
