"""The market itself: a pure, seeded random walk that every simulated exchange looks at.

One hidden price per asset, a small offset per market, and for each instrument the book top, the last
trade, the 24 h statistics and, on derivatives, mark, index, funding and open interest. No clock and no
trio: the caller says how many steps to take and what time it is. The n-th step is the same in every run
with the same seed, whatever the wall time and whoever listens.

Order books and candles exist only where somebody asked for them; they have their own dice, so that asking
does not change the walk. Liquidations come by time, not by step, from dice of their own as well.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import Literal

from simulator.candles import CandleSeries
from simulator.catalogue import build_instruments, new_instrument
from simulator.depth import Depth
from simulator.dice import dice
from simulator.instruments import Instrument, Market
from simulator.moves import lot, move_mark, move_quote, on_tick, open_market, trade
from simulator.tape import Liquidation, Tape

MoveKind = Literal["quote", "trade", "mark"]

REVERSION = 2e-6  # keeps a walk of many hours near believable prices
MARK_SHARE = 0.12  # of the steps of a derivative
TRADE_SHARE = 0.5  # of the remaining steps
TAPES_KEPT = 400_000  # trades over all tapes: many instruments keep fewer each
LIQUIDATIONS_PER_MINUTE = 6.0

# What an exchange calls an instrument that trades, that pauses, and that is gone.
TRADING: dict[Market, str] = {
    "bybit-linear": "Trading",
    "bybit-spot": "Trading",
    "hyperliquid": "Trading",
    "binance-spot": "TRADING",
    "binance-usdm": "TRADING",
}
HALTED: dict[Market, str] = {
    "bybit-linear": "Delivering",
    "bybit-spot": "PreLaunch",
    "hyperliquid": "",
    "binance-spot": "HALT",
    "binance-usdm": "SETTLING",
}
DELISTED: dict[Market, str] = {
    "bybit-linear": "Closed",
    "bybit-spot": "Closed",
    "hyperliquid": "",
    "binance-spot": "BREAK",
    "binance-usdm": "CLOSE",
}


class World:
    """All instruments of all markets and the walk that moves them.

    `now_ms` is the clock of the exchange that speaks at the moment: `true_ms` plus the skew of its market
    (`tell_time`). Only a `clock_skew` fault makes the two differ.
    """

    def __init__(
        self,
        seed: int,
        symbols: int,
        now_ms: int = 0,
        liquidations_per_minute: float = LIQUIDATIONS_PER_MINUTE,
    ) -> None:
        self.seed = seed
        self.now_ms = self.true_ms = self.start_ms = now_ms
        self.skews_ms: dict[Market, int] = {}
        self.steps = 0
        self.liquidations = 0  # so far
        self.instruments = build_instruments(seed, symbols)
        self.markets: dict[Market, dict[str, Instrument]] = {}
        self._liquidation_dice = dice(seed, "liquidations")
        self._liquidations_per_ms = liquidations_per_minute / 60_000
        self._next_liquidation_ms = now_ms + self._liquidation_wait_ms()
        # Two sources, so that the path does not depend on how many steps are taken at a time.
        self._choice = dice(seed, "choice")
        self._random = dice(seed, "walk")
        for instrument in self.instruments:
            self._enter(instrument)
        self._live: list[Instrument] = []
        self._weights: list[float] = []
        self._count_live()

    def _enter(self, instrument: Instrument) -> None:
        """Take one instrument into its market's list and give it a past."""
        self.markets.setdefault(instrument.market, {})[instrument.symbol] = instrument
        instrument.trades = Tape(max(100, min(1_000, TAPES_KEPT // len(self.instruments))))
        open_market(instrument, dice(self.seed, instrument.market, instrument.symbol))

    def _count_live(self) -> None:
        self._live = [instrument for instrument in self.instruments if instrument.live]
        self._weights = list(accumulate(instrument.weight for instrument in self._live))
        self._derivatives = [instrument for instrument in self._live if instrument.kind != "spot"]

    def tell_time(self, market: Market) -> None:
        """Let `now_ms` be the clock of this market's exchange."""
        self.now_ms = self.true_ms + self.skews_ms.get(market, 0)

    def advance(self, now_ms: int, moves: int) -> Iterator[tuple[Instrument, MoveKind]]:
        """Take `moves` steps, yielding each moved instrument with what moved, one at a time."""
        self.now_ms = self.true_ms = now_ms
        if now_ms >= self._next_liquidation_ms:
            self._liquidate()
        chosen = self._choice.choices(self._live, cum_weights=self._weights, k=moves) if moves else ()
        for instrument in chosen:
            self.steps += 1
            if self.skews_ms:
                self.tell_time(instrument.market)
            yield instrument, self._move(instrument)

    def depth(self, instrument: Instrument) -> Depth:
        """The true order book of an instrument, made for its first reader and followed from then on."""
        if instrument.depth is None:
            random = dice(self.seed, "depth", instrument.market, instrument.symbol)
            instrument.depth = Depth(instrument, random)
        return instrument.depth

    def candles(self, instrument: Instrument, interval: str) -> CandleSeries:
        """The candles of an instrument (intervals: `ALL_INTERVALS_MS`), fed by every trade from now on.

        Trades since the start are in it as well, as long as the tape still has all of them.
        """
        series = instrument.series.get(interval)
        if series is None:
            series = CandleSeries.replay(instrument, interval, self.start_ms, self.now_ms, self.seed)
            instrument.series[interval] = series
        return series

    def halt(self, instrument: Instrument, status: str | None = None) -> None:
        """Stop trading for a while; the quotes stand."""
        instrument.status, instrument.live = status or HALTED[instrument.market], False
        self._count_live()

    def resume(self, instrument: Instrument) -> None:
        """Trade again after `halt`."""
        instrument.status, instrument.live = TRADING[instrument.market], True
        self._count_live()

    def delist(self, instrument: Instrument) -> None:
        """Stop trading for ever; the row stays in the list where the exchange shows such rows."""
        self.halt(instrument, DELISTED[instrument.market])

    def list_new(self, market: Market, symbol: str, price: float) -> Instrument:
        """A new symbol that trades from now on; `price` in USD. One that was gone comes back as it was."""
        known = self.markets[market].get(symbol)
        if known is not None:
            self.resume(known)
            return known
        instrument = new_instrument(market, symbol, price, len(self.instruments), self.instruments)
        instrument.status = TRADING[market]
        self.instruments.append(instrument)
        self._enter(instrument)
        self._count_live()
        return instrument

    def _liquidation_wait_ms(self) -> float:
        return self._liquidation_dice.expovariate(self._liquidations_per_ms or 1e-15)

    def _liquidate(self) -> None:
        """Close one position by force; the walk does not notice."""
        random = self._liquidation_dice
        self._next_liquidation_ms = self.true_ms + self._liquidation_wait_ms()
        instrument = random.choice(self._derivatives)
        self.tell_time(instrument.market)
        is_long = random.random() < 0.5
        price = on_tick(instrument, instrument.last * (0.996 if is_long else 1.004))
        size = lot(instrument, random.random())
        self.liquidations += 1
        instrument.liquidations.append(
            Liquidation(self.liquidations, "long" if is_long else "short", price, size, self.now_ms)
        )

    def _move(self, instrument: Instrument) -> MoveKind:
        draw = self._random.random
        asset = instrument.asset
        price = asset.price
        asset.price = price + price * (draw() - 0.5) * asset.step + (asset.anchor - price) * REVERSION
        instrument.sequence += 1 + int(draw() * 90)
        kind = draw()
        if instrument.kind != "spot":
            if kind < MARK_SHARE:
                move_mark(instrument, draw())
                return "mark"
            kind = (kind - MARK_SHARE) / (1.0 - MARK_SHARE)
        move_quote(instrument, draw(), draw())
        if instrument.depth is not None:
            instrument.depth.follow()
        if kind < TRADE_SHARE:
            trade(instrument, draw(), draw(), self.now_ms)
            return "trade"
        return "quote"
