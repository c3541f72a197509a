"""Hyperliquid payloads: contexts, book tops, books, trades and mids, from instruments.

Used by both the WebSocket and the info endpoint, which show the same shapes.
"""

from typing import Any, Final

from simulator.dice import Dice
from simulator.instruments import Instrument, pointed

BOOK_LEVELS: Final = 20
FAST_BOOK_LEVELS: Final = 5


def price_text(instrument: Instrument, price: float) -> str:
    """A price in Hyperliquid's style: `84143.0`."""
    return pointed(price, instrument.tick_decimals)


def mid_text(instrument: Instrument) -> str:
    """The middle of the book; it may have one digit more than prices."""
    return pointed((instrument.bid + instrument.ask) / 2, instrument.tick_decimals + 1)


def perp_context(instrument: Instrument) -> dict[str, Any]:
    """The context of a perpetual; a delisted one has nulls where a book is needed."""
    has_book = instrument.live
    oracle = instrument.index
    premium = (instrument.mark - oracle) / oracle
    return {
        "funding": pointed(instrument.funding_rate, 10),
        "openInterest": pointed(instrument.open_interest, instrument.size_decimals),
        "prevDayPx": price_text(instrument, instrument.open_24h),
        "dayNtlVlm": pointed(instrument.turnover_24h if has_book else 0.0, 10),
        "premium": pointed(premium, 10) if has_book else None,
        "oraclePx": price_text(instrument, oracle),
        "markPx": price_text(instrument, instrument.mark),
        "midPx": mid_text(instrument) if has_book else None,
        "impactPxs": (
            [price_text(instrument, instrument.bid), price_text(instrument, instrument.ask)]
            if has_book
            else None
        ),
        "dayBaseVlm": pointed(instrument.volume_24h, instrument.size_decimals),
    }


def spot_context(instrument: Instrument) -> dict[str, Any]:
    """The context of a spot pair; it carries its own name."""
    return {
        "prevDayPx": price_text(instrument, instrument.open_24h),
        "dayNtlVlm": pointed(instrument.turnover_24h, 10),
        "markPx": price_text(instrument, (instrument.bid + instrument.ask) / 2),
        "midPx": mid_text(instrument),
        "circulatingSupply": "298462370.4079165459",
        "coin": instrument.symbol,
        "totalSupply": "998882916.6303099394",
        "dayBaseVlm": pointed(instrument.volume_24h, instrument.size_decimals),
    }


def book_top(instrument: Instrument, now_ms: int) -> str:
    """The bbo message; both sides are null without a book."""
    if not instrument.live:
        sides = "null,null"
    else:
        decimals, sizes = instrument.tick_decimals, instrument.size_decimals
        orders = instrument.update_id % 23 + 1
        sides = (
            f'{{"px":"{pointed(instrument.bid, decimals)}","sz":"{pointed(instrument.bid_size, sizes)}",'
            f'"n":{orders}}},'
            f'{{"px":"{pointed(instrument.ask, decimals)}","sz":"{pointed(instrument.ask_size, sizes)}",'
            f'"n":{orders // 2 + 1}}}'
        )
    return f'{{"channel":"bbo","data":{{"coin":"{instrument.symbol}","time":{now_ms},"bbo":[{sides}]}}}}'


def book(instrument: Instrument, now_ms: int, levels: int = BOOK_LEVELS) -> dict[str, Any]:
    """A full book snapshot around the top; empty for a delisted coin."""
    if not instrument.live:
        return {"coin": instrument.symbol, "time": now_ms, "levels": [[], []]}
    tick = instrument.tick
    deep = min(levels, max(1, int(instrument.bid / tick) - 1))
    bids = [
        _level(instrument, instrument.bid - step * tick, instrument.bid_size, step) for step in range(deep)
    ]
    asks = [
        _level(instrument, instrument.ask + step * tick, instrument.ask_size, step) for step in range(levels)
    ]
    return {"coin": instrument.symbol, "time": now_ms, "levels": [bids, asks]}


def _level(instrument: Instrument, price: float, size: float, step: int) -> dict[str, Any]:
    """One level; deeper levels are larger."""
    amount = size * (1.0 + 0.6 * step)
    return {
        "px": price_text(instrument, price),
        "sz": pointed(amount, instrument.size_decimals),
        "n": 1 + (instrument.update_id + 7 * step) % 19,
    }


def trade(instrument: Instrument, now_ms: int, random: Dice) -> dict[str, Any]:
    """The instrument's last trade; the side names the aggressor (B buys, A sells)."""
    return {
        "coin": instrument.symbol,
        "side": "B" if instrument.last_is_buy else "A",
        "px": price_text(instrument, instrument.last),
        "sz": pointed(instrument.last_size, instrument.size_decimals),
        "time": now_ms,
        "hash": f"0x{random.getrandbits(256):064x}",
        "tid": random.getrandbits(50),
        "users": [f"0x{random.getrandbits(160):040x}", f"0x{random.getrandbits(160):040x}"],
    }
