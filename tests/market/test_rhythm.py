"""How long a silence may be, learned from the stream."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market.rhythm import NS_PER_S, Patience, Rhythm

PATIENCE = Patience(floor_s=5, ceiling_s=60, unsteady_s=30)
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
    assert allowed_s(beaten([3.0] * 5)) == pytest.approx(12)
    assert allowed_s(beaten([30.0] * 5)) == 60


def test_pauses_are_forgotten_slowly() -> None:
    assert allowed_s(beaten([10.0, *[0.1] * 20])) > 30
    assert allowed_s(beaten([10.0, *[0.1] * 400])) == 5


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
    known = beaten([1.0] * 5)
    assert not known.is_silent(known.last_ns + 30 * NS_PER_S, PATIENCE, steady=False)
    assert known.is_silent(known.last_ns + 31 * NS_PER_S, PATIENCE, steady=False)


def test_an_unsteady_stream_has_no_ceiling() -> None:
    assert allowed_s(beaten([60.0] * 5), steady=False) == pytest.approx(480)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(st.floats(0.001, 10_000), max_size=50))
def test_the_bounds_hold_whatever_was_heard(gaps_s: list[float]) -> None:
    rhythm = beaten(gaps_s)
    assert PATIENCE.floor_s <= allowed_s(rhythm) <= PATIENCE.ceiling_s
    assert allowed_s(rhythm, steady=False) >= PATIENCE.unsteady_s
