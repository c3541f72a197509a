"""Hyperliquid payloads: contexts, book tops, books, trades and mids, from instruments.

Used by both the WebSocket and the info endpoint, which show the same shapes.
"""

import math
from typing import Any, Final

from simulator.depth import Level
from simulator.frames import to_json
from simulator.instruments import Instrument, pointed
from simulator.tape import TapeTrade

BOOK_LEVELS: Final = 20
FAST_BOOK_LEVELS: Final = 5
# Odd factors make numbers that look arbitrary, stay the same in every answer and never meet.
TRADE_FACTOR: Final = 0x2545F4914F6CDD1D
USER_FACTOR: Final = TRADE_FACTOR**3
HASH_FACTOR: Final = TRADE_FACTOR**5
TWAP_EVERY: Final = 16  # so many orders apart one has no hash


def message(channel: str, data: object) -> str:
    """A data message of a channel."""
    return to_json({"channel": channel, "data": data}).decode()


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


def book(instrument: Instrument, levels: tuple[list[Level], list[Level]], now_ms: int) -> dict[str, Any]:
    """A book snapshot from its best levels; empty for a delisted coin."""
    bids, asks = levels if instrument.live else ([], [])
    sides = [[_level(instrument, price, size) for price, size in side] for side in (bids, asks)]
    return {"coin": instrument.symbol, "time": now_ms, "levels": sides}


def _level(instrument: Instrument, price: float, size: float) -> dict[str, Any]:
    """One level; the number of orders stays the same while the level does."""
    decimals = instrument.size_decimals
    orders = 1 + (round(price / instrument.tick) + round(size * 10**decimals)) % 19
    return {"px": price_text(instrument, price), "sz": pointed(size, decimals), "n": orders}


def coarse(levels: list[Level], figures: int, mantissa: int, *, is_bid: bool) -> list[Level]:
    """Levels gathered into prices of so many significant figures: bids are rounded down, asks up."""
    gathered: dict[float, float] = {}
    for price, size in levels:
        step = 10.0 ** (math.floor(math.log10(price)) + 1 - figures) * mantissa
        steps = price / step
        # A price that is a whole number of steps may miss it by a float's last digit.
        whole = math.floor(steps + 1e-9) if is_bid else math.ceil(steps - 1e-9)
        gathered[whole * step] = gathered.get(whole * step, 0.0) + size
    return list(gathered.items())


def trade(instrument: Instrument, done: TapeTrade) -> dict[str, Any]:
    """One trade; the side names the aggressor (B buys, A sells). Fills of one order share the hash."""
    order = done.sequence
    order_hash = order * HASH_FACTOR % 2**256 if order % TWAP_EVERY else 0
    buyer, seller = order * USER_FACTOR % 2**160, order * (USER_FACTOR + 2) % 2**160
    return {
        "coin": instrument.symbol,
        "side": "B" if done.is_buy else "A",
        "px": price_text(instrument, done.price),
        "sz": pointed(done.size, instrument.size_decimals),
        "time": done.time_ms,
        "hash": f"0x{order_hash:064x}",
        "tid": trade_number(done.id),
        "users": [f"0x{buyer:040x}", f"0x{seller:040x}"],
    }


def trade_number(trade_id: int) -> int:
    """The `tid` of a trade on the tape: up to 50 bits, one for one, in no order."""
    return trade_id * TRADE_FACTOR % 2**50
