"""Bybit v5 market REST about one symbol: recent trades, candles and the order book."""

from collections.abc import Mapping
from typing import Any, Final

from simulator.bybit_feeds import INTERVALS
from simulator.bybit_frames import MATCHED_EARLIER_MS, candle_texts, level_texts, price_text, trade_id
from simulator.bybit_ticker import Category
from simulator.instruments import Instrument, plain
from simulator.world import World

CANDLES: Final = (200, 1_000)  # rows when not asked, rows at most
TRADES: Final[dict[Category, tuple[int, int]]] = {"linear": (500, 1_000), "spot": (60, 60)}
LEVELS: Final[dict[Category, tuple[int, int]]] = {"linear": (25, 1_000), "spot": (1, 1_000)}


def limit_of(query: Mapping[str, str], known: tuple[int, int]) -> int:
    """The wanted number of rows; raises ValueError with Bybit's words when it makes no sense."""
    text = query.get("limit", str(known[0]))
    if not text.isdecimal() or not 1 <= int(text) <= known[1]:
        raise ValueError("params error: limit invalid")
    return int(text)


def recent_trades(instrument: Instrument, category: Category, query: Mapping[str, str]) -> dict[str, Any]:
    """The newest trades, newest first."""
    newest = instrument.trades.newest(limit_of(query, TRADES[category]))
    rows = [
        {
            "execId": trade_id(category, instrument, trade),
            "symbol": instrument.symbol,
            "price": price_text(category, instrument, trade.price),
            "size": plain(trade.size, instrument.size_decimals),
            "side": "Buy" if trade.is_buy else "Sell",
            "time": str(trade.time_ms),
            "isBlockTrade": False,
            "isRPITrade": False,
            "seq": str(trade.sequence),
        }
        for trade in reversed(newest)
    ]
    return {"category": category, "list": rows}


def candles(
    world: World, instrument: Instrument, category: Category, query: Mapping[str, str]
) -> dict[str, Any]:
    """Rows of start, open, high, low, close, volume, turnover as texts, newest first, the open one too."""
    interval = query.get("interval", "")
    if interval not in INTERVALS:
        raise ValueError("params error: Invalid period!")
    limit = limit_of(query, CANDLES)
    series = world.candles(instrument, INTERVALS[interval])
    end_ms = min(_time_of(query, "end", world.now_ms), world.now_ms)
    newest_ms = end_ms - end_ms % series.length_ms
    start_ms = _time_of(query, "start", newest_ms - (limit - 1) * series.length_ms)
    found = series.filled(start_ms, end_ms)[-limit:]
    rows = [
        [str(candle.start_ms), *candle_texts(category, instrument, candle).values()]
        for candle in reversed(found)
    ]
    return {"symbol": instrument.symbol, "category": category, "list": rows}


def _time_of(query: Mapping[str, str], name: str, default_ms: int) -> int:
    text = query.get(name, str(default_ms))
    if not text.isdecimal():
        raise ValueError(f"params error: {name} invalid")
    return int(text)


def order_book(
    world: World, instrument: Instrument, category: Category, query: Mapping[str, str], update: int
) -> dict[str, Any]:
    """The book as it is now; `update` is the number that orderbook.1000 gives it."""
    bids, asks = world.depth(instrument).levels(limit_of(query, LEVELS[category]))
    return {
        "s": instrument.symbol,
        "b": level_texts(category, instrument, bids),
        "a": level_texts(category, instrument, asks),
        "ts": world.now_ms,
        "u": update,
        "seq": instrument.sequence,
        "cts": world.now_ms - MATCHED_EARLIER_MS,
    }
