"""Days of an exchange that fails all the time: what is called live is true, at every moment.

A seed is one simulated day of 24 hours, spot or linear (`day.py`): two instruments and a third that comes and
goes, their trades, tickers, quotes and order books, written as the exchange writes them, and a hundred faults
at random times. The real codec, subscriptions and market read them. After each step a reader who knows the
truth (`reader.py`) compares with it everything that is called live, and at the end the tape, the bars, the
holes and the counters of the whole day. Most days are more patient than the default, so that quiet hours take
few steps; some are as patient as the default. A failure names its seed, and `Day` lives through it again.
Every change is tried on sixty days, and on two hundred with `DEEP=1`.
"""

from __future__ import annotations

from collections import Counter

import pytest

from actors.market.rhythm import Patience
from tests.simulation.day import BOOK_FAULTS, DAY_NS, FAULTS_MIN, Day
from tests.thoroughness import cases

SEEDS, CHUNK = cases(60, 200), 10
KINDS = {
    *BOOK_FAULTS, "disconnect", "late", "mute", "unfed", "stall", "clock", "history", "twice", "halt",
    "listing", "quiet", "rest",
}  # fmt: skip
STATES = {"connecting", "syncing", "live", "stale", "gapped", "halted", "refused"}


def patience_of(seed: int) -> Patience:
    return Patience() if seed % 37 == 0 else Patience(ceiling_s=600.0)


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_what_is_live_is_true_whatever_fails(first: int) -> None:
    faults: Counter[str] = Counter()
    states: set[str] = set()
    for seed in range(first, first + CHUNK):
        day = Day(seed, patience_of(seed))
        day.run()
        assert day.faults.total() >= FAULTS_MIN
        assert day.lasted_ns >= DAY_NS
        faults += day.faults
        states |= day.reader.states_seen
    assert faults.keys() == KINDS, "every kind of fault happens within a few days"
    assert states == STATES


def test_a_seed_lives_through_the_same_day_again() -> None:
    days = [Day(5, patience_of(5)) for _ in range(2)]
    for day in days:
        day.run()
    one, other = days
    assert one.reader.trades == other.reader.trades and one.reader.holes == other.reader.holes
    assert (one.faults, one.steps, one.hub.lives) == (other.faults, other.steps, other.hub.lives)


@pytest.mark.parametrize(
    ("fault", "causes"),
    [
        ("gap", ["sequence"]),
        ("reorder", ["sequence"]),
        ("crossed", ["crossed"]),
        ("duplicate", []),
        ("restart", []),
    ],
)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_damage_to_a_book_is_found_at_once_and_mended_within_three_seconds(
    fault: str, causes: list[str], seed: int
) -> None:
    day = Day(seed)
    day.begin()
    day.brisk(40)
    day.damage_book(fault)
    day.brisk(2 if fault in ("gap", "reorder") else 1)  # what is missing shows with the next change
    assert [gap.cause for gap in day.hub.gaps] == causes
    assert {view.quality for view in day.reader.books.values()} == {"gapped" if causes else "live"}
    day.brisk(10)
    assert {view.quality for view in day.reader.books.values()} == {"live"}
    assert [gap.cause for gap in day.hub.gaps] == causes and day.hub.lives == []
