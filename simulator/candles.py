"""Candles of one Hyperliquid coin: an invented, consistent past and a live present fed by trades.

The past bridges yesterday's price and today's: the hourly extremes of the last day are exactly the
instrument's 24 h high and low, so whoever derives those from candles gets the truth.
"""

from dataclasses import dataclass
from typing import Any, Final

from simulator.dice import dice
from simulator.instruments import Instrument, plain, pointed

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
MINUTE_MS: Final = 60_000
INTERVALS_MS: Final = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
    "1M": 30 * DAY_MS,
}
MAXIMUM_ROWS: Final = 5_000
HIGH_HOURS_AGO: Final = 9  # where the day's extremes lie
LOW_HOURS_AGO: Final = 15


@dataclass(slots=True)
class Candle:
    """One candle as numbers."""

    start_ms: int
    opened: float
    high: float
    low: float
    closed: float
    volume: float
    trades: int


class CandleSeries:
    """The candles of one instrument and one interval."""

    def __init__(self, instrument: Instrument, interval: str, now_ms: int, seed: int) -> None:
        self.instrument = instrument
        self.interval = interval
        self.length_ms = INTERVALS_MS[interval]
        self._seed = seed
        self._start_ms = now_ms  # the present begins here; everything before is invented
        self._anchor = instrument.last
        self._high, self._low = instrument.high_24h, instrument.low_24h
        self._done: list[Candle] = []
        first = self._invent(now_ms - now_ms % self.length_ms)
        first.closed = instrument.last
        first.high, first.low = max(first.high, first.closed), min(first.low, first.closed)
        self.current = first

    def trade(self, now_ms: int) -> None:
        """Take the instrument's last trade into the current candle, opening a new one when it is time."""
        price = self.instrument.last
        start_ms = now_ms - now_ms % self.length_ms
        candle = self.current
        if start_ms > candle.start_ms:
            self._done.append(candle)
            candle = self.current = Candle(start_ms, price, price, price, price, 0.0, 0)
        candle.closed = price
        candle.high = max(candle.high, price)
        candle.low = min(candle.low, price)
        candle.volume += self.instrument.last_size
        candle.trades += 1

    def between(self, start_ms: int, end_ms: int) -> list[Candle]:
        """The candles that start within the span, oldest first, the open one last."""
        live = [*self._done, self.current]
        first_ms = max(start_ms, end_ms - MAXIMUM_ROWS * self.length_ms)
        first_ms += -first_ms % self.length_ms
        past = [
            self._invent(moment)
            for moment in range(first_ms, min(live[0].start_ms, end_ms + 1), self.length_ms)
        ]
        return past + [candle for candle in live if start_ms <= candle.start_ms <= end_ms]

    def _price_at(self, moment_ms: int) -> float:
        """The invented price at a moment before the start: a line to yesterday's price, with bumps."""
        ago = max(0.0, (self._start_ms - moment_ms) / DAY_MS)
        share = min(ago, 1.0)
        line = self._anchor + (self.instrument.open_24h - self._anchor) * share
        bump = dice(self._seed, self.instrument.symbol, moment_ms).uniform(-0.0015, 0.0015)
        price = line * (1.0 + (bump if ago else 0.0))
        return min(max(price, self._low), self._high)

    def _invent(self, start_ms: int) -> Candle:
        """A candle of the past."""
        instrument = self.instrument
        end_ms = start_ms + self.length_ms
        opened, closed = self._price_at(start_ms), self._price_at(min(end_ms, self._start_ms))
        high = min(max(opened, closed) * 1.001, self._high)
        low = max(min(opened, closed) * 0.999, self._low)
        if start_ms <= self._start_ms - HIGH_HOURS_AGO * HOUR_MS < end_ms:
            high = self._high
        if start_ms <= self._start_ms - LOW_HOURS_AGO * HOUR_MS < end_ms:
            low = self._low
        volume = instrument.volume_24h * self.length_ms / DAY_MS
        trades = max(1, int(instrument.trades_24h * self.length_ms / DAY_MS))
        return Candle(start_ms, opened, high, low, closed, volume, trades)

    def row(self, candle: Candle) -> dict[str, Any]:
        """One candle in Hyperliquid's form."""
        instrument = self.instrument
        decimals = instrument.tick_decimals
        return {
            "t": candle.start_ms,
            "T": candle.start_ms + self.length_ms - 1,
            "s": instrument.symbol,
            "i": self.interval,
            "o": pointed(candle.opened, decimals),
            "c": pointed(candle.closed, decimals),
            "h": pointed(candle.high, decimals),
            "l": pointed(candle.low, decimals),
            "v": plain(candle.volume, instrument.size_decimals + 2),
            "n": candle.trades,
        }
