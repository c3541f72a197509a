"""The vocabulary: everything that travels from an exchange to a reader, as immutable values.

Times are integer nanoseconds since the Unix epoch: `ts_event` is the exchange's clock (`None` where a
message carries no time), `ts_recv` is ours. Prices are in quote units, sizes and volumes in base
units, rates are fractions, changes are percent. What an exchange does not tell is `None`: never 0,
never NaN. New channels are new structs here and a new member of `Event`.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

Value: TypeAlias = float | int | None


class TickerUpdate(Struct, frozen=True, gc=False):
    """Some fields of one instrument's `Ticker`.

    `values` maps names of `Ticker` fields to their new values. A name that is absent is unchanged;
    a name that maps to `None` is now unknown.
    """

    symbol: str
    values: dict[str, Value]
    ts_event: int | None
    ts_recv: int


class Quote(Struct, frozen=True, gc=False):
    """The best bid and ask of one instrument. An empty side is `None`, price and size."""

    symbol: str
    bid: float | None
    bid_size: float | None
    ask: float | None
    ask_size: float | None
    ts_event: int | None
    ts_recv: int


class FeedDown(Struct, frozen=True):
    """A connection ended: whatever it carried is stale until it carries it again."""

    reason: str
    ts_recv: int


class Silent(Struct, frozen=True):
    """One stream of an instrument said nothing for longer than its rhythm allows."""

    symbol: str
    topic: str


class Heard(Struct, frozen=True):
    """A stream that was silent speaks again."""

    symbol: str
    topic: str


class Removed(Struct, frozen=True):
    """An instrument is no longer followed: delisted, or no longer wanted."""

    symbol: str


class Named(Struct, frozen=True):
    """Our name of an instrument, which its exchange may spell otherwise (`@107` is `HYPE-USDC`)."""

    symbol: str
    name: str


Event: TypeAlias = TickerUpdate | Quote | FeedDown | Silent | Heard | Removed | Named


class Source(Struct, frozen=True):
    """Where a batch comes from: one connection of one market. `life` numbers its reconnections."""

    exchange: str
    market: str
    connection: str
    life: int


class Batch(Struct, frozen=True):
    """The events of one socket read, in the order in which they arrived.

    What was `fetched` over REST fills fields, and proves nothing about the stream.
    """

    source: Source
    events: list[Event]
    fetched: bool = False


class Ticker(Struct, frozen=True, kw_only=True):
    """One instrument's record: the newest of everything that its exchange tells about it.

    `volume_24h` is in base coin, `turnover_24h` in quote; `change_24h` is percent; `funding_rate` is a
    fraction per `funding_interval_h` hours; `open_interest` counts one side, in base coin;
    `next_funding_ts` is in nanoseconds like every time here. `stale` says that the record, or a part
    of it, is older than its feed's rhythm allows: it must not be shown as the current price.
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
    stale: bool = False

    @property
    def key(self) -> str:
        """The instrument's name across all exchanges, such as `bybit:linear:BTCUSDT`."""
        return f"{self.exchange}:{self.market}:{self.symbol}"
