"""One instrument's record, as its readers see it."""

from __future__ import annotations

from msgspec import Struct

from actors.market.events import State


class Ticker(Struct, frozen=True, kw_only=True):
    """One instrument's record: the newest of everything that its exchange tells about it.

    `volume_24h` is in base coin, `turnover_24h` in quote; `change_24h` is percent; `funding_rate` is a
    fraction per `funding_interval_h` hours; `open_interest` counts one side, in base coin;
    `next_funding_ts` is in nanoseconds like every time here. `change_1m` and its like are percent, `None`
    until there is a price of that long ago. Only a record whose `quality` is `live` may be shown as current.
    """

    exchange: str
    market: str
    symbol: str
    name: str | None = None
    price: float | None = None
    bid: float | None = None
    ask: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    volume_24h: float | None = None
    turnover_24h: float | None = None
    change_24h: float | None = None
    high_24h: float | None = None
    low_24h: float | None = None
    mark_price: float | None = None
    index_price: float | None = None
    funding_rate: float | None = None
    funding_interval_h: float | None = None
    next_funding_ts: int | None = None
    open_interest: float | None = None
    ts_event: int | None = None
    ts_recv: int = 0
    change_1m: float | None = None
    change_5m: float | None = None
    change_1h: float | None = None
    quality: State = "connecting"

    @property
    def stale(self) -> bool:
        """Whether it must not be shown as the current price."""
        return self.quality != "live"

    @property
    def key(self) -> str:
        """The instrument's name across all exchanges, such as `bybit:linear:BTCUSDT`."""
        return f"{self.exchange}:{self.market}:{self.symbol}"
