"""The streams of Binance USD-M futures as texts: each contract's own digits, 2026's `st` and `ps`. Pure."""

from typing import Final

from simulator.binance_aggregates import Aggregate
from simulator.binance_frames import average, futures_digits, pair, percent, rows, window
from simulator.depth import Level
from simulator.instruments import Instrument, next_funding_ms
from simulator.tape import Liquidation, TapeTrade

NUMBERS_PER_UPDATE: Final = 53
ADJACENT_EVERY: Final = 40  # updates: the share of diffs whose `U` is `pu + 1` is about 2 % on the exchange
LIMIT_BEYOND: Final = 0.008  # how much worse than its average fill the price of a liquidation order is


def update_number(update_id: int) -> int:
    """The number of an update as this market counts: one update of a book uses up many numbers."""
    return update_id * NUMBERS_PER_UPDATE


def numbers(first: int, last: int) -> tuple[int, int, int]:
    """`U`, `u` and `pu` of the updates `first` to `last`; `U` seldom follows directly on `pu`."""
    previous = update_number(first - 1)
    skipped = 0 if first % ADJACENT_EVERY == 0 else NUMBERS_PER_UPDATE // 2
    return previous + 1 + skipped, update_number(last), previous


def book_ticker(instrument: Instrument, last: int, now_ms: int) -> str:
    """The best bid and ask, with event type and times, unlike spot's."""
    price, size = instrument.price_text, instrument.size_text
    return (
        f'{{"e":"bookTicker","u":{last},"s":"{instrument.symbol}",'
        f'"ps":"{pair(instrument)}","b":"{price(instrument.bid)}","B":"{size(instrument.bid_size)}",'
        f'"a":"{price(instrument.ask)}","A":"{size(instrument.ask_size)}",'
        f'"T":{now_ms - 1},"E":{now_ms},"st":1}}'
    )


def ticker(instrument: Instrument, now_ms: int) -> str:
    """The 24 h ticker: no bid, no ask, no previous close on futures."""
    price = instrument.price_text
    return (
        f'{{"e":"24hrTicker","E":{now_ms},"s":"{instrument.symbol}","ps":"{pair(instrument)}",'
        f'"p":"{price(instrument.last - instrument.open_24h)}","P":"{percent(instrument)}",'
        f'"w":"{price(average(instrument))}","c":"{price(instrument.last)}",'
        f'"Q":"{instrument.size_text(instrument.last_size)}","o":"{price(instrument.open_24h)}",'
        f'"h":"{price(instrument.high_24h)}","l":"{price(instrument.low_24h)}",'
        f'"v":"{instrument.size_text(instrument.volume_24h)}","q":"{instrument.turnover_24h:.2f}",'
        f'{window(instrument, now_ms)},"st":1}}'
    )


def mini_ticker(instrument: Instrument, now_ms: int) -> str:
    """The short 24 h ticker."""
    price = instrument.price_text
    return (
        f'{{"e":"24hrMiniTicker","E":{now_ms},"s":"{instrument.symbol}",'
        f'"ps":"{pair(instrument)}","c":"{price(instrument.last)}","o":"{price(instrument.open_24h)}",'
        f'"h":"{price(instrument.high_24h)}","l":"{price(instrument.low_24h)}",'
        f'"v":"{instrument.size_text(instrument.volume_24h)}","q":"{instrument.turnover_24h:.2f}","st":1}}'
    )


def mark_price(instrument: Instrument, now_ms: int) -> str:
    """Mark, settle estimate, index, funding; dated contracts have no funding."""
    rate, next_ms = "", 0
    if instrument.has_funding:
        rate = f"{instrument.funding_rate:.8f}"
        next_ms = next_funding_ms(now_ms, instrument.funding_interval_h)
    return (
        f'{{"e":"markPriceUpdate","E":{now_ms},"s":"{instrument.symbol}","p":"{instrument.mark:.8f}",'
        f'"ap":"{instrument.mark:.8f}","P":"{instrument.index:.8f}","i":"{instrument.index:.8f}",'
        f'"r":"{rate}","T":{next_ms},"st":1}}'
    )


def trade(instrument: Instrument, done: TapeTrade, now_ms: int) -> str:
    """One fill; `X` would name insurance and deleveraging fills, which the simulated market has none of."""
    return (
        f'{{"e":"trade","E":{now_ms},"T":{done.time_ms},"s":"{instrument.symbol}","t":{done.id},'
        f'"p":"{instrument.price_text(done.price)}","q":"{instrument.size_text(done.size)}","X":"MARKET",'
        f'"m":{_flag(not done.is_buy)},"st":1}}'
    )


def aggregate(instrument: Instrument, done: Aggregate, now_ms: int) -> str:
    """The fills of one taker at one price; `nq` is the quantity without retail price improvement."""
    size = instrument.size_text(done.size)
    return (
        f'{{"e":"aggTrade","E":{now_ms},"a":{done.id},"s":"{instrument.symbol}",'
        f'"p":"{instrument.price_text(done.price)}","q":"{size}","nq":"{size}",'
        f'"f":{done.first},"l":{done.last},"T":{done.time_ms},"m":{_flag(not done.is_buy)},"st":1}}'
    )


def diff(
    instrument: Instrument,
    numbers: tuple[int, int, int],
    bids: list[Level],
    asks: list[Level],
    now_ms: int,
) -> str:
    """What changed in a book, or its best levels: both look the same. `numbers`: U, u and pu."""
    first, last, previous = numbers
    digits = futures_digits(instrument)
    return (
        f'{{"e":"depthUpdate","E":{now_ms},"T":{now_ms - 1},"s":"{instrument.symbol}",'
        f'"ps":"{pair(instrument)}","U":{first},"u":{last},"pu":{previous},'
        f'"b":[{rows(bids, digits)}],"a":[{rows(asks, digits)}],"st":1}}'
    )


def force_order(instrument: Instrument, done: Liquidation, now_ms: int) -> str:
    """A liquidation; `S` is the side of the order, SELL for a long; `ap` and `z` are the truth."""
    price, size = instrument.price_text, instrument.size_text(done.size)
    side, beyond = ("SELL", -LIMIT_BEYOND) if done.position == "long" else ("BUY", LIMIT_BEYOND)
    limit = done.price * (1.0 + beyond)
    return (
        f'{{"e":"forceOrder","E":{now_ms},"o":{{"s":"{instrument.symbol}","S":"{side}",'
        f'"o":"LIMIT","f":"IOC","q":"{size}","p":"{price(limit)}","ap":"{price(done.price)}","X":"FILLED",'
        f'"l":"{size}","z":"{size}","T":{done.time_ms},"ps":"{pair(instrument)}","st":1}}}}'
    )


def _flag(is_true: bool) -> str:
    return "true" if is_true else "false"
