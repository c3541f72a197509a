"""Rows at a steady rate, each with a number of its own, by which it is found again in any store."""

from __future__ import annotations

from actors.market.events import Trade
from actors.market.rows import Row, TickRow, TradeRow
from actors.market.tick import Changes, Record, Tick
from actors.market.ticker import Ticker

EXCHANGE, MARKET = "drill", "linear"
SYMBOLS = tuple(f"COIN{number:03d}USDT" for number in range(600))
STEP_S = 0.05
NS_PER_S = 1_000_000_000


class PacedLoad:
    """Ticks of one exchange over 600 symbols: half of their rows are tickers and half are trades, or all are
    tickers.

    The time of a row is `start_ns` and as many periods as its number says, so that time tells the number.
    """

    def __init__(self, start_ns: int, rows_per_s: int, *, trades: bool) -> None:
        self.rows_per_step = int(rows_per_s * STEP_S)
        self._tickers_per_step = self.rows_per_step // 2 if trades else self.rows_per_step
        self._start_ns = start_ns
        self._period_ns = NS_PER_S // rows_per_s
        self._next = 0

    def tick(self) -> Tick:
        """What changed within one step."""
        first, half = self._next, self._next + self._tickers_per_step
        self._next += self.rows_per_step
        trades = {(MARKET, _symbol(number)): [self._trade(number)] for number in range(half, self._next)}
        changes = Changes(tickers=[self._ticker(number) for number in range(first, half)], trades=trades)
        records: list[Record] = []
        return Tick(EXCHANGE, self.ts(self._next), records, changes)

    def ts(self, number: int) -> int:
        """The time of a row."""
        return self._start_ns + number * self._period_ns

    def number(self, row: Row) -> int | None:
        """The number of a row; `None` if it is not of this load, as gap rows are not."""
        if isinstance(row, TradeRow):
            return int(row.trade_id)
        return self.number_at(row.ts) if isinstance(row, TickRow) else None

    def number_at(self, ts: int) -> int:
        """The number of the ticker that has this time."""
        number, rest = divmod(ts - self._start_ns, self._period_ns)
        assert rest == 0, f"no row of this load has the time {ts}"
        return number

    def _ticker(self, number: int) -> Ticker:
        price = 100.0 + number % 997 / 8
        return Ticker(
            exchange=EXCHANGE, market=MARKET, symbol=_symbol(number), price=price, bid=price - 0.125,
            ask=price + 0.125, volume_24h=float(number), ts_recv=self.ts(number), quality="live",
        )  # fmt: skip

    def _trade(self, number: int) -> Trade:
        ts = self.ts(number)
        return Trade(_symbol(number), str(number), 100.0 + number % 997 / 8, 0.25, "buy", ts, ts)


def _symbol(number: int) -> str:
    return SYMBOLS[number % len(SYMBOLS)]
