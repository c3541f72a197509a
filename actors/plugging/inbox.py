"""What one plugin is still to be told: closed bars once each, tickers as they are at last."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from itertools import islice
from typing import Literal, TypeAlias

import trio
from msgspec import Struct

from actors.market.alerts.keys import Pattern, means
from actors.market.reports import Bar
from actors.market.tick import Pair, Record, Tick
from actors.market.ticker import Ticker

WAITING_MAX = 50_000
Place: TypeAlias = tuple[str, str, str]  # exchange, market and symbol


class Input(Struct, frozen=True):
    """One thing to tell: a closed bar, a ticker, or that the instrument is gone."""

    kind: Literal["bar", "ticker", "gone"]
    key: str
    bar: Bar | None = None
    ticker: Ticker | None = None


class PluginInbox:
    """`offer` never waits. A newer ticker, or a corrected bar, replaces one that waits; beyond `WAITING_MAX`
    things `dropped` counts what there is no room for.

    `interval_s` is the length of the bars that are wanted, `None` for none. `known` are the keys of the
    instruments that were meant and have not gone.
    """

    def __init__(self, patterns: Sequence[Pattern], *, interval_s: int | None, tickers: bool) -> None:
        self.known: set[str] = set()
        self.dropped = 0
        self._patterns = patterns
        self._interval_s = interval_s
        self._tickers = tickers
        self._waiting: dict[Hashable, Input] = {}
        self._newest: dict[str, int] = {}  # when the newest bar began that it was given, by key
        self._meant: dict[Place, bool] = {}
        self._names: dict[Place, str] = {}
        self._woken = trio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def offer(self, tick: Tick) -> None:
        """Take what a tick brings."""
        for instrument in tick.changes.instruments:
            self._name((tick.exchange, instrument.market, instrument.symbol), instrument.name)
        for pair in gone(tick, self.known):
            self._forget((tick.exchange, *pair))
        # What came just before an instrument went may stand in the same tick; what is listed anew stays.
        left = {*tick.removed} - {(each.market, each.symbol) for each in tick.changes.instruments}
        for record in tick.changed:
            if (record.market, record.symbol) not in left:
                self._take_ticker(record)
        for pair, bars in tick.changes.bars.items() if self._interval_s is not None else ():
            if pair not in left:
                self._take_bars((tick.exchange, *pair), bars, whole=tick.whole)

    async def wait(self) -> None:
        """Until there is something."""
        while not self._waiting:
            await self._woken.wait()

    def take(self, count: int) -> list[Input]:
        """The next things to tell, the oldest first."""
        names = list(islice(self._waiting, count))
        return [self._waiting.pop(name) for name in names]

    def put_back(self, inputs: Sequence[Input]) -> None:
        """Tell these first: there was no time for them. What came meanwhile replaces them."""
        self._waiting = {_name_of(each): each for each in inputs} | self._waiting

    def _take_ticker(self, record: Record) -> None:
        place = (record.ticker.exchange, record.market, record.symbol)
        self._name(place, record.name)
        if self._is_meant(place) and self._tickers:
            key = record.ticker.key
            self._put(("ticker", key), Input("ticker", key, ticker=record.ticker))

    def _take_bars(self, place: Place, bars: Iterable[Bar], *, whole: bool) -> None:
        if not self._is_meant(place):
            return
        key = ":".join(place)
        for bar in bars:
            if bar.interval_s != self._interval_s or not bar.closed:
                continue
            newest = self._newest.get(key, -1)
            # A whole picture repeats the past; else a bar comes again only because it was corrected.
            if bar.start_ns > newest or not whole:
                self._newest[key] = max(newest, bar.start_ns)
                self._put(("bar", key, bar.start_ns), Input("bar", key, bar=bar))

    def _put(self, name: Hashable, what: Input) -> None:
        if name not in self._waiting and len(self._waiting) >= WAITING_MAX:
            self.dropped += 1
            return
        self._waiting[name] = what
        woken, self._woken = self._woken, trio.Event()
        woken.set()

    def _name(self, place: Place, name: str | None) -> None:
        if name is not None and self._names.get(place) != name:
            self._names[place] = name
            self._meant.pop(place, None)

    def _is_meant(self, place: Place) -> bool:
        is_meant = self._meant.get(place)
        if is_meant is None:
            is_meant = self._meant[place] = means(self._patterns, *place, self._names.get(place))
            if is_meant:
                self.known.add(":".join(place))
        return is_meant

    def _forget(self, place: Place) -> None:
        key = ":".join(place)
        self._meant.pop(place, None)
        self._names.pop(place, None)
        self._newest.pop(key, None)
        self.known.discard(key)
        self._waiting = {name: each for name, each in self._waiting.items() if each.key != key}
        self._put(("gone", key), Input("gone", key))


def gone(tick: Tick, known: Collection[str]) -> list[Pair]:
    """The instruments that a tick takes away, of those whose keys are `known`."""
    if not tick.whole:
        return [pair for pair in tick.removed if ":".join((tick.exchange, *pair)) in known]
    parts = (key.split(":", 2) for key in known)
    of_exchange = {(market, symbol) for exchange, market, symbol in parts if exchange == tick.exchange}
    return sorted(of_exchange - {(record.market, record.symbol) for record in tick.changed})


def _name_of(each: Input) -> Hashable:
    return (each.kind, each.key, each.bar.start_ns) if each.bar is not None else (each.kind, each.key)
