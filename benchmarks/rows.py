"""Rows as a busy hub keeps them: tickers of 600 instruments, their trades, and every minute their bars.

Twenty thousand a second: each ticker ten times, ten bars on average (all of them when a minute ends), the
rest trades, a few instruments having most of them as everywhere. Half of the trades' ids are numbers, half
UUIDs.
"""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Iterator

from actors.market.rows import BarRow, Row, TickRow, TradeRow
from benchmarks.wire import symbol

NS_PER_S = 1_000_000_000
SYMBOLS = 600
ROWS_PER_S = 20_000
TICKS_PER_S = 10
STEP_NS = NS_PER_S // TICKS_PER_S
STEP_ROWS = ROWS_PER_S // TICKS_PER_S
MINUTE_STEPS = 60 * TICKS_PER_S
PLACE = ("bybit", "linear")


class Market:
    """What happens at an exchange, a tenth of a second after the other from `begin_ns` on."""

    def __init__(self, begin_ns: int, seed: int = 7) -> None:
        self.now_ns = begin_ns - begin_ns % STEP_NS
        self._draw = random.Random(seed)
        self._names = [symbol(number) for number in range(SYMBOLS)]
        self._prices = [10 ** self._draw.uniform(-1, 5) for _ in self._names]
        self._traded = list(itertools.accumulate(1 / (rank + 1) for rank in range(SYMBOLS)))
        self._numbers = itertools.count(1_000_000_000)

    def steps(self, seconds: float) -> Iterator[list[Row]]:
        """The rows of so many seconds, a step at a time."""
        for _ in range(int(seconds * TICKS_PER_S)):
            yield self.step()

    def step(self) -> list[Row]:
        """The rows of the next step."""
        begin_ns, self.now_ns = self.now_ns, self.now_ns + STEP_NS
        rows: list[Row] = [self._tick(number) for number in range(SYMBOLS)]
        if self.now_ns % (60 * NS_PER_S) == 0:
            rows += [self._bar(number) for number in range(SYMBOLS)]
        missing = STEP_ROWS - SYMBOLS - SYMBOLS // MINUTE_STEPS
        numbers = self._draw.choices(range(SYMBOLS), cum_weights=self._traded, k=missing)
        gap_ns = STEP_NS // missing
        rows += [self._trade(number, begin_ns + place * gap_ns) for place, number in enumerate(numbers)]
        return rows

    def _tick(self, number: int) -> TickRow:
        price = self._prices[number] = self._prices[number] * self._draw.uniform(0.9999, 1.0001)
        ts = self.now_ns - number * 1_000
        around = (price * 1.04, price * 0.97, 1.25, price * 0.9999, price * 1.0001)
        return TickRow(ts, *PLACE, self._names[number], price, 65_000.5, *around)

    def _bar(self, number: int) -> BarRow:
        price, start_ns = self._prices[number], self.now_ns - 60 * NS_PER_S
        return BarRow(
            start_ns, *PLACE, self._names[number], 60,
            open=price, high=price * 1.001, low=price * 0.999, close=price * 1.0005,
            volume=1250.5, turnover=1250.5 * price, trades=420, taker_buy_volume=600.25,
            closed=True, revision=1, gap=False, source="trades",
        )  # fmt: skip

    def _trade(self, number: int, ts: int) -> TradeRow:
        name, price = self._names[number], self._prices[number]
        side = "buy" if number % 2 else "sell"
        return TradeRow(ts, *PLACE, name, self._trade_id(), price, 0.125, side, 1, False)

    def _trade_id(self) -> str:
        number = next(self._numbers)
        return str(number) if number % 2 else str(uuid.UUID(int=self._draw.getrandbits(128)))
