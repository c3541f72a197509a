"""The prices of the moment, for those who want to be told of each change and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import TypeAlias

from msgspec import Struct

from actors.market.tick import Pair, Tick
from actors.market.ticker import Ticker

Place: TypeAlias = tuple[str, str, str]  # exchange, market, symbol
REPEATS_LOOKED_FOR_EVERY_NS = 1_000_000_000


class LivePrice(Struct, frozen=True):
    """A price that is current. `ts` is the exchange's time of it, ours where that is not told (ns)."""

    exchange: str
    market: str
    symbol: str
    price: float
    ts: int

    @property
    def place(self) -> Place:
        """Which instrument it is the price of."""
        return self.exchange, self.market, self.symbol


class _Told(Struct):
    """What was said last of one instrument, and when."""

    price: float
    at_ns: int


class LivePrices:
    """`note` every tick, and `take` what is to be told: the newest price of each instrument that has another
    one than was taken last.

    A price that does not change is told again after `repeat_s` (0: never), so that whoever comes later gets
    it, and silence means something. What is not live is never told, and forgotten: when it is live again, it
    is told at once. `replaced` counts the prices that a newer one has overtaken before they were taken, and
    `gone` those that were not live any more; `accepted` = taken + waiting + `replaced` + `gone`.
    """

    def __init__(self, repeat_s: float = 0.0) -> None:
        self._repeat_ns = int(repeat_s * 1e9)
        self._live: dict[str, dict[Pair, LivePrice]] = {}
        self._told: dict[Place, _Told] = {}
        self._waiting: dict[Place, LivePrice] = {}
        self._looked_ns: dict[str, int] = {}
        self.accepted = self.replaced = self.gone = 0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def note(self, tick: Tick) -> None:
        """Something changed at one exchange, or its beat came, with which repeats are due."""
        live = self._live.setdefault(tick.exchange, {})
        if tick.whole:
            known = {(record.market, record.symbol) for record in tick.changed}
            self._forget(tick.exchange, [pair for pair in live if pair not in known])
        for record in tick.changed:
            self._note(live, record.ticker)
        self._forget(tick.exchange, tick.removed)
        if tick.beat and self._repeat_ns and tick.ts >= self._looked_ns.get(tick.exchange, 0):
            self._looked_ns[tick.exchange] = tick.ts + REPEATS_LOOKED_FOR_EVERY_NS
            self._repeat(live.values(), tick.ts)

    def take(self, at_ns: int, count_max: int = 1000) -> list[LivePrice]:
        """The prices to tell now, those that wait the longest first."""
        places = [place for place, _ in zip(self._waiting, range(count_max), strict=False)]
        taken = [self._waiting.pop(place) for place in places]
        for place, price in zip(places, taken, strict=True):
            self._told[place] = _Told(price.price, at_ns)
        return taken

    def begin_anew(self) -> None:
        """Nobody knows what was heard of all that was told: everything that is live is to be told again."""
        self._told.clear()
        for prices in self._live.values():
            for price in prices.values():
                self._wait(price)

    def _note(self, live: dict[Pair, LivePrice], ticker: Ticker) -> None:
        pair = ticker.market, ticker.symbol
        place = ticker.exchange, *pair
        if ticker.stale or ticker.price is None or not isfinite(ticker.price):
            self._forget(ticker.exchange, [pair])
            return
        live[pair] = price = LivePrice(*place, ticker.price, ticker.ts_event or ticker.ts_recv)
        told = self._told.get(place)
        if told is None or told.price != price.price or place in self._waiting:
            self._wait(price)

    def _wait(self, price: LivePrice) -> None:
        before = self._waiting.get(price.place)
        if before is None or before.price != price.price:
            self.accepted += 1
            self.replaced += before is not None
        self._waiting[price.place] = price

    def _repeat(self, prices: Iterable[LivePrice], now_ns: int) -> None:
        for price in prices:
            told = self._told.get(price.place)
            if told is not None and now_ns - told.at_ns >= self._repeat_ns:
                self._wait(price)

    def _forget(self, exchange: str, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            self._live[exchange].pop(pair, None)
            self._told.pop((exchange, *pair), None)
            self.gone += self._waiting.pop((exchange, *pair), None) is not None
