"""What a soak is judged by, and a soak of seconds. `make soak` takes an hour."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from tests.patience import PATIENCE_S
from tests.processes import ROOT
from tests.soak.report import Line, at_most, equal, lines
from tests.soak.samples import added_up, unaccounted
from tests.soak.trend import trend
from tests.soak.truth import compared

TIMES_S = [10.0 * number for number in range(240)]


def noisy(slope_per_hour: float, seed: int) -> list[float]:
    """Memory that wanders about, and grows by so much per hour."""
    dice, wandering, values = random.Random(seed), 0.0, []
    for time_s in TIMES_S:
        wandering = 0.9 * wandering + dice.gauss(0, 0.3)
        values.append(100 + wandering + slope_per_hour * time_s / 3600)
    return values


@pytest.mark.parametrize("seed", range(5))
def test_what_only_wanders_does_not_grow_and_a_leak_does(seed: int) -> None:
    assert not trend(TIMES_S, noisy(0, seed)).grows_beyond(4)
    assert trend(TIMES_S, noisy(30, seed)).grows_beyond(4)


def test_a_straight_line_has_its_slope() -> None:
    found = trend(TIMES_S, [2 * time_s / 3600 for time_s in TIMES_S])
    assert found.per_hour == pytest.approx(2)
    assert found.error_per_hour == pytest.approx(0, abs=1e-6)


def test_a_trend_takes_three_samples() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        trend([1, 2], [1, 2])


def test_rows_that_are_nowhere_are_found() -> None:
    names = ("accepted_rows_total", "written_rows_total", "in_hand_rows", "outbox_rows", "dropped_rows_total")
    text = "".join(
        f'tickwell_sink_{name}{{sink="{sink}"}} {value}\n'
        for sink in ("a", "b")
        for name, value in zip(names, (10, 5, 2, 1, 1), strict=True)
    )
    assert unaccounted(added_up(text)) == 2


def test_a_wrong_price_and_no_price_at_all_are_found() -> None:
    truth = {"bybit-linear": {"BTCUSDT": {"price": 2.0}}}
    right = {"key": "bybit:linear:BTCUSDT", "price": 2.0}
    assert compared(truth, [right]) == []
    assert compared(truth, [{**right, "price": 1.0}]) == ["bybit:linear:BTCUSDT"]
    assert compared(truth, []) != []


def test_the_table_says_what_failed() -> None:
    table = list(lines([at_most("a", 1, 0), equal("b", 2, 2), Line("c", "3")]))
    assert table[2:] == ["| a | 1 | ≤ 0 | **failed** |", "| b | 2 | 2 | ok |", "| c | 3 |  |  |"]


@pytest.mark.loopback
def test_a_soak_of_seconds() -> None:
    short = ["--minutes", "0.1", "--rate", "300", "--clients", "6"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", *short],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=5 * PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "**failed**" not in done.stdout
    assert done.stdout.count("| ok |") >= 10
