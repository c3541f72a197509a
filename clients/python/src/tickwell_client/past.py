"""What is told over HTTP alone: instruments, whole books, and the rows of history. Times are Unix ms."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from tickwell_client.records import Level, Record


class Instrument(Struct, frozen=True, kw_only=True):
    """How an instrument trades. `halted` is the exchange's word for why it does not, now."""

    key: str
    exchange: str
    market: str
    symbol: str
    name: str
    base: str
    quote: str
    tick_size: float | None = None
    lot_size: float | None = None
    multiplier: float = 1.0
    funding_interval_h: float | None = None
    halted: str | None = None
    quality: str | None = None


class Book(Record, frozen=True, kw_only=True):
    """A book as `GET /api/v1/book/{key}` answers it: the best levels first."""

    bids: list[Level]
    asks: list[Level]
    depth: int | None = None
    mid: float | None = None
    spread: float | None = None
    spread_bps: float | None = None
    imbalance: float | None = None
    age_ms: int | None = None


class Tick(Struct, frozen=True, kw_only=True):
    """An instrument's ticker as it was at `ts` (Unix ms)."""

    ts: int
    price: float
    volume_24h: float | None = None
    change_24h: float | None = None
    high_24h: float | None = None
    low_24h: float | None = None
    bid: float | None = None
    ask: float | None = None


class PastTrade(Struct, frozen=True, kw_only=True):
    """A trade of the history; `side` is the taker's."""

    trade_id: str
    price: float
    size: float
    side: str
    ts_event: int
    count: int = 1
    backfill: bool = False


class PastBar(Struct, frozen=True, kw_only=True):
    """A bar of the history: see `Bar`."""

    start: int
    interval: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float | None = None
    trades: int | None = None
    taker_buy_volume: float | None = None
    vwap: float | None = None
    closed: bool = False
    revision: int = 0
    gap: bool = False
    source: str = ""


class Stats(Struct, frozen=True, kw_only=True):
    """What the prices of a window come to; `change` is percent."""

    key: str
    exchange: str
    symbol: str
    market: str
    window: str
    from_: int = msgspec.field(name="from")
    to: int
    count: int
    min: float | None = None
    max: float | None = None
    avg: float | None = None
    first: float | None = None
    last: float | None = None
    first_ts: int | None = None
    last_ts: int | None = None
    change: float | None = None
    volume: float | None = None
    vwap: float | None = None


class Price(Struct, frozen=True, kw_only=True):
    """An instrument's price at `timestamp` (Unix ms), and its rolling 24 hours. `market` is `SPOT` or
    `FUTURES`."""

    timestamp: int
    exchange: str
    symbol: str
    market: str
    price: float
    volume: float | None = None
    high24h: float | None = None
    low24h: float | None = None
    change24h: float | None = None
    bid: float | None = None
    ask: float | None = None
