"""How long a silence may be, learned from the stream."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market.rhythm import NS_PER_S, Patience, Rhythm

PATIENCE = Patience(floor_s=5, ceiling_s=60)
NOW = 1_700_000_000 * NS_PER_S


def beaten(gaps_s: list[float]) -> Rhythm:
    rhythm = Rhythm(NOW)
    for gap_s in gaps_s:
        rhythm.beat(rhythm.last_ns + int(gap_s * NS_PER_S))
    return rhythm


def allowed_s(rhythm: Rhythm, *, steady: bool = True) -> float:
    return rhythm.threshold_ns(PATIENCE, steady=steady) / NS_PER_S


def test_the_patience_is_learned_between_its_bounds() -> None:
    assert allowed_s(beaten([])) == allowed_s(beaten([0.1] * 4)) == 15
    assert allowed_s(beaten([0.1] * 5)) == 5
    assert allowed_s(beaten([4.0] * 50)) == pytest.approx(8, abs=0.1)
    assert 20 < allowed_s(beaten([6.0, 4.0] * 50)) / 0.65 < 25
    assert allowed_s(beaten([40.0] * 50)) == 60


@pytest.mark.parametrize("pause_s", [4.6, 14.0, 17.0])
def test_one_pause_just_under_the_limit_does_not_hide_the_next_stall(pause_s: float) -> None:
    """The beat is heard once a second, as a connection's is; after ten beats the pause is forgotten."""
    rhythm = beaten([*[1.0] * 60, pause_s])
    assert allowed_s(rhythm) < 25
    for _ in range(10):
        rhythm.beat(rhythm.last_ns + NS_PER_S)
    assert allowed_s(rhythm) < 7.5


def test_beats_of_the_same_moment_or_out_of_order_are_no_beats() -> None:
    rhythm = beaten([1.0] * 5)
    before = allowed_s(rhythm), rhythm.last_ns
    rhythm.beat(rhythm.last_ns)
    rhythm.beat(rhythm.last_ns - NS_PER_S)
    assert (allowed_s(rhythm), rhythm.last_ns) == before


def test_an_interruption_is_not_learned() -> None:
    rhythm = beaten([0.1] * 20)
    rhythm.resume(rhythm.last_ns + 600 * NS_PER_S)
    assert allowed_s(rhythm) == 5
    assert not rhythm.is_silent(rhythm.last_ns + 5 * NS_PER_S, PATIENCE)
    rhythm.resume(NOW)
    assert rhythm.last_ns > NOW


def test_a_quiet_market_is_no_alarm_all_day() -> None:
    """It speaks every 20 s, give or take half of it."""
    draw = random.Random(7)
    rhythm, now_s = beaten([15.0]), 15.0
    while now_s < 86_400:
        gap_s = 20 * draw.uniform(0.5, 1.5)
        assert not rhythm.is_silent(rhythm.last_ns + int(gap_s * NS_PER_S), PATIENCE)
        rhythm.beat(rhythm.last_ns + int(gap_s * NS_PER_S))
        now_s += gap_s


@pytest.mark.parametrize("beat_s", [0.01, 0.1, 1.0, 2.0])
def test_a_liquid_stream_that_stops_is_found_within_ten_seconds(beat_s: float) -> None:
    draw = random.Random(7)
    rhythm = beaten([beat_s * draw.uniform(0.5, 1.2) for _ in range(1000)])
    assert rhythm.is_silent(rhythm.last_ns + 10 * NS_PER_S, PATIENCE)


def test_an_unsteady_stream_is_not_missed_before_its_rhythm_is_known() -> None:
    assert not beaten([1.0] * 4).is_silent(NOW + 10**6 * NS_PER_S, PATIENCE, steady=False)


def test_a_busy_stream_is_missed_soon_although_it_is_unsteady() -> None:
    draw = random.Random(7)
    rhythm = beaten([draw.uniform(0.9, 1.1) for _ in range(100)])
    assert rhythm.is_silent(rhythm.last_ns + 10 * NS_PER_S, PATIENCE, steady=False)


def test_a_stream_that_speaks_at_random_is_no_alarm_all_day() -> None:
    draw = random.Random(7)
    rhythm, alarms = beaten([1.0] * 20), 0
    for _ in range(40_000):
        gap_s = 1 + draw.expovariate(0.5)
        alarms += rhythm.is_silent(rhythm.last_ns + int(gap_s * NS_PER_S), PATIENCE, steady=False)
        rhythm.beat(rhythm.last_ns + int(gap_s * NS_PER_S))
    assert alarms <= 20


@pytest.mark.parametrize("pause_s", [1.0, 2.0, 4.0])
def test_clusters_with_long_pauses_between_them_are_no_alarm(pause_s: float) -> None:
    """So do trades come: one order meets many others, and then nothing happens for a while."""
    draw = random.Random(7)
    rhythm, alarms = beaten([1.0] * 20), 0
    end_ns = rhythm.last_ns + 6 * 3600 * NS_PER_S
    while rhythm.last_ns < end_ns:
        for gap_s in [draw.expovariate(1 / pause_s), *(draw.expovariate(1 / 0.03) for _ in range(5))]:
            now_ns = rhythm.last_ns + int(gap_s * NS_PER_S)
            alarms += rhythm.is_silent(now_ns, PATIENCE, steady=False)
            rhythm.beat(now_ns)
    assert alarms <= 1


def test_a_long_stall_does_not_hide_the_next_one() -> None:
    rhythm = beaten([0.5] * 100 + [3600.0] + [0.5] * 100)
    assert rhythm.is_silent(rhythm.last_ns + 31 * NS_PER_S, PATIENCE, steady=False)


def test_an_unsteady_stream_that_is_slow_is_not_judged() -> None:
    assert not beaten([30.0] * 50).is_silent(NOW + 10**6 * NS_PER_S, PATIENCE, steady=False)


@settings(max_examples=200)
@given(st.lists(st.floats(0.001, 10_000), max_size=50))
def test_the_bounds_hold_whatever_was_heard(gaps_s: list[float]) -> None:
    rhythm = beaten(gaps_s)
    assert PATIENCE.floor_s <= allowed_s(rhythm) <= PATIENCE.ceiling_s
    assert allowed_s(rhythm, steady=False) >= PATIENCE.floor_s
