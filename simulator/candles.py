"""Candles of one instrument: an invented, consistent past and a live present fed by trades.

The past bridges yesterday's price and today's: the hourly extremes of the last day are exactly the
instrument's 24 h high and low, so whoever derives those from candles gets the truth.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from simulator.dice import dice
from simulator.instruments import Instrument, plain, pointed
from simulator.tape import TapeTrade

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
ALL_INTERVALS_MS: Final = INTERVALS_MS | {"1s": 1_000, "6h": 6 * HOUR_MS}  # Hyperliquid lacks these two
MAXIMUM_ROWS: Final = 5_000
HIGH_HOURS_AGO: Final = 9  # where the day's extremes lie
LOW_HOURS_AGO: Final = 15


@dataclass(slots=True)
class Candle:
    """One candle as numbers. `volume`, `bought` are base units, `turnover`, `bought_turnover` quote units."""

    start_ms: int
    opened: float
    high: float
    low: float
    closed: float
    volume: float = 0.0
    trades: int = 0
    turnover: float = 0.0
    bought: float = 0.0  # by takers
    bought_turnover: float = 0.0
    first_id: int = -1  # of its trades; -1: none known
    last_id: int = -1


class CandleSeries:
    """The candles of one instrument and one interval; `World.candles` makes it and feeds it every trade."""

    def __init__(
        self, instrument: Instrument, interval: str, now_ms: int, seed: int, anchor: float | None = None
    ) -> None:
        self.instrument = instrument
        self.interval = interval
        self.length_ms = ALL_INTERVALS_MS[interval]
        self._seed = seed
        self._start_ms = now_ms  # the present begins here; everything before is invented
        self._anchor = instrument.last if anchor is None else anchor
        self._high, self._low = instrument.high_24h, instrument.low_24h
        self._done: deque[Candle] = deque(maxlen=MAXIMUM_ROWS)
        first = self._invent(now_ms - now_ms % self.length_ms)
        first.closed = self._anchor
        first.high, first.low = max(first.high, first.closed), min(first.low, first.closed)
        self.current = first

    @classmethod
    def replay(
        cls, instrument: Instrument, interval: str, start_ms: int, now_ms: int, seed: int
    ) -> "CandleSeries":
        """A series that already holds the tape since `start_ms`, when the tape is still complete."""
        tape = instrument.trades
        if not tape.total or tape.total > len(tape):
            return cls(instrument, interval, now_ms, seed)
        trades = list(tape)
        series = cls(instrument, interval, start_ms, seed, trades[0].price)
        for trade in trades:
            series.take(trade)
        return series

    def take(self, trade: TapeTrade) -> None:
        """Take one trade into the current candle, opening a new one when it is time."""
        price, amount = trade.price, trade.size
        start_ms = trade.time_ms - trade.time_ms % self.length_ms
        candle = self.current
        if start_ms > candle.start_ms:
            self._done.append(candle)
            candle = self.current = Candle(start_ms, price, price, price, price, first_id=trade.id)
        elif candle.first_id < 0:
            candle.first_id = trade.id
        candle.closed = price
        candle.high = max(candle.high, price)
        candle.low = min(candle.low, price)
        candle.volume += amount
        candle.turnover += amount * price
        candle.trades += 1
        candle.last_id = trade.id
        if trade.is_buy:
            candle.bought += amount
            candle.bought_turnover += amount * price

    def at(self, now_ms: int) -> Candle:
        """The candle that is open now: a flat one when nothing has traded in its time yet."""
        start_ms = now_ms - now_ms % self.length_ms
        candle = self.current
        return candle if start_ms <= candle.start_ms else self._flat(start_ms, candle.closed)

    def between(self, start_ms: int, end_ms: int) -> list[Candle]:
        """The candles that start within the span, oldest first; times without trades are missing."""
        live = [*self._done, self.current]
        first_ms = max(start_ms, end_ms - MAXIMUM_ROWS * self.length_ms)
        first_ms += -first_ms % self.length_ms
        past = [
            self._invent(moment)
            for moment in range(first_ms, min(live[0].start_ms, end_ms + 1), self.length_ms)
        ]
        return past + [candle for candle in live if start_ms <= candle.start_ms <= end_ms]

    def filled(self, start_ms: int, end_ms: int) -> list[Candle]:
        """As `between`, with a flat candle for every time without trades, as Bybit and Binance send them."""
        length_ms = self.length_ms
        first_ms = max(start_ms, end_ms - MAXIMUM_ROWS * length_ms)
        first_ms += -first_ms % length_ms
        live = [*self._done, self.current]
        known = {candle.start_ms: candle for candle in live}
        closed = next((row.closed for row in reversed(live) if row.start_ms < first_ms), live[0].opened)
        rows = []
        for moment in range(first_ms, end_ms + 1, length_ms):
            is_past = moment < live[0].start_ms
            candle = self._invent(moment) if is_past else known.get(moment) or self._flat(moment, closed)
            closed = candle.closed
            rows.append(candle)
        return rows

    def _flat(self, start_ms: int, price: float) -> Candle:
        return Candle(start_ms, price, price, price, price)

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
        turnover = volume * (opened + closed) / 2
        return Candle(start_ms, opened, high, low, closed, volume, trades, turnover, volume / 2, turnover / 2)

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
