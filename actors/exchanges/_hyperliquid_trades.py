"""Hyperliquid's trades and candles in our words, and what they make of a coin's record.

- A new subscription to `trades` begins with one frame of the past: up to 30 trades without a hole, minutes or
  hours old. That heals what was missed meanwhile, if it reaches back so far.
- The trades of one block share their `time`, and come in the order of their execution (measured: a sweep's
  prices only rise or only fall); `tid` is a hash, and orders nothing.
- A `candle` comes with each trade of its minute. It is closed when a later one comes: nothing else says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from actors.exchanges import _hyperliquid_wire as wire
from actors.exchanges._hyperliquid_coin import Coin
from actors.exchanges._hyperliquid_wire import NS_PER_MS
from actors.exchanges.base import Command
from actors.market.events import Candle, Event, TickerUpdate, Trade, TradesRecovered, Value

MINUTE = "1m"
MINUTE_S = 60

Meanings: TypeAlias = list[Event | Command]


def read_trades(symbol: str, coin: Coin, trades: Iterable[wire.Trade], ts_recv: int) -> Meanings:
    """The trades of one frame; after those of the past, how far they reached."""
    past, coin.trades_begun = not coin.trades_begun, True
    true = [trade for trade in trades if trade.px and trade.sz]
    told: Meanings = []
    newest_ns: int | None = None
    wider = False
    for trade in true:
        if coin.take(trade):
            newest_ns = trade.time * NS_PER_MS
        wider |= coin.widen(trade.time, trade.px, trade.px)
        told.append(_trade(trade, coin.block.get(trade.tid, 0), ts_recv, backfill=past))
    values = {} if newest_ns is None else _price(coin)
    if wider and coin.slide(ts_recv):
        values |= extremes(coin)
    if values:
        told.append(TickerUpdate(symbol, values, newest_ns, ts_recv))
    if past and true:
        oldest_ms = min(trade.time for trade in true)
        told.append(TradesRecovered(symbol, oldest_ms * NS_PER_MS, whole=True))
    return told


def read_candle(symbol: str, coin: Coin, candle: wire.Candle, ts_recv: int) -> Meanings:
    """The minute as it is now, after the one that it ends; where no trades come, the price and the range."""
    before = coin.minute
    if not _is_whole(candle) or (before is not None and candle.start_ms < before.start_ms):
        return []
    coin.minute = candle
    told: Meanings = []
    if before is not None and before.start_ms < candle.start_ms:
        told.append(_candle(symbol, before, ts_recv, closed=True))
    told.append(_candle(symbol, candle, ts_recv, closed=False))
    values: dict[str, Value] = {}
    if coin.trade_ms < 0 and candle.close != coin.trade_px:
        coin.trade_px = candle.close
        values |= _price(coin)
    if coin.widen(candle.start_ms, candle.high, candle.low) and coin.slide(ts_recv):
        values |= extremes(coin)
    return [*told, TickerUpdate(symbol, values, None, ts_recv)] if values else told


def past_candles(symbol: str, candles: list[wire.Candle], ts_recv: int) -> Iterator[Candle]:
    """The rows of an answer. The last may be open: it is closed if its minute was over a minute ago."""
    long_ago_ms = ts_recv // NS_PER_MS - 2 * MINUTE_S * 1000
    for candle in candles:
        if candle.interval == MINUTE and _is_whole(candle):
            closed = candle is not candles[-1] or candle.start_ms < long_ago_ms
            yield _candle(symbol, candle, ts_recv, closed=closed)


def extremes(coin: Coin) -> dict[str, Value]:
    """The day's high and low, as ticker values."""
    high, low = coin.extremes
    return {"high_24h": high, "low_24h": low}


def _price(coin: Coin) -> dict[str, Value]:
    price, change = coin.price_and_change()
    return {"price": price, "change_24h": change}


def _trade(trade: wire.Trade, order: int, ts_recv: int, *, backfill: bool) -> Trade:
    return Trade(
        symbol=trade.coin,
        trade_id=str(trade.tid),
        price=trade.px,
        size=trade.sz,
        side="sell" if trade.side == "A" else "buy",
        ts_event=trade.time * NS_PER_MS,
        ts_recv=ts_recv,
        order=order,
        backfill=backfill,
    )


def _is_whole(candle: wire.Candle) -> bool:
    return bool(candle.open and candle.high and candle.low and candle.close)


def _candle(symbol: str, candle: wire.Candle, ts_recv: int, *, closed: bool) -> Candle:
    return Candle(
        symbol=symbol,
        interval_s=MINUTE_S,
        start_ns=candle.start_ms * NS_PER_MS,
        open=candle.open,
        high=candle.high,
        low=candle.low,
        close=candle.close,
        volume=candle.volume,
        turnover=None,
        trades=candle.trades,
        taker_buy_volume=None,
        closed=closed,
        ts_recv=ts_recv,
    )
