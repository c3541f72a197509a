"""Bybit's frames of trades, liquidations, candles and the top of the book, as texts. Pure.

Linear writes prices padded to the contract's digits and puts `ts` behind `type`; spot writes them bare and
puts `ts` first. `orderbook.1` is written the spot way on both.
"""

import zlib
from collections.abc import Iterable
from typing import Final

from simulator.bybit_ticker import Category, direction
from simulator.candles import Candle
from simulator.depth import Level
from simulator.instruments import Instrument, plain
from simulator.tape import Liquidation, TapeTrade

MATCHED_EARLIER_MS: Final = 2  # the matching engine's time before the message's
MIXER: Final = 0x9E3779B97F4A7C15  # odd, so that different ids stay different


def envelope(category: Category, topic: str, kind: str, now_ms: int, data: str) -> str:
    """What is around the data of every topic but tickers and orderbook.1."""
    head = f'"type":"{kind}","ts":{now_ms}' if category == "linear" else f'"ts":{now_ms},"type":"{kind}"'
    return f'{{"topic":"{topic}",{head},"data":{data}'


def top_of_book(instrument: Instrument, now_ms: int) -> str:
    """orderbook.1: the full top, always a snapshot."""
    bids = asks = ""
    if instrument.bid_size:
        bids = _bare_level(instrument, instrument.bid, instrument.bid_size)
    if instrument.ask_size:
        asks = _bare_level(instrument, instrument.ask, instrument.ask_size)
    return (
        f'{{"topic":"orderbook.1.{instrument.symbol}","ts":{now_ms},"type":"snapshot","data":'
        f'{{"s":"{instrument.symbol}","b":[{bids}],"a":[{asks}],"u":{instrument.update_id},'
        f'"seq":{instrument.sequence}}},"cts":{now_ms - MATCHED_EARLIER_MS}}}'
    )


def _bare_level(instrument: Instrument, price: float, size: float) -> str:
    return f'["{plain(price, instrument.tick_decimals)}","{plain(size, instrument.size_decimals)}"]'


def level_texts(category: Category, instrument: Instrument, levels: Iterable[Level]) -> list[tuple[str, str]]:
    """Price and size of every level as texts; a size of nothing is `0`."""
    sizes = instrument.size_decimals
    if category == "linear":
        padded = f".{instrument.decimals}f"
        return [(format(price, padded), plain(size, sizes)) for price, size in levels]
    return [(plain(price, instrument.tick_decimals), plain(size, sizes)) for price, size in levels]


def levels_text(category: Category, instrument: Instrument, levels: Iterable[Level]) -> str:
    """The levels of one side, without the brackets around them."""
    texts = level_texts(category, instrument, levels)
    return ",".join([f'["{price}","{size}"]' for price, size in texts])


def price_text(category: Category, instrument: Instrument, price: float) -> str:
    """A price the way this category writes it."""
    return instrument.price_text(price) if category == "linear" else plain(price, instrument.tick_decimals)


def trade_id(category: Category, instrument: Instrument, trade: TapeTrade) -> str:
    """A uuid on linear, a number beyond 2^53 as text on spot."""
    if category == "spot":
        return f"2290000{trade.id:012d}"
    mixed = (trade.id * MIXER) & 0xFFFF_FFFF_FFFF_FFFF
    name = zlib.crc32(instrument.symbol.encode())
    return (
        f"{mixed >> 32:08x}-{mixed >> 16 & 0xFFFF:04x}-5{mixed >> 4 & 0xFFF:03x}-"
        f"8{mixed & 0xF:x}{name >> 24:02x}-{name & 0xFFFFFF:06x}{trade.id & 0xFFFFFF:06x}"
    )


def trades(category: Category, instrument: Instrument, printed: list[TapeTrade], now_ms: int) -> str:
    """publicTrade: one or more trades, oldest first."""
    rows = ",".join([_trade(category, instrument, trade) for trade in printed])
    return envelope(category, f"publicTrade.{instrument.symbol}", "snapshot", now_ms, f"[{rows}]}}")


def _trade(category: Category, instrument: Instrument, trade: TapeTrade) -> str:
    price = price_text(category, instrument, trade.price)
    size = plain(trade.size, instrument.size_decimals)
    number, side = trade_id(category, instrument, trade), "Buy" if trade.is_buy else "Sell"
    if category == "linear":
        return (
            f'{{"T":{trade.time_ms},"s":"{instrument.symbol}","S":"{side}","v":"{size}","p":"{price}",'
            f'"L":"{direction(instrument)}","i":"{number}","BT":false,"RPI":false,"seq":{trade.sequence}}}'
        )
    return (
        f'{{"i":"{number}","T":{trade.time_ms},"p":"{price}","v":"{size}","S":"{side}",'
        f'"seq":{trade.sequence},"s":"{instrument.symbol}","BT":false,"RPI":false}}'
    )


def liquidations(instrument: Instrument, found: list[Liquidation], now_ms: int) -> str:
    """allLiquidation: `S` is the side of the position, Buy = a long was liquidated."""
    rows = ",".join([_liquidation(instrument, row) for row in found])
    return envelope("linear", f"allLiquidation.{instrument.symbol}", "snapshot", now_ms, f"[{rows}]}}")


def _liquidation(instrument: Instrument, row: Liquidation) -> str:
    side = "Buy" if row.position == "long" else "Sell"
    return (
        f'{{"T":{row.time_ms},"s":"{instrument.symbol}","S":"{side}",'
        f'"v":"{plain(row.size, instrument.size_decimals)}","p":"{instrument.price_text(row.price)}"}}'
    )


def candle_texts(category: Category, instrument: Instrument, candle: Candle) -> dict[str, str]:
    """Open, high, low, close, volume and turnover as texts, for frames and REST."""
    prices = {"open": candle.opened, "high": candle.high, "low": candle.low, "close": candle.closed}
    return {name: price_text(category, instrument, price) for name, price in prices.items()} | {
        "volume": plain(candle.volume, instrument.size_decimals),
        "turnover": plain(candle.turnover, 8),
    }
