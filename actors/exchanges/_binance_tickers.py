"""What Binance's streams of numbers mean: tickers, quotes, marks, liquidations, bars."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from actors.exchanges import _binance_wire as wire
from actors.exchanges._binance_rest import FUNDING_INTERVAL_H
from actors.exchanges._binance_wire import NS_PER_MS
from actors.market.events import Candle, Liquidation, PositionSide, Quote, TickerUpdate, Value


def day_ticker(day: wire.DayTicker, ts_recv: int) -> TickerUpdate:
    """The numbers of 24 h."""
    values: dict[str, Value] = {
        "price": day.price or None,
        "volume_24h": day.volume,
        "turnover_24h": day.turnover,
        "change_24h": day.change,
        "high_24h": day.high or None,
        "low_24h": day.low or None,
    }
    return TickerUpdate(day.symbol, values, day.event_ms * NS_PER_MS, ts_recv)


def quote_of(sides: wire.BookTicker | wire.DayTicker, milliseconds: int | None, ts_recv: int) -> Quote:
    """The best bid and ask. An empty side is written as zero."""
    bid, bid_size = (sides.bid, sides.bid_size) if sides.bid and sides.bid_size else (None, None)
    ask, ask_size = (sides.ask, sides.ask_size) if sides.ask and sides.ask_size else (None, None)
    ts_event = milliseconds * NS_PER_MS if milliseconds else None
    return Quote(sides.symbol, bid, bid_size, ask, ask_size, ts_event, ts_recv)


def mark_price(
    mark: wire.MarkPrice, intervals_h: Mapping[str, float | None] | None, ts_recv: int
) -> TickerUpdate:
    """Mark, index and funding. `intervals_h` are the exceptions from 8 h, once they were told."""
    values: dict[str, Value] = {"mark_price": mark.mark or None}
    if mark.index is not UNSET:
        values["index_price"] = mark.index or None
    if mark.rate is not UNSET:
        values["funding_rate"] = None if mark.rate == "" else mark.rate
    if mark.next_funding_ms is not UNSET:
        values["next_funding_ts"] = (mark.next_funding_ms or 0) * NS_PER_MS or None
    if intervals_h is not None:
        values["funding_interval_h"] = intervals_h.get(mark.symbol, FUNDING_INTERVAL_H)
    return TickerUpdate(mark.symbol, values, mark.event_ms * NS_PER_MS, ts_recv)


def liquidation(order: wire.LiquidationOrder, ts_recv: int) -> Liquidation | None:
    """The order that closes a long position sells. One that has filled nothing has closed nothing yet."""
    if not (order.average_price and order.filled):
        return None
    side: PositionSide = "long" if order.side == "SELL" else "short"
    ts_event = order.engine_ms * NS_PER_MS
    return Liquidation(order.symbol, side, order.average_price, order.filled, ts_event, ts_recv)


def candle(kline: wire.Kline, ts_recv: int) -> Candle:
    """A bar of 1 m."""
    bar = kline.bar
    return Candle(
        symbol=kline.symbol,
        interval_s=60,
        start_ns=bar.start_ms * NS_PER_MS,
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=bar.volume,
        turnover=bar.turnover,
        trades=bar.trades,
        taker_buy_volume=bar.taker_volume,
        closed=bar.closed,
        ts_recv=ts_recv,
    )
