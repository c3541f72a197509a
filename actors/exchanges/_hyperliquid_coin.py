"""What Hyperliquid leaves to its readers: one coin's price, its change, and the day's high and low."""

from __future__ import annotations

from math import isfinite

from msgspec import Struct

from actors.exchanges._hyperliquid_wire import NS_PER_MS, Candle, Trade

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Coin(Struct):
    """The newest of what one coin's record is computed from.

    `trade_px` is the price of the newest trade, which came at `trade_ms`, or without trades a candle's last.
    `block` holds the ids of all trades of that time, each with its place among them.
    `hours` maps the start of an hour to its high and low; they are `seeded` once REST has told the past day.
    `asked` says that an answer is still to come, `hour_ends` when the window slides.

    `trades_begun` says that its subscription has told the past, `minute` is the newest candle, and
    `candles_wanted` that those before it are to be asked as soon as it is known what time it is.
    """

    trade_ms: int = -1
    block: dict[int, int] = {}
    trade_px: float | None = None
    mid_px: float | None = None
    mark_px: float | None = None
    prev_day_px: float | None = None
    hours: dict[int, tuple[float, float]] = {}
    seeded: bool = False
    asked: bool = False
    extremes: tuple[float | None, float | None] = (None, None)
    hour_ends: int = 0
    trades_begun: bool = False
    minute: Candle | None = None
    candles_wanted: bool = False

    def price_and_change(self) -> tuple[float | None, float | None]:
        """Rounding takes away the noise of the binary division."""
        price = self.trade_px or self.mid_px or self.mark_px or None
        if not price or not self.prev_day_px:
            return price, None
        change = (price - self.prev_day_px) / self.prev_day_px * 100.0
        return price, round(change, 10) if isfinite(change) else None

    def take(self, trade: Trade) -> bool:
        """Whether it is the newest: what is past, or comes again, changes no price."""
        if trade.time < self.trade_ms or trade.tid in self.block:
            return False
        if trade.time > self.trade_ms:
            self.trade_ms, self.block = trade.time, {}
        self.block[trade.tid] = len(self.block)
        self.trade_px = trade.px
        return True

    def widen(self, time_ms: int, high: float, low: float) -> bool:
        """Whether its hour now reaches farther. An hour only grows: the order of arrival is nothing."""
        hour_ms = time_ms // HOUR_MS * HOUR_MS
        highest, lowest = self.hours.get(hour_ms, (0.0, low))
        if not low or (high <= highest and low >= lowest):
            return False
        self.hours[hour_ms] = max(highest, high), min(lowest, low)
        return True

    def slide(self, ts_recv: int) -> bool:
        """Forget what began more than a day ago. Whether high and low are known and have changed."""
        oldest_ms = ts_recv // NS_PER_MS - DAY_MS
        self.hours = {start: range_ for start, range_ in self.hours.items() if start > oldest_ms}
        highs, lows = zip(*self.hours.values(), strict=True) if self.hours else ((), ())
        before = self.extremes
        self.extremes = max(highs, default=None), min(lows, default=None)
        return self.seeded and self.extremes != before
