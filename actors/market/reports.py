"""What the live picture tells its readers beside tickers: immutable, ready to be shown."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from actors.market.distribution import Distribution
from actors.market.events import Levels, State

BarSource: TypeAlias = Literal["trades", "backfill", "exchange"]


class Bar(Struct, frozen=True, gc=False):
    """One bar of one instrument, keyed on the time of its trades.

    `source` says where it comes from: our `trades`; trades that were in part fetched after a gap
    (`backfill`); or the `exchange`'s own candle. `gap` says that trades of its time may be missing.
    `revision` counts changes after it was `closed`. `taker_buy_volume`, `turnover` and `trades` are `None`
    where an exchange's candle does not tell them.
    """

    symbol: str
    interval_s: int
    start_ns: int
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
    source: BarSource

    @property
    def vwap(self) -> float | None:
        """The volume-weighted average price; `None` without volume."""
        return self.turnover / self.volume if self.turnover is not None and self.volume else None


class BookView(Struct, frozen=True, gc=False):
    """An order book as it was at one moment, the best levels first. Only a `live` one is a true picture."""

    symbol: str
    bids: Levels
    asks: Levels
    depth: int
    update_id: int | None
    ts_event: int | None
    ts_recv: int
    quality: State


class Hole(Struct, frozen=True):
    """A gap in what was recorded of a channel: when, why, and what became of it.

    `to_ns` is `None` while it is open. `missed` counts what is missing where that is known, `recovered` what
    was fetched back; `healed` says that nothing of it is missing any more.
    """

    exchange: str
    market: str
    symbol: str
    channel: str
    from_ns: int
    to_ns: int | None
    cause: str
    reason: str
    missed: int | None = None
    recovered: int = 0
    healed: bool = False


class QualityReport(Struct, frozen=True):
    """What is known about one channel of one instrument: whether it can be trusted, since when, and why.

    `age_ns` of a reader's clock follows from `last_ns`, the newest data. `threshold_ns` is the silence from
    which on it is stale, as learned; `None` where silence means nothing.

    Of what came, some is not told on: it was `too_old` to be proven new, or more than could be handed on in
    time (`untold`). What came `too_late` was told, and is missing in a bar that was let go of before.
    """

    exchange: str
    market: str
    symbol: str
    channel: str
    state: State
    since_ns: int
    reason: str
    last_ns: int | None
    threshold_ns: float | None
    messages: int = 0
    gaps: int = 0
    resyncs: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    too_old: int = 0
    too_late: int = 0
    untold: int = 0


class LatencyReport(Struct, frozen=True):
    """How long the data of one market takes, in milliseconds, over the last minute or so.

    `clock_offset_ms` is how far the exchange's clock is ahead of ours, known within `clock_error_ms` either
    way; both are `None` where the exchange tells no time, and the latency is not corrected then.
    `delays` and `dwells` are the same samples since the start.
    """

    exchange: str
    market: str
    p50_ms: float | None
    p99_ms: float | None
    dwell_p50_ms: float | None
    dwell_p99_ms: float | None
    clock_offset_ms: float | None
    clock_error_ms: float | None
    delays: Distribution = Distribution()
    dwells: Distribution = Distribution()
