"""`examples/volatility_forecast.py`: its mathematics, no look into the future, what it says as a plugin."""

from __future__ import annotations

import random
from math import exp, sqrt
from typing import Any

import pytest

from actors.market.reports import Bar
from examples.volatility_forecast import (
    YEAR_S,
    Ewma,
    Forecast,
    Har,
    Naive,
    errors,
    least_squares,
    qlike,
    rmse,
    solve,
    squares_of,
    table,
    volatility,
)
from tests.web.populated import SECOND_NS, bar

KEY = "bybit:linear:BTCUSDT"


def persistent(seed: int, count: int) -> list[float]:
    """Squared returns whose variance wanders slowly around a mean, as it does in markets."""
    draw = random.Random(seed)
    found, level = [], 0.0
    for _ in range(count):
        level = 0.98 * level + 0.2 * draw.gauss(0, 1)
        found.append(1e-6 * exp(level) * draw.gauss(0, 1) ** 2)
    return found


def test_least_squares_finds_the_line_that_was_there() -> None:
    draw = random.Random(1)
    rows = []
    for _ in range(50):
        x = [1.0, *(draw.uniform(1e-7, 1e-6) for _ in range(3))]
        rows.append((x, 2e-7 + 0.5 * x[1] + 0.25 * x[2] - 0.125 * x[3]))
    found = least_squares(rows)
    assert found == pytest.approx([2e-7, 0.5, 0.25, -0.125], rel=1e-6)


def test_equations_without_one_solution_have_none() -> None:
    assert solve([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]) is None
    assert solve([[0.0, 2.0, 4.0], [3.0, 0.0, 6.0]]) == pytest.approx([2.0, 2.0])


def test_what_never_changes_is_forecast_as_it_is() -> None:
    for model in (Naive(5), Ewma(20)):
        for _ in range(200):
            model.add(4e-6)
        assert model.forecast() == pytest.approx(4e-6)
    har = Har(2, 100)
    for _ in range(200):
        har.add(4e-6)
    assert har.forecast() is None, "from what never changes, no line follows"


def test_ewma_halves_in_a_half_life() -> None:
    model = Ewma(10)
    for _ in range(2000):
        model.add(0.0)
    model.add(1.0)
    after_one = model.forecast() or 0.0
    for _ in range(10):
        model.add(0.0)
    assert model.forecast() == pytest.approx(after_one / 2, rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_forecast_knows_nothing_of_what_comes_after_it(seed: int) -> None:
    past, horizon = persistent(seed, 260), 4
    one, other = ([*past, *persistent(seed + each, 60)] for each in (10, 20))
    found, also = (errors(each, horizon, 20, 100) for each in (one, other))
    first = len(one) - horizon - len(found["har"])  # the first forecast was made after so many
    common = len(past) - first
    assert common > 100
    for name in ("naive", "ewma", "har"):
        assert [made for made, _ in found[name][:common]] == [made for made, _ in also[name][:common]]
        assert [made for made, _ in found[name]] != [made for made, _ in also[name]]


def test_what_came_is_what_came_after_the_forecast() -> None:
    squares = persistent(5, 200)
    found = errors(squares, 2, 10, 50)
    for name, pairs in found.items():
        [*_, (_, last)] = pairs
        assert last == pytest.approx(sum(squares[-2:]) / 2), name


def test_models_that_remember_beat_the_naive_one_where_volatility_persists() -> None:
    found = errors(persistent(3, 3000), 5, 30, 1000)
    losses = {name: qlike(pairs) for name, pairs in found.items()}
    assert losses["har"] < 0.9 * losses["naive"]
    assert losses["ewma"] < 0.9 * losses["naive"]
    assert len({len(pairs) for pairs in found.values()}) == 1, "all are judged by the same bars"
    shown = table(found, 60).splitlines()
    assert [line.split()[0] for line in shown] == ["model", "naive", "ewma", "har"]


def test_the_losses() -> None:
    assert qlike([(2.0, 2.0)]) == 0
    assert qlike([(1.0, 2.0)]) > qlike([(4.0, 2.0)]) > 0
    assert rmse([(1e-6, 1e-6)], 60) == 0
    assert rmse([(4e-6, 1e-6)], 60) == pytest.approx(100 * sqrt(1e-6 * YEAR_S / 60))
    assert volatility(1.0 / 365, 86_400) == pytest.approx(100)


def walk(count: int, first: int = 1, **changes: Any) -> list[Bar]:
    """Closed bars of a random walk, a minute each."""
    draw, close, found = random.Random(9), 100.0, []
    for number in range(first, first + count):
        close *= exp(draw.gauss(0, 0.001))
        found.append(bar(60 * number, close=close, **changes))
    return found


def told(plugin: Forecast, bars: list[Bar]) -> list[dict[str, Any]]:
    return [each for one in bars for each in plugin.on_bar(KEY, one)]


def test_as_a_plugin_it_says_what_its_models_say() -> None:
    bars = walk(200)
    found = told(Forecast({"horizon": "2", "half_life": "10"}), bars)
    assert {each["name"] for each in found} == {"ewma", "har"}
    model = Ewma(10)
    for square in squares_of([Told(each) for each in bars], 60):
        model.add(square)
    ewma = [each for each in found if each["name"] == "ewma"][-1]
    assert ewma["values"]["variance"] == pytest.approx(model.forecast())
    assert ewma["value"] == pytest.approx(volatility(ewma["values"]["variance"], 60))
    assert 40 < ewma["value"] < 120  # a thousandth a minute is 72 % a year


class Told:
    """A bar as REST tells it."""

    def __init__(self, each: Bar) -> None:
        self.start, self.close, self.gap, self.closed = each.start_ns // 1_000_000, each.close, each.gap, True


def test_a_gap_gives_no_return_and_neither_does_a_correction() -> None:
    plugin = Forecast({"horizon": "1", "half_life": "1"})
    one, two, three, four, five, six = walk(6)
    assert told(plugin, [one]) == []
    assert len(told(plugin, [two])) == 1
    assert told(plugin, [bar(180, close=three.close, gap=True)]) == []
    assert told(plugin, [four]) == [], "its predecessor is not to be trusted"
    assert len(told(plugin, [five])) == 1
    assert told(plugin, [bar(300, close=1.0, revision=1)]) == []
    later = bar(six.start_ns // SECOND_NS + 60, close=six.close)
    assert told(plugin, [later]) == [], "a bar is missing between"


def test_what_is_gone_begins_anew() -> None:
    plugin = Forecast({"horizon": "1", "half_life": "1"})
    assert told(plugin, walk(3))
    plugin.on_gone(KEY)
    plugin.on_gone(KEY)
    assert told(plugin, walk(1, first=4)) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"horizont": "3"}, "horizont: unknown; known are horizon, half_life, fit_bars"),
        ({"horizon": "0"}, "horizon = 0: must be a whole number from 1 to 100000"),
        ({"half_life": "1.5"}, "half_life = 1.5: must be a whole number"),
    ],
)
def test_wrong_options_are_told(options: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Forecast(options)
