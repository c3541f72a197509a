"""What can be traded: an exchange's listing in our words."""

from __future__ import annotations

from msgspec import Struct

LINEAR = "linear"
SPOT = "spot"
MARKETS = (LINEAR, SPOT)


class Instrument(Struct, frozen=True, kw_only=True):
    """One tradable instrument. `symbol` is the exchange's spelling, `name` is ours.

    `multiplier` is how many units of the base coin one listed unit stands for (1000PEPEUSDT: 1000).
    `halted` is the exchange's word for why it does not trade now (`BREAK`), `None` while it trades.
    """

    exchange: str
    market: str
    symbol: str
    base: str
    quote: str
    tick_size: float | None = None
    lot_size: float | None = None
    multiplier: float = 1.0
    funding_interval_h: float | None = None
    halted: str | None = None

    @property
    def key(self) -> str:
        """The instrument across all exchanges, such as `bybit:linear:BTCUSDT`."""
        return f"{self.exchange}:{self.market}:{self.symbol}"

    @property
    def name(self) -> str:
        """The canonical name, such as `BTC-USDT`."""
        return f"{self.base}-{self.quote}"
