"""What changed since the alerts last looked: the newest of each thing, so that nothing piles up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import trio
from msgspec import structs

from actors.market.events import Liquidation
from actors.market.instrument import Instrument
from actors.market.reports import Bar, QualityReport
from actors.market.tick import Pair, Tick
from actors.market.ticker import Ticker

LIQUIDATIONS_MAX = 10_000
Place: TypeAlias = tuple[str, str, str]  # exchange, market and symbol


@dataclass
class News:
    """What changed, in the order in which it is to be looked at. Pairs are told with their exchange."""

    heard: dict[str, None] = field(default_factory=dict)
    gone: dict[Place, None] = field(default_factory=dict)
    listed: dict[Place, Instrument] = field(default_factory=dict)
    qualities: dict[Place, dict[str, QualityReport]] = field(default_factory=dict)
    tickers: dict[Place, Ticker] = field(default_factory=dict)
    bars: dict[Place, dict[tuple[int, int], Bar]] = field(default_factory=dict)
    liquidations: list[tuple[str, Pair, Liquidation]] = field(default_factory=list)


class Inbox:
    """`offer` never waits. A ticker, a state or a bar replaces its older self; of liquidations, each of which
    counts, some are kept, and `dropped` counts the others.

    `known` is the newest of everything: whoever begins to look, begins with that.
    """

    def __init__(self) -> None:
        self.known = News()
        self.dropped = 0
        self.lengths: frozenset[int] = frozenset()  # of bars that somebody looks at, in seconds
        self._news = News()
        self._woken = trio.Event()

    def offer(self, tick: Tick) -> None:
        """Take what a tick brings."""
        exchange, changes, news = tick.exchange, tick.changes, self._news
        news.heard[exchange] = None
        for pair in changes.removed:
            self._forget((exchange, *pair))
        if tick.whole:
            self._doubt({(exchange, record.market, record.symbol) for record in tick.changed}, exchange)
        for instrument in changes.instruments:
            news.listed[exchange, instrument.market, instrument.symbol] = instrument
        for report in changes.qualities:
            place = (exchange, report.market, report.symbol)
            news.qualities.setdefault(place, {})[report.channel] = report
        for record in tick.changed:
            news.tickers[exchange, record.market, record.symbol] = record.ticker
        for pair, bars in changes.bars.items() if self.lengths else ():
            self._take_bars((exchange, *pair), bars)
        for pair, some in changes.liquidations.items() if not tick.whole else ():
            self._take_liquidations(exchange, pair, some)
        self._woken.set()

    def begin(self) -> None:
        """Somebody begins to look, and knows nothing yet."""
        fresh, self._news = self._news, self.known
        self.known = News()
        _merge(self._news, fresh)
        self._woken.set()

    async def wait(self) -> None:
        """Until there is something."""
        await self._woken.wait()

    def take(self) -> News:
        """What changed since the last call."""
        news, self._news, self._woken = self._news, News(), trio.Event()
        self.known.listed |= news.listed
        for place, reports in news.qualities.items():
            self.known.qualities[place] = self.known.qualities.get(place, {}) | reports
        self.known.tickers |= news.tickers
        return news

    def _doubt(self, told: set[Place], exchange: str) -> None:
        """A whole picture lacks what is known: it will come again, or it is gone; until then it is stale."""
        for place, ticker in self.known.tickers.items():
            if place[0] == exchange and place not in told:
                self._news.tickers[place] = structs.replace(ticker, quality="stale")
                reports = self.known.qualities.get(place, {})
                doubted = {name: structs.replace(each, state="stale") for name, each in reports.items()}
                self._news.qualities[place] = doubted | self._news.qualities.get(place, {})

    def _forget(self, place: Place) -> None:
        self._news.gone[place] = None
        for news in (self._news, self.known):
            mine: tuple[dict[Place, Any], ...] = (news.tickers, news.listed, news.bars, news.qualities)
            for things in mine:
                things.pop(place, None)

    def _take_bars(self, place: Place, bars: Iterable[Bar]) -> None:
        for bar in bars:
            if bar.interval_s in self.lengths:
                self._news.bars.setdefault(place, {})[bar.interval_s, bar.start_ns] = bar

    def _take_liquidations(self, exchange: str, pair: Pair, some: list[Liquidation]) -> None:
        room = LIQUIDATIONS_MAX - len(self._news.liquidations)
        self.dropped += max(0, len(some) - room)
        self._news.liquidations += [(exchange, pair, each) for each in some[: max(0, room)]]


def _merge(older: News, newer: News) -> None:
    older.heard |= newer.heard
    older.gone |= newer.gone
    older.listed |= newer.listed
    older.qualities |= newer.qualities
    older.tickers |= newer.tickers
    older.bars |= newer.bars
    older.liquidations += newer.liquidations
