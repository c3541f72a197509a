"""What history is made of: one row per thing that happened, flat, with the key that makes it unique.

The key of a row is what a sink deduplicates by, because a row may be sent twice after a crash: rows with
equal keys are the same row, and of a bar the newest `revision` counts. Times are nanoseconds.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct


class TickRow(Struct, frozen=True, gc=False, array_like=True, tag="tick"):
    """One instrument's ticker at one moment of our clock. Key: exchange, market, symbol, ts."""

    ts: int
    exchange: str
    market: str
    symbol: str
    price: float
    volume: float | None
    high_24h: float | None
    low_24h: float | None
    change_24h: float | None
    bid: float | None
    ask: float | None


class TradeRow(Struct, frozen=True, gc=False, array_like=True, tag="trade"):
    """One trade at the exchange's time. Key: exchange, market, symbol, trade_id."""

    ts: int
    exchange: str
    market: str
    symbol: str
    trade_id: str
    price: float
    size: float
    side: str
    count: int
    backfill: bool


class BarRow(Struct, frozen=True, gc=False, array_like=True, tag="bar"):
    """One bar from its start on. Key: exchange, market, symbol, interval_s, ts."""

    ts: int
    exchange: str
    market: str
    symbol: str
    interval_s: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float | None
    trades: int | None
    taker_buy_volume: float | None
    closed: bool
    revision: int
    gap: bool
    source: str


class LiquidationRow(Struct, frozen=True, gc=False, array_like=True, tag="liquidation"):
    """One liquidation; `side` is the position's. Key: exchange, market, symbol, ts, side, price, size."""

    ts: int
    exchange: str
    market: str
    symbol: str
    side: str
    price: float
    size: float


class FundingRow(Struct, frozen=True, gc=False, array_like=True, tag="funding"):
    """A funding rate when it changed, or its period did. Key: exchange, market, symbol, ts."""

    ts: int
    exchange: str
    market: str
    symbol: str
    funding_rate: float
    funding_interval_h: float | None
    next_funding_ts: int | None
    mark_price: float | None
    index_price: float | None
    open_interest: float | None


class GapRow(Struct, frozen=True, gc=False, array_like=True, tag="gap"):
    """Something that is missing, of a channel or (`outbox`) of history itself, from `ts` to `to_ts`.

    Key: exchange, market, symbol, channel, ts. `to_ts` is `None` while it lasts.
    """

    ts: int
    exchange: str
    market: str
    symbol: str
    channel: str
    to_ts: int | None
    cause: str
    reason: str
    missed: int | None
    recovered: int
    healed: bool


Row: TypeAlias = TickRow | TradeRow | BarRow | LiquidationRow | FundingRow | GapRow
