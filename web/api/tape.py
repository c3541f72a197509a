"""`/api/v1/trades/{key}`, `/api/v1/bars/{key}`: the tape of one instrument, and what it was made into."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any, Literal, TypeAlias, get_args

import msgspec
from msgspec import Struct

from actors.market.events import Side, Trade
from actors.market.reports import Bar, BarSource
from web.api.keys import Target, find, offered
from web.api.queries import Query
from web.api.resource import Answer, Body, Route, channel_state
from web.site import Site

LIMIT_MAX = 10_000  # what the settings can have kept
Interval: TypeAlias = Literal["1s", "1m", "5m", "15m", "1h", "4h", "1d"]
INTERVALS: dict[str, int] = dict(
    zip(get_args(Interval), (1, 60, 300, 900, 3600, 14_400, 86_400), strict=True)
)


class TradesQuery(Query, frozen=True, kw_only=True):
    """How many trades."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX, description="So many of the newest.")] = 100


class BarsQuery(Query, frozen=True, kw_only=True):
    """Which bars, and how many."""

    interval: Annotated[Interval, msgspec.Meta(description="The length of a bar.")] = "1m"
    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX, description="So many of the newest.")] = 100


class TradeOut(Struct, frozen=True):
    """One trade; `side` is the aggressor's. Times are Unix ms: the exchange's `ts_event`, and `ts_recv` ours.

    `count` is how many fills an aggregated trade stands for. `backfill` marks what was fetched later, or
    repeated by the exchange: it did not come as it happened.
    """

    trade_id: str
    price: float
    size: float
    side: Side
    ts_event: int
    ts_recv: int
    count: int
    backfill: bool


class BarOut(Struct, frozen=True):
    """One bar of `interval`, from `start` on (Unix ms), keyed on the time of its trades.

    `closed`: its time has passed. `revision` counts later changes. `gap`: trades of its time may be missing.
    `source` is `trades`, `backfill` (trades that were in part fetched later) or `exchange` (its own candle,
    which may not tell `turnover`, `trades`, `taker_buy_volume` and so `vwap`: `null` then). Volumes are in
    the base coin.
    """

    start: int
    interval: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float | None
    trades: int | None
    taker_buy_volume: float | None
    vwap: float | None
    closed: bool
    revision: int
    gap: bool
    source: BarSource


def answer_trades(site: Site, key: str, query: TradesQuery) -> Answer:
    """The newest trades, the newest first."""
    target = find(site, key)
    offered(site, target, "trades")

    def build(now_ns: int) -> Body:
        kept = target.board.picture.trades.get(target.pair, [])
        return told(
            target, [trade_out(each) for each in islice(reversed(kept), query.limit)], now_ns, "trades"
        )

    return Answer([target.board], (target.board.version("trades", "states", pair=target.pair),), build)


def answer_bars(site: Site, key: str, query: BarsQuery) -> Answer:
    """The newest bars, the newest last."""
    target = find(site, key)
    offered(site, target, "trades", "candles")

    def build(now_ns: int) -> Body:
        row = target.board.picture.bars.get(target.pair, {}).get(INTERVALS[query.interval])
        newest = row.newest(query.limit) if row is not None else []
        return told(target, [bar_out(each, query.interval) for each in newest], now_ns, "trades", "candles")

    return Answer([target.board], (target.board.version("bars", "states", pair=target.pair),), build)


def told(target: Target, data: list[TradeOut] | list[BarOut], now_ns: int, *channels: str) -> Body:
    """Records of one channel, and whether it can be trusted."""
    report = target.board.picture.quality(target.pair, *channels)
    return Body(data, {"quality": channel_state(channels[0], report, now_ns)})


def trade_out(trade: Trade) -> TradeOut:
    """A trade as its readers see it."""
    return TradeOut(
        trade.trade_id,
        trade.price,
        trade.size,
        trade.side,
        trade.ts_event // 1_000_000,
        trade.ts_recv // 1_000_000,
        trade.count,
        trade.backfill,
    )


def bar_out(bar: Bar, interval: str) -> BarOut:
    """A bar as its readers see it."""
    return BarOut(
        bar.start_ns // 1_000_000,
        interval,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.turnover,
        bar.trades,
        bar.taker_buy_volume,
        bar.vwap,
        bar.closed,
        bar.revision,
        bar.gap,
        bar.source,
    )


ROUTES: list[Route[Any]] = [
    Route(
        path="/api/v1/trades/{key}",
        name="trades",
        summary="The newest trades of one instrument",
        details="The newest first. Nothing yet is an empty list; `meta.quality` says whether the tape is "
        "whole and live.",
        query=TradesQuery,
        data=list[TradeOut],
        answer=answer_trades,
        problems=(400, 404),
    ),
    Route(
        path="/api/v1/bars/{key}",
        name="bars",
        summary="The newest bars of one instrument",
        details="The newest last, which is the one that still forms. Made of the trades, or of the "
        "exchange's own candles where those are missing: each bar says so.",
        query=BarsQuery,
        data=list[BarOut],
        answer=answer_bars,
        problems=(400, 404),
    ),
]
