"""What both Binance markets write alike: levels, candles, and numbers with the market's digits. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from simulator.candles import Candle, CandleSeries
from simulator.depth import Level
from simulator.instruments import Instrument


class Digits(NamedTuple):
    """How many digits behind the point prices, sizes and amounts of the quote coin have."""

    price: int
    size: int
    quote: int


SPOT_DIGITS = Digits(8, 8, 8)


def futures_digits(instrument: Instrument) -> Digits:
    """The futures market writes each contract's own digits."""
    price, size = instrument.decimals, instrument.size_decimals
    return Digits(price, size, price + size)


def rows(levels: Iterable[Level], digits: Digits) -> str:
    """Levels as they stand in books and diffs: `["61837.63","3.788"],…` without the outer brackets."""
    price, size = digits.price, digits.size
    return ",".join([f'["{at:.{price}f}","{amount:.{size}f}"]' for at, amount in levels])


def pair(instrument: Instrument) -> str:
    """The pair behind a contract: dated contracts share the perpetual's."""
    return instrument.symbol.partition("_")[0]


def percent(instrument: Instrument) -> str:
    """The 24 h change, already in percent."""
    return f"{instrument.change_24h * 100:.3f}"


def average(instrument: Instrument) -> float:
    """The volume-weighted average price of the day."""
    return instrument.turnover_24h / instrument.volume_24h if instrument.volume_24h else 0.0


def window(instrument: Instrument, now_ms: int) -> str:
    """The fields that end every 24 h ticker: window, trade ids, trade count."""
    first = instrument.trade_id - instrument.trades_24h + 1
    return (
        f'"O":{now_ms - 86_400_000},"C":{now_ms},"F":{max(0, first)},"L":{instrument.trade_id},'
        f'"n":{instrument.trades_24h}'
    )


def kline(
    instrument: Instrument, series: CandleSeries, candle: Candle, now_ms: int, *, is_closed: bool
) -> str:
    """One candle; without trades its first and last trade ids are -1."""
    digits = SPOT_DIGITS if instrument.kind == "spot" else futures_digits(instrument)
    price, size, quote = digits
    return (
        f'{{"e":"kline","E":{now_ms},"s":"{instrument.symbol}","k":{{"t":{candle.start_ms},'
        f'"T":{candle.start_ms + series.length_ms - 1},"s":"{instrument.symbol}","i":"{series.interval}",'
        f'"f":{candle.first_id},"L":{candle.last_id},"o":"{candle.opened:.{price}f}",'
        f'"c":"{candle.closed:.{price}f}","h":"{candle.high:.{price}f}","l":"{candle.low:.{price}f}",'
        f'"v":"{candle.volume:.{size}f}","n":{candle.trades},"x":{"true" if is_closed else "false"},'
        f'"q":"{candle.turnover:.{quote}f}","V":"{candle.bought:.{size}f}",'
        f'"Q":"{candle.bought_turnover:.{quote}f}","B":"0"}}}}'
    )
