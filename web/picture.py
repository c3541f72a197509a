"""What one exchange tells beside tickers, the newest of each kind, with bounds on all of it.

Every kind remembers the number of the tick that last changed it, of the exchange as a whole and of each
instrument: that is what tells a reader who comes again that nothing is new.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from actors.market.events import Liquidation, Trade
from actors.market.instrument import Instrument
from actors.market.packed import BarRow
from actors.market.reports import Bar, BookView, Hole, LatencyReport, QualityReport
from actors.market.tick import Changes, Pair

LIQUIDATIONS_KEPT = 1000
HOLES_KEPT = 500

Kind: TypeAlias = Literal[
    "tickers", "states", "instruments", "books", "trades", "bars", "liquidations", "quality"
]


class Kept(Struct, frozen=True):
    """How many of the newest are kept of each instrument: trades, and bars of each length."""

    trades: int = 500
    bars: int = 500


class Versions:
    """The number of the tick that last changed each kind of thing: of all instruments, and of each."""

    def __init__(self) -> None:
        self._of: dict[Pair | None, dict[Kind, int]] = {}
        self._floor = 0

    def touch(self, seq: int, kind: Kind, pair: Pair | None = None) -> None:
        """Note that tick `seq` changed a kind of thing, and of which instrument."""
        self._of.setdefault(None, {})[kind] = seq
        if pair is not None:
            self._of.setdefault(pair, {})[kind] = seq

    def touch_all(self, seq: int) -> None:
        """Note that tick `seq` changed everything."""
        self._of.clear()
        self._floor = seq

    def of(self, kind: Kind, pair: Pair | None = None) -> int:
        """The tick that last changed it; 0 for never."""
        return self._of.get(pair, {}).get(kind, self._floor)

    def forget(self, pair: Pair) -> None:
        """Drop the numbers of an instrument that is gone. Should it come back, its ticks have higher ones."""
        self._of.pop(pair, None)


class Picture:
    """Instruments, books, trades, bars, liquidations, qualities, holes and latencies of one exchange."""

    def __init__(self, kept: Kept | None = None) -> None:
        self._kept = kept or Kept()
        self.versions = Versions()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.instruments: dict[Pair, Instrument] = {}
        self.books: dict[Pair, BookView] = {}
        self.trades: dict[Pair, list[Trade]] = {}
        self.bars: dict[Pair, dict[int, BarRow]] = {}
        self.liquidations: deque[tuple[str, Liquidation]] = deque(maxlen=LIQUIDATIONS_KEPT)
        self.qualities: dict[Pair, dict[str, QualityReport]] = {}
        self.holes: dict[tuple[str, str, str, int], Hole] = {}
        self.latencies: dict[str, LatencyReport] = {}

    def apply(self, changes: Changes, seq: int, *, whole: bool = False) -> None:
        """Take what changed with tick `seq`. A `whole` one replaces all that was known."""
        if whole:
            self.clear()
            self.versions.touch_all(seq)
        gone = set(changes.removed)
        self._remove(gone, seq)
        self._take_instruments(changes.instruments, seq)
        self._take_books(changes.books, seq)
        for pair, trades in changes.trades.items():
            take_trades(self.trades.setdefault(pair, []), trades, self._kept.trades)
            self.versions.touch(seq, "trades", pair)
        for pair, bars in changes.bars.items():
            take_bars(self.bars.setdefault(pair, {}), bars, self._kept.bars)
            self.versions.touch(seq, "bars", pair)
        for (market, symbol), liquidations in changes.liquidations.items():
            self.liquidations.extend((market, each) for each in liquidations)
            self.versions.touch(seq, "liquidations", (market, symbol))
        self._take_quality(changes, seq)
        for pair in changes.unfollowed:
            self._drop_book(pair, seq)
        # What came just before an instrument went may stand in the same tick; what is listed anew stays.
        self._remove(gone - {(each.market, each.symbol) for each in changes.instruments}, seq)

    def quality(self, pair: Pair, *channels: str) -> QualityReport | None:
        """What is known about the first of these channels that is followed."""
        reports = self.qualities.get(pair, {})
        return next((reports[channel] for channel in channels if channel in reports), None)

    def _take_instruments(self, instruments: Iterable[Instrument], seq: int) -> None:
        for instrument in instruments:
            pair = (instrument.market, instrument.symbol)
            self.instruments[pair] = instrument
            self.versions.touch(seq, "instruments", pair)

    def _take_books(self, books: dict[Pair, BookView], seq: int) -> None:
        for pair, book in books.items():
            self.books[pair] = book
            self.versions.touch(seq, "books", pair)

    def _take_quality(self, changes: Changes, seq: int) -> None:
        for report in changes.qualities:
            pair = (report.market, report.symbol)
            known = self.qualities.setdefault(pair, {})
            before = known.get(report.channel)
            known[report.channel] = report
            if before is None or (before.state, before.reason) != (report.state, report.reason):
                self.versions.touch(seq, "states", pair)
        for hole in changes.holes:
            self.holes[hole.market, hole.symbol, hole.channel, hole.from_ns] = hole
        while len(self.holes) > HOLES_KEPT:
            del self.holes[next(iter(self.holes))]
        self.latencies.update({report.market: report for report in changes.latencies})
        if changes.qualities or changes.holes or changes.latencies:
            self.versions.touch(seq, "quality")

    def _drop_book(self, pair: Pair, seq: int) -> None:
        """Nobody follows it any more: it is neither live nor stale."""
        self.books.pop(pair, None)
        self.qualities.get(pair, {}).pop("book", None)
        kinds: tuple[Kind, ...] = ("books", "states", "quality")
        for kind in kinds:
            self.versions.touch(seq, kind, pair)

    def _remove(self, gone: set[Pair], seq: int) -> None:
        if not gone:
            return
        pairs: dict[Pair, Any]
        for pairs in (self.instruments, self.books, self.trades, self.bars, self.qualities):
            for pair in gone & pairs.keys():
                del pairs[pair]
        self.holes = {key: hole for key, hole in self.holes.items() if key[:2] not in gone}
        left = [(market, each) for market, each in self.liquidations if (market, each.symbol) not in gone]
        self.liquidations = deque(left, maxlen=LIQUIDATIONS_KEPT)
        for pair in gone:
            self.versions.forget(pair)
        kinds: tuple[Kind, ...] = ("instruments", "liquidations", "quality", "states")
        for kind in kinds:
            self.versions.touch(seq, kind)


def take_trades(kept: list[Trade], trades: Iterable[Trade], kept_max: int) -> None:
    """Add trades in the order of their time, and drop the oldest. What was fetched later may be older."""
    newest = _moment(kept[-1]) if kept else None
    start = len(kept)
    kept.extend(trades)
    moments = [_moment(trade) for trade in kept[start:]]
    if moments != sorted(moments) or (newest is not None and moments and moments[0] < newest):
        kept.sort(key=_moment)
    del kept[:-kept_max]


def _moment(trade: Trade) -> tuple[int, int]:
    return trade.ts_event, trade.order


def take_bars(kept: dict[int, BarRow], bars: Iterable[Bar], kept_max: int) -> None:
    """Add bars by interval, in the order of their start, each in place of its older self; drop the oldest."""
    for bar in bars:
        row = kept.get(bar.interval_s)
        if row is None:
            kept[bar.interval_s] = BarRow(bar)
        else:
            row.put(bar)
            row.keep(kept_max)
