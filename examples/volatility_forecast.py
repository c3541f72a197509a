"""Forecast volatility from bars, as a plugin of the hub, and say how wrong that would have been.

As a plugin, with this in `settings.ini` (docs/plugins.md), the forecasts come on the channel `derived`:

    [plugin:volatility]
    class = examples.volatility_forecast:Forecast
    symbols = *:linear:BTC*
    horizon = 10

As a program it reads past bars over REST, lets each forecast see only what lay before it, and prints how far
off they were, beside the naive forecast that the next bars will be like the last:

    python examples/volatility_forecast.py bybit:linear:BTCUSDT --from=-7d --horizon 10

What is forecast is the mean of the squared log returns of the next `horizon` bars, shown as volatility in
percent a year. EWMA averages past ones, the newest counting most. HAR (Corsi 2009) regresses on their means
over three windows.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from math import log, sqrt
from typing import Any

YEAR_S = 365 * 86_400
SHORT, MEDIUM, LONG = 1, 4, 16  # the windows of HAR, in horizons
OWN = {"horizon": 10, "half_life": 60, "fit_bars": 2000}
FIT_EVERY = 20
INTERVALS_S = {"1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400}


class Naive:
    """The next bars will be like the last ones."""

    def __init__(self, horizon: int) -> None:
        self._last: deque[float] = deque(maxlen=horizon)

    def add(self, square: float) -> None:
        """Take the squared return of a bar."""
        self._last.append(square)

    def forecast(self) -> float | None:
        """The mean square expected of the next bars; `None` while too little is known."""
        return mean(self._last) if len(self._last) == self._last.maxlen else None


class Ewma:
    """The mean of all squares so far, each counting half as much as one `half_life` bars later."""

    def __init__(self, half_life: int) -> None:
        self._keep = 0.5 ** (1 / half_life)
        self._needed = half_life
        self._sum = self._weight = 0.0
        self._count = 0

    def add(self, square: float) -> None:
        """Take the squared return of a bar."""
        self._sum = self._keep * self._sum + square
        self._weight = self._keep * self._weight + 1
        self._count += 1

    def forecast(self) -> float | None:
        """The mean square expected of the next bars; `None` while too little is known."""
        return self._sum / self._weight if self._count >= self._needed else None


class Har:
    """A line through the past: the mean square of `horizon` bars against the means over three windows before
    them, fitted by least squares every so often over the newest `fit_bars` of them."""

    def __init__(self, horizon: int, fit_bars: int) -> None:
        self._horizon = horizon
        self._squares: deque[float] = deque(maxlen=horizon * LONG)
        self._asked: deque[list[float]] = deque(maxlen=horizon)  # features whose outcome is still open
        self._rows: deque[tuple[list[float], float]] = deque(maxlen=fit_bars)
        self._weights: list[float] | None = None
        self._since_fit = 0

    def add(self, square: float) -> None:
        """Take the squared return of a bar."""
        self._squares.append(square)
        if len(self._asked) == self._horizon:  # the oldest has its outcome now
            self._rows.append((self._asked[0], self._mean(SHORT)))
        features = self._features()
        if features is not None:
            self._asked.append(features)
        self._since_fit += 1
        if len(self._rows) >= FIT_EVERY and self._since_fit >= FIT_EVERY:
            self._weights, self._since_fit = least_squares(self._rows), 0

    def forecast(self) -> float | None:
        """The mean square expected of the next bars; `None` while too little is known."""
        features = self._features()
        if features is None or self._weights is None:
            return None
        found = sum(weight * each for weight, each in zip(self._weights, features, strict=True))
        # A line may lead anywhere; volatility cannot be less than a tenth of the quietest window.
        return max(found, 0.1 * min(features[1:]))

    def _features(self) -> list[float] | None:
        if len(self._squares) < self._horizon * LONG:
            return None
        return [1.0, self._mean(SHORT), self._mean(MEDIUM), self._mean(LONG)]

    def _mean(self, window: int) -> float:
        count = self._horizon * window
        return mean(islice(reversed(self._squares), count))


Model = Naive | Ewma | Har


class Returns:
    """Squared log returns of bars that follow one another; a gap between two gives none."""

    def __init__(self) -> None:
        self._last: tuple[int, float] | None = None

    def of(self, start: int, length: int, close: float, *, gap: bool) -> float | None:
        """The squared return of a bar that starts at `start` and is `length` long, in the same unit."""
        before, self._last = self._last, None if gap else (start, close)
        if gap or before is None or before[0] + length != start:
            return None
        return log(close / before[1]) ** 2


class Forecast:
    """The plugin. `horizon` is how many bars are forecast, `half_life` is that of EWMA, `fit_bars` are those
    to which HAR is fitted."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._own = read_options(options)
        self._models: dict[str, tuple[Returns, dict[str, Model]]] = {}

    def on_bar(self, key: str, bar: Any) -> list[dict[str, Any]]:
        """A bar has closed: what is expected of the next ones."""
        if bar.revision:
            return []
        if key not in self._models:
            self._models[key] = Returns(), models(**self._own)
        returns, found = self._models[key]
        square = returns.of(bar.start_ns, bar.interval_s * 1_000_000_000, bar.close, gap=bar.gap)
        if square is None:
            return []
        return [
            each for name, model in found.items() for each in answers(name, model, square, bar.interval_s)
        ]

    def on_gone(self, key: str) -> None:
        """The instrument is not followed any more."""
        self._models.pop(key, None)


def models(horizon: int, half_life: int, fit_bars: int) -> dict[str, Model]:
    """The forecasts by their names."""
    return {"naive": Naive(horizon), "ewma": Ewma(half_life), "har": Har(horizon, fit_bars)}


