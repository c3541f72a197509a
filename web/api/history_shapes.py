"""What history looks like from outside."""

from __future__ import annotations

from msgspec import Struct, field

from actors.market.derived import HOURS_PER_YEAR, rate_per_hours
from actors.market.reports import Bar, BarSource
from actors.market.rows import BarRow, FundingRow, TickRow, TradeRow
from web.api.history_gaps import GapOut
from web.api.history_known import PRICES_NAME_OF
from web.wire import unix_ms


class TickOut(Struct, frozen=True):
    """An instrument's ticker as it was at `ts` (Unix ms); `change_24h` is percent."""

    ts: int
    price: float
    volume_24h: float | None
    change_24h: float | None
    high_24h: float | None
    low_24h: float | None
    bid: float | None
    ask: float | None


class PriceOut(Struct, frozen=True):
    """An instrument's price as it was at `timestamp` (Unix ms), and its rolling 24 hours: `volume` in the
    base coin, `change24h` in percent. `market` is `SPOT` or `FUTURES`."""

    timestamp: int
    exchange: str
    symbol: str
    market: str
    price: float
    volume: float | None
    high24h: float | None
    low24h: float | None
    change24h: float | None
    bid: float | None
    ask: float | None


class PastTradeOut(Struct, frozen=True):
    """One trade at the exchange's time (Unix ms); `side` is the aggressor's, `count` how many fills it
    stands for. `backfill` marks what was fetched later, or repeated by the exchange."""

    trade_id: str
    price: float
    size: float
    side: str
    ts_event: int
    count: int
    backfill: bool


class PastFundingOut(Struct, frozen=True):
    """A funding rate as it stood from `ts` (Unix ms) on, until the next row: a fraction per
    `funding_interval_h` hours, the same per 8 hours, and percent per year without compounding.
    `open_interest` is one-sided, in the base coin."""

    ts: int
    funding_rate: float
    funding_interval_h: float | None
    funding_rate_8h: float | None
    funding_apr: float | None
    next_funding_ts: int | None
    mark_price: float | None
    index_price: float | None
    open_interest: float | None


class PageMeta(Struct, frozen=True, kw_only=True):
    """What a page says of itself: of which instrument, from when to when (Unix ms; `null` for no bound), how
    many rows it holds, and whether there are more: `next_cursor` goes on behind the last. `gaps` are the
    holes in the time that this page covers, the newest 100 of them; `null` if they cannot be told now."""

    as_of: int
    key: str
    from_: int | None = field(name="from")
    to: int | None
    order: str
    count: int
    has_more: bool
    next_cursor: str | None
    gaps: list[GapOut] | None


def tick_out(row: TickRow) -> TickOut:
    """A tick as its readers see it."""
    return TickOut(
        row.ts // 1_000_000,
        row.price,
        row.volume,
        row.change_24h,
        row.high_24h,
        row.low_24h,
        row.bid,
        row.ask,
    )


def price_out(row: TickRow) -> PriceOut:
    """A tick as readers of prices see it."""
    return PriceOut(
        row.ts // 1_000_000,
        row.exchange,
        row.symbol,
        PRICES_NAME_OF.get(row.market, row.market),
        row.price,
        row.volume,
        row.high_24h,
        row.low_24h,
        row.change_24h,
        row.bid,
        row.ask,
    )


def past_trade_out(row: TradeRow) -> PastTradeOut:
    """A trade as its readers see it."""
    return PastTradeOut(
        row.trade_id, row.price, row.size, row.side, row.ts // 1_000_000, row.count, row.backfill
    )


def past_funding_out(row: FundingRow) -> PastFundingOut:
    """A funding rate as its readers see it."""
    per_year = rate_per_hours(row.funding_rate, row.funding_interval_h, HOURS_PER_YEAR)
    return PastFundingOut(
        row.ts // 1_000_000,
        row.funding_rate,
        row.funding_interval_h,
        rate_per_hours(row.funding_rate, row.funding_interval_h, 8.0),
        None if per_year is None else per_year * 100.0,
        unix_ms(row.next_funding_ts),
        row.mark_price,
        row.index_price,
        row.open_interest,
    )


SOURCES: dict[str, BarSource] = {"trades": "trades", "backfill": "backfill", "exchange": "exchange"}


def bar_of_row(row: BarRow) -> Bar:
    """A row as the bar that it keeps."""
    return Bar(
        row.symbol,
        row.interval_s,
        row.ts,
        row.open,
        row.high,
        row.low,
        row.close,
        row.volume,
        row.turnover,
        row.trades,
        row.taker_buy_volume,
        row.closed,
        row.revision,
        row.gap,
        SOURCES[row.source],
    )
