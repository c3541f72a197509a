"""The streams of Binance spot as texts: numbers padded to eight digits. Pure."""

from simulator.binance_aggregates import Aggregate
from simulator.binance_frames import SPOT_DIGITS, average, percent, rows, window
from simulator.depth import Level
from simulator.instruments import Instrument
from simulator.tape import TapeTrade


def ticker(instrument: Instrument, now_ms: int) -> str:
    """The 24 h ticker, with the best bid and ask."""
    change = instrument.last - instrument.open_24h
    return (
        f'{{"e":"24hrTicker","E":{now_ms},"s":"{instrument.symbol}","p":"{change:.8f}",'
        f'"P":"{percent(instrument)}","w":"{average(instrument):.8f}","x":"{instrument.open_24h:.8f}",'
        f'"c":"{instrument.last:.8f}","Q":"{instrument.last_size:.8f}",'
        f'"b":"{instrument.bid:.8f}","B":"{instrument.bid_size:.8f}",'
        f'"a":"{instrument.ask:.8f}","A":"{instrument.ask_size:.8f}",'
        f'"o":"{instrument.open_24h:.8f}","h":"{instrument.high_24h:.8f}","l":"{instrument.low_24h:.8f}",'
        f'"v":"{instrument.volume_24h:.8f}","q":"{instrument.turnover_24h:.8f}",'
        f"{window(instrument, now_ms)}}}"
    )


def mini_ticker(instrument: Instrument, now_ms: int) -> str:
    """The short 24 h ticker."""
    return (
        f'{{"e":"24hrMiniTicker","E":{now_ms},"s":"{instrument.symbol}",'
        f'"c":"{instrument.last:.8f}","o":"{instrument.open_24h:.8f}","h":"{instrument.high_24h:.8f}",'
        f'"l":"{instrument.low_24h:.8f}","v":"{instrument.volume_24h:.8f}",'
        f'"q":"{instrument.turnover_24h:.8f}"}}'
    )


def book_ticker(instrument: Instrument) -> str:
    """The best bid and ask: no event type and no time on spot."""
    return (
        f'{{"u":{instrument.update_id},"s":"{instrument.symbol}","b":"{instrument.bid:.8f}",'
        f'"B":"{instrument.bid_size:.8f}","a":"{instrument.ask:.8f}","A":"{instrument.ask_size:.8f}"}}'
    )


def trade(instrument: Instrument, done: TapeTrade, now_ms: int) -> str:
    """One fill; `m` says that the buyer was the maker, so the taker sold."""
    return (
        f'{{"e":"trade","E":{now_ms},"s":"{instrument.symbol}","t":{done.id},"p":"{done.price:.8f}",'
        f'"q":"{done.size:.8f}","T":{done.time_ms},"m":{_flag(not done.is_buy)},"M":true}}'
    )


def aggregate(instrument: Instrument, done: Aggregate, now_ms: int) -> str:
    """The fills of one taker at one price."""
    return (
        f'{{"e":"aggTrade","E":{now_ms},"s":"{instrument.symbol}","a":{done.id},"p":"{done.price:.8f}",'
        f'"q":"{done.size:.8f}","f":{done.first},"l":{done.last},"T":{done.time_ms},'
        f'"m":{_flag(not done.is_buy)},"M":true}}'
    )


def diff(
    instrument: Instrument, first: int, last: int, bids: list[Level], asks: list[Level], now_ms: int
) -> str:
    """What changed in a book; `first` is one more than the `last` of the diff before."""
    return (
        f'{{"e":"depthUpdate","E":{now_ms},"s":"{instrument.symbol}","U":{first},"u":{last},'
        f'"b":[{rows(bids, SPOT_DIGITS)}],"a":[{rows(asks, SPOT_DIGITS)}]}}'
    )


def top(last: int, bids: list[Level], asks: list[Level]) -> str:
    """The best levels; neither the symbol nor a time is in it."""
    return f'{{"lastUpdateId":{last},"bids":[{rows(bids, SPOT_DIGITS)}],"asks":[{rows(asks, SPOT_DIGITS)}]}}'


def _flag(is_true: bool) -> str:
    return "true" if is_true else "false"
