"""What Binance answers over REST about markets that are followed: the shapes, the requests, their weights.

A weight is what a request costs of the 6000 (spot) or 2400 (futures) per minute and address; more earns a
429, and who goes on is banned.
"""

from __future__ import annotations

from urllib.parse import quote

from msgspec import Struct, field
from msgspec.json import Decoder

from actors.exchanges._binance_wire import NS_PER_MS, Amount, Id, Level, Milliseconds, Price
from actors.exchanges.base import Command, Fetch
from actors.market.events import Candle, Event, ServerTime, TickerUpdate
from actors.market.instrument import SPOT

NS_PER_MIN = 60_000_000_000
FUNDING_INTERVAL_H = 8.0
TRADES_MAX = 1000
CANDLES_MAX = 499  # futures ask 5 for 500, and 2 for one less


class Depth(Struct):
    """`depth`: no symbol; only futures tell a time."""

    last_id: Id = field(name="lastUpdateId")
    bids: list[Level]
    asks: list[Level]
    engine_ms: Milliseconds | None = field(name="T", default=None)


class PastTrade(Struct, gc=False):
    """One row of spot's `trades`, the oldest first."""

    id: Id
    price: Amount
    size: Amount = field(name="qty")
    engine_ms: Milliseconds = field(name="time")
    buyer_is_maker: bool = field(name="isBuyerMaker")


class PastAggregate(Struct, gc=False):
    """One row of futures' `aggTrades`, the oldest first."""

    id: Id = field(name="a")
    price: Amount = field(name="p")
    size: Amount = field(name="q")
    first_fill: Id = field(name="f")
    last_fill: Id = field(name="l")
    engine_ms: Milliseconds = field(name="T")
    buyer_is_maker: bool = field(name="m")


class PastBar(Struct, array_like=True, gc=False):
    """One row of `klines`, the oldest first; the last one is not over yet."""

    start_ms: Milliseconds
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Amount
    end_ms: Milliseconds
    turnover: Amount
    trades: Id
    taker_volume: Amount


class Time(Struct):
    """`time`."""

    server_ms: Milliseconds = field(name="serverTime")


class OpenInterest(Struct):
    """`openInterest`: one side, in base coin."""

    symbol: str
    interest: Amount = field(name="openInterest")
    time: Milliseconds | None = None


class FundingInfo(Struct):
    """`fundingInfo`: only symbols whose interval or caps were adjusted are listed."""

    symbol: str
    hours: Amount = field(name="fundingIntervalHours", default=FUNDING_INTERVAL_H)


decode_depth = Decoder(Depth, strict=False).decode
decode_past_trades = Decoder(list[PastTrade], strict=False).decode
decode_past_aggregates = Decoder(list[PastAggregate], strict=False).decode
decode_past_bars = Decoder(list[PastBar], strict=False).decode
decode_time = Decoder(Time, strict=False).decode
decode_open_interest = Decoder(OpenInterest, strict=False).decode
decode_funding_info = Decoder(list[FundingInfo], strict=False).decode


def trades_fetch(market: str, symbol: str) -> Fetch:
    """The newest trades, as many as there are in one answer."""
    query = f"symbol={quote(symbol)}&limit={TRADES_MAX}"
    if market == SPOT:
        return Fetch("trades", f"/api/v3/trades?{query}", symbol, weight=25.0)
    return Fetch("trades", f"/fapi/v1/aggTrades?{query}", symbol, weight=20.0)


def candles_fetch(market: str, symbol: str) -> Fetch:
    """The bars of the last eight hours."""
    path = "/api/v3/klines" if market == SPOT else "/fapi/v1/klines"
    query = f"symbol={quote(symbol)}&interval=1m&limit={CANDLES_MAX}"
    return Fetch("candles", f"{path}?{query}", symbol, weight=2.0)


def time_fetch(market: str) -> Fetch:
    """The exchange's clock."""
    return Fetch("time", "/api/v3/time" if market == SPOT else "/fapi/v1/time", every_s=60.0)


def open_interest_fetch(symbol: str) -> Fetch:
    """One symbol's open interest: there is no stream of it."""
    return Fetch("open_interest", f"/fapi/v1/openInterest?symbol={quote(symbol)}", symbol, every_s=60.0)


def funding_info_fetch() -> Fetch:
    """Who does not pay funding every 8 h."""
    return Fetch("funding_info", "/fapi/v1/fundingInfo", every_s=3600.0)


def server_time(body: bytes, ts_recv: int) -> ServerTime:
    """What the clock said."""
    return ServerTime(decode_time(body).server_ms * NS_PER_MS, ts_recv)


def open_interest(body: bytes, ts_recv: int) -> TickerUpdate:
    """An open interest as an update of its ticker."""
    answer = decode_open_interest(body)
    ts_event = answer.time * NS_PER_MS if answer.time else None
    return TickerUpdate(answer.symbol, {"open_interest": answer.interest}, ts_event, ts_recv)


def candles(symbol: str, body: bytes, ts_recv: int) -> list[Event | Command]:
    """Bars of 1 m. All but the last are over, and that one too if it ended long ago (a halted market's)."""
    rows = decode_past_bars(body)
    return [
        Candle(
            symbol=symbol,
            interval_s=60,
            start_ns=row.start_ms * NS_PER_MS,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.volume,
            turnover=row.turnover,
            trades=row.trades,
            taker_buy_volume=row.taker_volume,
            closed=row is not rows[-1] or row.end_ms * NS_PER_MS + NS_PER_MIN < ts_recv,
            ts_recv=ts_recv,
        )
        for row in rows
    ]
