"""The market itself: a pure, seeded random walk that every simulated exchange looks at.

One hidden price per asset, a small offset per market, and for each instrument the book top, the last
trade, the 24 h statistics and, on derivatives, mark, index, funding and open interest. No clock and no
trio: the caller says how many steps to take and what time it is. The n-th step is the same in every run
with the same seed, whatever the wall time and whoever listens.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import Literal

from simulator.catalogue import build_instruments
from simulator.dice import Dice, dice
from simulator.instruments import Instrument, Market

MoveKind = Literal["quote", "trade", "mark"]

MARKET_OFFSETS: dict[str, float] = {
    "bybit-linear": -0.00022,
    "bybit-spot": 0.00004,
    "hyperliquid": -0.00031,
    "binance-spot": 0.0,
    "binance-usdm": -0.00025,
}
REVERSION = 2e-6  # keeps a walk of many hours near believable prices
MARK_SHARE = 0.12  # of the steps of a derivative
ONLY_INDEX_SHARE = 0.3  # of the mark steps: the index moves, the mark does not
TRADE_SHARE = 0.5  # of the remaining steps


class World:
    """All instruments of all markets and the walk that moves them."""

    def __init__(self, seed: int, symbols: int, now_ms: int = 0) -> None:
        self.seed = seed
        self.now_ms = now_ms
        self.start_ms = now_ms
        self.steps = 0
        self.instruments = build_instruments(seed, symbols)
        self.markets: dict[Market, dict[str, Instrument]] = {}
        # Two sources, so that the path does not depend on how many steps are taken at a time.
        self._choice = dice(seed, "choice")
        self._random = dice(seed, "walk")
        for instrument in self.instruments:
            self.markets.setdefault(instrument.market, {})[instrument.symbol] = instrument
            _open(instrument, dice(seed, instrument.market, instrument.symbol))
        self._live = [instrument for instrument in self.instruments if instrument.live]
        self._weights = list(accumulate(instrument.weight for instrument in self._live))

    def advance(self, now_ms: int, moves: int) -> Iterator[tuple[Instrument, MoveKind]]:
        """Take `moves` steps, yielding each moved instrument with what moved, one at a time."""
        self.now_ms = now_ms
        chosen = self._choice.choices(self._live, cum_weights=self._weights, k=moves) if moves else ()
        for instrument in chosen:
            self.steps += 1
            yield instrument, self._move(instrument)

    def _move(self, instrument: Instrument) -> MoveKind:
        draw = self._random.random
        asset = instrument.asset
        price = asset.price
        asset.price = price + price * (draw() - 0.5) * asset.step + (asset.anchor - price) * REVERSION
        instrument.sequence += 1 + int(draw() * 90)
        kind = draw()
        if instrument.kind != "spot":
            if kind < MARK_SHARE:
                _move_mark(instrument, draw())
                return "mark"
            kind = (kind - MARK_SHARE) / (1.0 - MARK_SHARE)
        _move_quote(instrument, draw(), draw())
        if kind < TRADE_SHARE:
            _trade(instrument, draw(), draw())
            return "trade"
        return "quote"


def _open(instrument: Instrument, random: Dice) -> None:
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
    _move_mark(instrument, random.random())
    if not instrument.live:
        instrument.last = instrument.open_24h = instrument.high_24h = instrument.low_24h = _on_tick(
            instrument, fair
        )
        return
    _move_quote(instrument, random.random(), random.random())
    instrument.last = instrument.previous = instrument.bid
    instrument.last_size = _lot(instrument, random.random())
    instrument.open_24h = _on_tick(instrument, instrument.last / (1.0 + asset.change_24h))
    instrument.open_1h = _on_tick(instrument, instrument.last * random.uniform(0.995, 1.005))
    top, bottom = max(instrument.last, instrument.open_24h), min(instrument.last, instrument.open_24h)
    instrument.high_24h = _on_tick(instrument, top * random.uniform(1.004, 1.02)) + instrument.tick
    instrument.low_24h = _on_tick(instrument, bottom * random.uniform(0.98, 0.996))
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


def _on_tick(instrument: Instrument, price: float) -> float:
    """The nearest price the instrument can trade at."""
    return max(1, round(price / instrument.tick)) * instrument.tick


def _lot(instrument: Instrument, draw: float) -> float:
    """A size around the typical one, never zero."""
    smallest = 10.0**-instrument.size_decimals
    return round(smallest + instrument.lot * draw * draw * 3.0, instrument.size_decimals) or smallest


def _move_quote(instrument: Instrument, first: float, second: float) -> None:
    """Put the book top around the fair price; one side changes size more often than both move."""
    bid_ticks = max(1, int(instrument.asset.price * instrument.scale))
    spread_ticks = 1 if first < 0.8 else 2
    instrument.update_id += 1
    instrument.bid = bid_ticks * instrument.tick
    instrument.bid_size = _lot(instrument, first)
    if instrument.one_sided:
        return
    instrument.ask = (bid_ticks + spread_ticks) * instrument.tick
    instrument.ask_size = _lot(instrument, second)


def _trade(instrument: Instrument, side: float, size: float) -> None:
    """A taker hits one side of the book; the statistics follow."""
    is_buy = side < 0.5 and not instrument.one_sided
    price = instrument.ask if is_buy else instrument.bid
    instrument.previous = instrument.last
    instrument.last = price
    instrument.last_is_buy = is_buy
    instrument.last_size = amount = _lot(instrument, size * 0.6)
    instrument.trade_id += 1
    instrument.trades_24h += 1
    instrument.volume_24h += amount
    instrument.turnover_24h += amount * price
    if price > instrument.high_24h:
        instrument.high_24h = price
    elif price < instrument.low_24h:
        instrument.low_24h = price
    if instrument.kind != "spot":
        instrument.open_interest += amount * (0.3 if side < 0.52 else -0.3)


def _move_mark(instrument: Instrument, draw: float) -> None:
    """Index = the hidden price; mark = between index and this market's own price."""
    index = instrument.asset.price * instrument.multiplier
    instrument.index = index
    if instrument.kind == "spot" or (instrument.mark and draw < ONLY_INDEX_SHARE):
        return
    instrument.mark = index * (1.0 + instrument.offset * (0.7 + 0.2 * draw))
    if instrument.kind == "perp":
        per_hour = 0.0000125 + (draw - 0.5) * 0.00001 + instrument.offset * 0.01
        instrument.funding_rate = round(per_hour * instrument.funding_interval_h, 8)
