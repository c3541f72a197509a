"""What Hyperliquid leaves to its readers: one coin's price, its change, and the day's high and low."""

from __future__ import annotations

from math import isfinite

from msgspec import Struct

from actors.exchanges._hyperliquid_wire import NS_PER_MS, Candle

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Coin(Struct):
    """The newest of what one coin's record is computed from.

    `trade` is the time and id of the newest trade. `candles` maps the start of an hour to its high and
    low; they are `seeded` once REST has told the past day. `asked` says that an answer is still to come,
    `hour_ends` when the window slides.
    """

    trade: tuple[int, int] = (-1, -1)
    trade_px: float | None = None
    mid_px: float | None = None
    mark_px: float | None = None
    prev_day_px: float | None = None
    candles: dict[int, tuple[float, float]] = {}
    seeded: bool = False
    asked: bool = False
    extremes: tuple[float | None, float | None] = (None, None)
    hour_ends: int = 0

    def price_and_change(self) -> tuple[float | None, float | None]:
        """Rounding takes away the noise of the binary division."""
        price = self.trade_px or self.mid_px or self.mark_px or None
        if not price or not self.prev_day_px:
            return price, None
        change = (price - self.prev_day_px) / self.prev_day_px * 100.0
        return price, round(change, 10) if isfinite(change) else None

    def add(self, candle: Candle) -> bool:
        """Whether it tells anything new. A candle only grows, so that the order of arrival is nothing."""
        if not candle.low:
            return False
        high, low = self.candles.get(candle.start_ms, (0.0, candle.low))
        if candle.high <= high and candle.low >= low:
            return False
        self.candles[candle.start_ms] = max(high, candle.high), min(low, candle.low)
        return True

    def slide(self, ts_recv: int) -> bool:
        """Forget what began more than a day ago. Whether high and low are known and have changed."""
        oldest_ms = ts_recv // NS_PER_MS - DAY_MS
        self.candles = {start: range_ for start, range_ in self.candles.items() if start > oldest_ms}
        highs, lows = zip(*self.candles.values(), strict=True) if self.candles else ((), ())
        before = self.extremes
        self.extremes = max(highs, default=None), min(lows, default=None)
        return self.seeded and self.extremes != before
