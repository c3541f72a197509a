"""What one step of the walk does to one instrument: a past, a new top of the book, a trade, a mark."""

from simulator.dice import Dice
from simulator.instruments import Instrument, Market
from simulator.tape import TapeTrade

MARKET_OFFSETS: dict[Market, float] = {
    "bybit-linear": -0.00022,
    "bybit-spot": 0.00004,
    "hyperliquid": -0.00031,
    "binance-spot": 0.0,
    "binance-usdm": -0.00025,
}
ONLY_INDEX_SHARE = 0.3  # of the mark steps: the index moves, the mark does not
SPLIT_SHARE = 0.2  # of the trades fill two resting orders: two prints of one sequence


def open_market(instrument: Instrument, random: Dice) -> None:
    """Give an instrument a past: yesterday's price, extremes, volume, and a first book."""
    asset = instrument.asset
    rank = asset.rank
    instrument.weight = (3.2, 2.4, 1.6)[rank] if rank < 3 else (rank + 1) ** -0.4
    instrument.offset += MARKET_OFFSETS[instrument.market] + random.uniform(-0.00006, 0.00006)
    instrument.scale = instrument.multiplier * (1.0 + instrument.offset) / instrument.tick
    fair = asset.price * instrument.multiplier
    instrument.lot = max(30_000.0 * (rank + 1) ** -0.7 / fair, 4 * 10.0**-instrument.size_decimals)
    instrument.update_id = random.randrange(10_000_000, 90_000_000)
    instrument.sequence = random.randrange(10**10, 10**11)
    instrument.trade_id = random.randrange(10**8, 10**9)
    move_mark(instrument, random.random())
    if not instrument.live:
        instrument.last = instrument.open_24h = instrument.high_24h = instrument.low_24h = on_tick(
            instrument, fair
        )
        return
    move_quote(instrument, random.random(), random.random())
    instrument.last = instrument.previous = instrument.bid
    instrument.last_size = lot(instrument, random.random())
    instrument.open_24h = on_tick(instrument, instrument.last / (1.0 + asset.change_24h))
    instrument.open_1h = on_tick(instrument, instrument.last * random.uniform(0.995, 1.005))
    top, bottom = max(instrument.last, instrument.open_24h), min(instrument.last, instrument.open_24h)
    instrument.high_24h = on_tick(instrument, top * random.uniform(1.004, 1.02)) + instrument.tick
    instrument.low_24h = on_tick(instrument, bottom * random.uniform(0.98, 0.996))
    instrument.turnover_24h = 4e9 * (rank + 1) ** -1.3 * random.uniform(0.6, 1.4)
    instrument.volume_24h = round(
        2 * instrument.turnover_24h / (instrument.last + instrument.open_24h), instrument.size_decimals
    )
    instrument.trades_24h = int(instrument.turnover_24h / 900) + 1
    instrument.open_interest = (
        round(instrument.turnover_24h * random.uniform(0.3, 0.8) / instrument.last, instrument.size_decimals)
        if instrument.kind != "spot"
        else 0.0
    )


def on_tick(instrument: Instrument, price: float) -> float:
    """The nearest price the instrument can trade at."""
    return max(1, round(price / instrument.tick)) * instrument.tick


def lot(instrument: Instrument, draw: float) -> float:
    """A size around the typical one, never zero."""
    smallest = 10.0**-instrument.size_decimals
    return round(smallest + instrument.lot * draw * draw * 3.0, instrument.size_decimals) or smallest


def move_quote(instrument: Instrument, first: float, second: float) -> None:
    """Put the book top around the fair price; one side changes size more often than both move."""
    bid_ticks = max(1, int(instrument.asset.price * instrument.scale))
    spread_ticks = 1 if first < 0.8 else 2
    instrument.update_id += 1
    instrument.bid = bid_ticks * instrument.tick
    instrument.bid_size = lot(instrument, first)
    if instrument.one_sided:
        return
    instrument.ask = (bid_ticks + spread_ticks) * instrument.tick
    instrument.ask_size = lot(instrument, second)


def trade(instrument: Instrument, side: float, size: float, now_ms: int) -> None:
    """A taker hits one side of the book; now and then two resting orders fill it."""
    is_buy = side < 0.5 and not instrument.one_sided
    price = instrument.ask if is_buy else instrument.bid
    instrument.previous = instrument.last
    instrument.last = price
    instrument.last_is_buy = is_buy
    amount = lot(instrument, size * 0.6)
    first = round(amount * 0.6, instrument.size_decimals) if size > 1.0 - SPLIT_SHARE else 0.0
    if 0.0 < first < amount:
        _print(instrument, first, now_ms)
        amount = round(amount - first, instrument.size_decimals)
    _print(instrument, amount, now_ms)
    if price > instrument.high_24h:
        instrument.high_24h = price
    elif price < instrument.low_24h:
        instrument.low_24h = price


def _print(instrument: Instrument, amount: float, now_ms: int) -> None:
    """Put one trade on the tape and into the statistics."""
    is_buy, price = instrument.last_is_buy, instrument.last
    instrument.last_size = amount
    instrument.trade_id += 1
    instrument.trades_24h += 1
    instrument.volume_24h += amount
    instrument.turnover_24h += amount * price
    if instrument.kind != "spot":
        instrument.open_interest += amount * (0.3 if is_buy else -0.295)
    trade = TapeTrade(instrument.trade_id, price, amount, is_buy, now_ms, instrument.sequence)
    instrument.trades.add(trade)
    for series in instrument.series.values():
        series.take(trade)


def move_mark(instrument: Instrument, draw: float) -> None:
    """Index = the hidden price; mark = between index and this market's own price."""
    index = instrument.asset.price * instrument.multiplier
    instrument.index = index
    if instrument.kind == "spot" or (instrument.mark and draw < ONLY_INDEX_SHARE):
        return
    instrument.mark = index * (1.0 + instrument.offset * (0.7 + 0.2 * draw))
    if instrument.kind == "perp":
        per_hour = 0.0000125 + (draw - 0.5) * 0.00001 + instrument.offset * 0.01
        instrument.funding_rate = round(per_hour * instrument.funding_interval_h, 8)
