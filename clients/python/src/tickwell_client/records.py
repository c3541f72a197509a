"""What the hub tells, as types: the records of the channels.

Prices are in quote units, sizes and volumes in the base coin, times in Unix ms, changes in percent. `None`
means unknown. Where `fields` left something out, it has its default: `None`, or NaN for prices and sizes.
Fields that a newer hub adds are ignored.
"""

from __future__ import annotations

from math import nan
from typing import Any, NamedTuple

from msgspec import Struct


class Level(NamedTuple):
    """One price of a book, and the size that waits there."""

    price: float
    size: float


class Record(Struct, frozen=True, kw_only=True):
    """What every record of an instrument has. Only while `quality` is `live` it is current."""

    key: str
    ts_event: int | None = None
    ts_recv: int | None = None
    quality: str | None = None

    @property
    def is_live(self) -> bool:
        """Whether it may be taken for the current state."""
        return self.quality == "live"


class Ticker(Record, frozen=True, kw_only=True):
    """The newest of everything that is known of an instrument.

    `funding_rate` is a fraction per `funding_interval_h` hours, `funding_apr` percent per year; `spread_bps`
    and `premium_bps` are 1/10000. `timestamp` alone is Unix seconds.
    """

    symbol: str = ""
    market: str = ""
    exchange: str = ""
    name: str | None = None
    price: float | None = None
    bid: float | None = None
    ask: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    mid: float | None = None
    spread: float | None = None
    spread_bps: float | None = None
    volume_24h: float | None = None
    turnover_24h: float | None = None
    change_24h: float | None = None
    change_1h: float | None = None
    change_5m: float | None = None
    change_1m: float | None = None
    high_24h: float | None = None
    low_24h: float | None = None
    mark_price: float | None = None
    index_price: float | None = None
    premium_bps: float | None = None
    funding_rate: float | None = None
    funding_interval_h: float | None = None
    funding_rate_8h: float | None = None
    funding_apr: float | None = None
    next_funding_ts: int | None = None
    open_interest: float | None = None
    open_interest_value: float | None = None
    timestamp: float | None = None
    age_ms: int | None = None
    stale: bool = False


class Quote(Record, frozen=True, kw_only=True):
    """The best bid and the best ask."""

    bid: float | None = None
    ask: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    mid: float | None = None
    spread_bps: float | None = None


class Trade(Record, frozen=True, kw_only=True):
    """One public trade; `side` (`buy` or `sell`) is the taker's.

    `count` is how many fills an aggregated trade stands for. `backfill` marks what the hub fetched later, or
    the exchange repeated: it did not come as it happened.
    """

    trade_id: str = ""
    price: float = nan
    size: float = nan
    side: str = ""
    count: int = 1
    backfill: bool = False


class Bar(Record, frozen=True, kw_only=True):
    """One bar of `interval` from `start` (Unix ms) on.

    It is final once `closed`; `revision` counts what changed after that, and `gap` says that trades of its
    time may be missing. `source` is `trades`, `backfill` or `exchange`.
    """

    start: int = 0
    interval: str = ""
    open: float = nan
    high: float = nan
    low: float = nan
    close: float = nan
    volume: float = nan
    turnover: float | None = None
    trades: int | None = None
    taker_buy_volume: float | None = None
    vwap: float | None = None
    closed: bool = False
    revision: int = 0
    gap: bool = False
    source: str = ""


class Liquidation(Record, frozen=True, kw_only=True):
    """A position that its exchange closed by force; `side` is `long` or `short`, `value` is in quote.

    `sampled` says that the exchange tells only some of them.
    """

    exchange: str = ""
    market: str = ""
    symbol: str = ""
    side: str = ""
    price: float = nan
    size: float = nan
    value: float = nan
    sampled: bool = False


class Funding(Record, frozen=True, kw_only=True):
    """What a perpetual pays: see `Ticker` for the units."""

    exchange: str = ""
    market: str = ""
    symbol: str = ""
    name: str | None = None
    funding_rate: float | None = None
    funding_interval_h: float | None = None
    next_funding_ts: int | None = None
    funding_rate_8h: float | None = None
    funding_apr: float | None = None
    mark_price: float | None = None
    index_price: float | None = None
    premium_bps: float | None = None
    open_interest: float | None = None
    open_interest_value: float | None = None
    age_ms: int | None = None


class Quality(Record, frozen=True, kw_only=True):
    """The state of one channel of one instrument, since when (Unix ms) and why.

    `threshold_ms` is the silence that makes it stale.
    """

    exchange: str = ""
    market: str = ""
    symbol: str = ""
    channel: str = ""
    since: int | None = None
    reason: str = ""
    last_ts: int | None = None
    age_ms: int | None = None
    threshold_ms: float | None = None
    messages: int = 0
    gaps: int = 0
    resyncs: int = 0
    duplicates: int = 0
    out_of_order: int = 0


class Derived(Record, frozen=True, kw_only=True):
    """What a plugin of the hub makes of bars or tickers; `name` tells it from what else that plugin says.

    `value` is the number itself, `values` are others that belong to it, `inputs` the keys that it rests on.
    `source` is `bar` or `ticker`, `ts` the exchange's time up to which it was told. `quality` is that of its
    worst input.
    """

    plugin: str = ""
    name: str = ""
    value: float | None = None
    values: dict[str, float | None] = {}
    inputs: list[str] = []
    source: str = ""
    ts: int | None = None


class Alert(Struct, frozen=True, kw_only=True):
    """What a rule told; `kind` is `fired`, `resolved`, `stale` (all of its data is) or `fresh` again.

    `key` is the instrument, an asset such as `BTC-USD`, or empty where it is about the whole rule; `subject`
    is the same, or `None` then. `value` and `bound` are in the unit of the rule, `severity` is `info`,
    `warning` or `critical`. `id` is its own for ever, `number` orders the history. `muted`: no notifier was
    told. It happened at `ts`, and had held since `since`.
    """

    key: str = ""
    id: str = ""
    number: int = 0
    kind: str = ""
    rule: str = ""
    severity: str = ""
    subject: str | None = None
    value: float | None = None
    bound: float | None = None
    text: str = ""
    note: str = ""
    muted: bool = False
    ts: int = 0
    since: int = 0


class SystemEvent(Struct, frozen=True, kw_only=True):
    """Something about the hub and its feeds: `type` is `gap` or `feed`, and `data` what it says."""

    type: str
    data: dict[str, Any]