def answers(name: str, model: Model, square: float, interval_s: int) -> Iterable[dict[str, Any]]:
    """What the plugin says after a bar: the volatility in percent a year, and the variance of one bar."""
    model.add(square)
    variance = model.forecast()
    if variance is not None and name != "naive":
        yield {"name": name, "value": volatility(variance, interval_s), "values": {"variance": variance}}


def read_options(options: Mapping[str, str]) -> dict[str, int]:
    """The options as numbers; `ValueError` says what would be right."""
    for name, text in options.items():
        if name not in OWN:
            raise ValueError(f"{name}: unknown; known are {', '.join(OWN)}")
        if not text.isdecimal() or not 1 <= int(text) <= 100_000:
            raise ValueError(f"{name} = {text}: must be a whole number from 1 to 100000")
    return OWN | {name: int(text) for name, text in options.items()}


def volatility(variance: float, interval_s: int) -> float:
    """Percent a year, of the variance of one bar."""
    return 100 * sqrt(variance * YEAR_S / interval_s)


def mean(values: Iterable[float]) -> float:
    """The mean of values."""
    known = list(values)
    return sum(known) / len(known)


def least_squares(rows: Iterable[tuple[Sequence[float], float]]) -> list[float] | None:
    """The weights w with the least sum of (x·w - y)², by the normal equations; `None` where these leave open
    what they are. Squares of returns are tiny: they are scaled, so that numbers near 1 are computed with."""
    known = list(rows)
    scale = mean([y for _, y in known]) or 1.0
    scaled = [([x[0], *(each / scale for each in x[1:])], y / scale) for x, y in known]
    size = len(scaled[0][0])
    table = [
        [sum(x[row] * x[column] for x, _ in scaled) for column in range(size)]
        + [sum(x[row] * y for x, y in scaled)]
        for row in range(size)
    ]
    solved = solve(table)
    return None if solved is None else [solved[0] * scale, *solved[1:]]


def solve(table: list[list[float]]) -> list[float] | None:
    """The solution of linear equations, a row each with its right side last; `None` if there is not one."""
    size = len(table)
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(table[row][column]))
        if abs(table[pivot][column]) < 1e-12:
            return None
        table[column], table[pivot] = table[pivot], table[column]
        lead = table[column]
        for row in range(size):
            if row != column:
                factor = table[row][column] / lead[column]
                table[row] = [a - factor * b for a, b in zip(table[row], lead, strict=True)]
    return [table[row][size] / table[row][row] for row in range(size)]


# How wrong that would have been


def errors(
    squares: Sequence[float], horizon: int, half_life: int, fit_bars: int
) -> dict[str, list[tuple[float, float]]]:
    """What each model forecast, and what came: only where all had one, and something was traded. Each
    forecast has seen the bars before it, and nothing else."""
    found: dict[str, list[tuple[float, float]]] = {}
    tested = models(horizon, half_life, fit_bars)
    for count, square in enumerate(squares, 1):
        for model in tested.values():
            model.add(square)
        made = {name: model.forecast() for name, model in tested.items()}
        came = mean(squares[count : count + horizon] or [0.0])
        if count + horizon <= len(squares) and came > 0 and all(made.values()):
            for name, each in made.items():
                found.setdefault(name, []).append((each or 0.0, came))
    return found


def qlike(pairs: Sequence[tuple[float, float]]) -> float:
    """The loss that judges variances by their ratio: 0 is perfect, and too little is worse than too much."""
    return mean([came / made - log(came / made) - 1 for made, came in pairs])


def rmse(pairs: Sequence[tuple[float, float]], interval_s: int) -> float:
    """The root mean square error of volatility, in percent a year."""
    return sqrt(
        mean([(volatility(made, interval_s) - volatility(came, interval_s)) ** 2 for made, came in pairs])
    )


def table(found: Mapping[str, Sequence[tuple[float, float]]], interval_s: int) -> str:
    """The errors of all models, a line each."""
    lines = [f"{'model':<8}{'QLIKE':>10}{'RMSE':>10}"]
    lines += [f"{name:<8}{qlike(each):>10.4f}{rmse(each, interval_s):>10.2f}" for name, each in found.items()]
    return "\n".join(lines)


def squares_of(bars: Iterable[Any], interval_s: int) -> list[float]:
    """The squared returns of bars as REST tells them, the oldest first."""
    returns = Returns()
    told = (returns.of(bar.start, interval_s * 1000, bar.close, gap=bar.gap) for bar in bars if bar.closed)
    return [each for each in told if each is not None]


def main() -> None:
    """Read, forecast, and print how far off that was."""
    from tickwell_client.sync import rest  # the plugin does without

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("key", nargs="?", default="bybit:linear:BTCUSDT")
    parser.add_argument("--url", default="http://127.0.0.1:8765")
    parser.add_argument("--interval", choices=INTERVALS_S, default="1m", help="1s has what is in memory only")
    parser.add_argument("--from", dest="begin", default="-7d", help="such as -7d, 2025-12-23T21:00:00Z")
    for name, default in OWN.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    given = parser.parse_args()
    with rest(given.url) as hub:
        if given.interval == "1s":
            bars = hub.bars(given.key, interval="1s", limit=300)
        else:
            bars = list(hub.bar_history(given.key, interval=given.interval, from_=given.begin))
    interval_s = INTERVALS_S[given.interval]
    squares = squares_of(bars, interval_s)
    found = errors(squares, given.horizon, given.half_life, given.fit_bars)
    count = len(found.get("har", ()))
    print(f"{given.key}: {len(squares)} returns of {given.interval}, {count} forecasts out of sample")
    print(table(found, interval_s) if found else "too few bars: ask for more, or for less ahead")


if __name__ == "__main__":
    main()
