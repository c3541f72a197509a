"""The newest of everything as the web sees it. The snapshot actor writes; sockets and REST only read.

Every record remembers the number of the tick that changed it. A reader that was away asks for "what
changed after tick n" and gets whole records, each once, the newest: nothing is queued for anybody, and
memory grows with symbols, never with messages or clients.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Protocol

import trio
from msgspec import Struct

from actors.market.feeds import MarketReport
from actors.market.selection import needs_listing
from actors.market.tick import Record, Tick
from web.picture import Kept, Kind, Picture
from web.wishes import Spellings

REMOVED_MAX = 10_000
LATE_MS = 200.0


class Entry(Struct, frozen=True, gc=False):
    """A record and the number of the tick that brought it."""

    record: Record
    seq: int


class Board:
    """One exchange's newest records. `seq` counts its ticks, `beats` those due to everybody, `reported` the
    reports on its markets, `listing` the changes of what there is: symbols, names, channels."""

    def __init__(self, exchange: str, kept: Kept | None = None) -> None:
        self.exchange = exchange
        self.seq = self.beats = 0
        self.ts = 0
        self.lag_ms = 0.0
        self.late_ticks = 0
        self.listing = 0
        self.entries: dict[tuple[str, str], Entry] = {}
        self.names: dict[str, set[str]] = {}
        self.removed: dict[tuple[str, str], int] = {}
        self._spellings: dict[str | None, tuple[int, Spellings]] = {}
        self.reports: dict[str, MarketReport] = {}
        self.reported = 0
        self.picture = Picture(kept)
        self._ticked = trio.Event()
        self._beaten = trio.Event()

    def apply(self, tick: Tick) -> None:
        """Take a tick and wake everybody who waits for one."""
        self.seq += 1
        self.ts = tick.ts
        self.lag_ms = tick.lag_ms if tick.beat else self.lag_ms
        self.late_ticks += tick.lag_ms > LATE_MS
        self.picture.apply(tick.changes, self.seq, whole=tick.whole)
        gone: Iterable[tuple[str, str]] = tick.removed
        if tick.whole:
            gone = self.entries.keys() - {(record.market, record.symbol) for record in tick.changed}
        for pair in gone:
            if self.entries.pop(pair, None) is not None:
                self.listing += 1
                self.removed[pair] = self.seq
                self.picture.versions.touch(self.seq, "tickers")
        for record in tick.changed:
            self._take(record)
        while len(self.removed) > REMOVED_MAX:
            del self.removed[next(iter(self.removed))]
        ticked, self._ticked = self._ticked, trio.Event()
        ticked.set()
        if tick.beat:
            self.beats += 1
            beaten, self._beaten = self._beaten, trio.Event()
            beaten.set()

    def _take(self, record: Record) -> None:
        pair = (record.market, record.symbol)
        before = self.entries.get(pair)
        if before is None:
            self.listing += 1
            self.removed.pop(pair, None)
        if record.name is not None and (before is None or before.record.name != record.name):
            self.names.setdefault(record.name.casefold(), set()).add(record.symbol)
            self.listing += 1
        if before is None or _standing(before.record) != _standing(record):
            self.picture.versions.touch(self.seq, "states", pair)
        self.picture.versions.touch(self.seq, "tickers", pair)
        self.entries[pair] = Entry(record, self.seq)

    def report(self, report: MarketReport) -> None:
        """Take what is known about one market's feed."""
        before = self.reports.get(report.market)
        self.reports[report.market] = report
        self.reported += 1
        if before is None or (before.symbols, before.offers) != (report.symbols, report.offers):
            self.listing += 1

    def version(self, *kinds: Kind, pair: tuple[str, str] | None = None) -> str:
        """What stands for the newest change of these kinds of things; of one instrument where it is given."""
        return str(max((self.picture.versions.of(kind, pair) for kind in kinds), default=0))

    async def after(self, seq: int) -> None:
        """Wait until there is a tick later than number `seq`."""
        while self.seq <= seq:
            await self._ticked.wait()

    async def after_beat(self, beats: int) -> None:
        """Wait until there were more than so many beats."""
        while self.beats <= beats:
            await self._beaten.wait()

    def changed_after(self, seq: int) -> Iterator[Record]:
        """The records that ticks later than number `seq` brought; 0 gives all of them."""
        return (entry.record for entry in self.entries.values() if entry.seq > seq)

    def removed_after(self, seq: int) -> Iterator[tuple[str, str]]:
        """The (market, symbol) pairs that ticks later than number `seq` took away."""
        return (pair for pair, gone in self.removed.items() if gone > seq)

    def symbols(self, market: str | None = None) -> set[str]:
        """Every symbol that is shown or wanted, of one market or of all."""
        shown = {symbol for of, symbol in self.entries if market in (None, of)}
        wanted = (symbol for report in self._reports(market) for symbol in report.symbols)
        return shown.union(symbol for symbol in wanted if not needs_listing((symbol,)))

    def _reports(self, market: str | None) -> list[MarketReport]:
        return [report for of, report in self.reports.items() if market in (None, of)]

    def spellings(self, market: str | None = None) -> Spellings:
        """The same symbols by every way to write them: made once, until the listing changes."""
        made = self._spellings.get(market)
        if made is None or made[0] != self.listing:
            made = self._spellings[market] = (self.listing, Spellings(self.symbols(market), self.names))
        return made[1]

    def markets(self) -> list[str]:
        """The markets of which something is shown or wanted."""
        return sorted({market for market, _ in self.entries} | self.reports.keys())

    def knows(self, market: str | None = None) -> bool:
        """Whether it is known what there is: something, or of a market that nobody follows, nothing. Before
        the listing came, `*` and `top:N` may mean anything."""
        if any(needs_listing(report.symbols) for report in self._reports(market)):
            return False
        followed = market is None or market in self.reports
        return bool(self.spellings(market).known) or (bool(self.reports) and not followed)


def _standing(record: Record) -> tuple[object, ...]:
    """What a record says of its instrument rather than of its price."""
    return record.ticker.quality, record.ticker.funding_interval_h


class Follower(Protocol):
    """Somebody who takes every tick, after its board has it."""

    @property
    def pace_s(self) -> float | None:
        """How soon after a tick the next one is wanted, if something changes; `None`: the beat will do."""

    def publish(self, tick: Tick) -> None:
        """Take a tick. It must be quick: everything waits for it."""


class ReadModel:
    """All exchanges' boards. It outlives the web, so a restarted web shows everything at once.

    `epoch` names this run of the hub: the numbers of ticks mean something within it only.
    """

    def __init__(self, exchanges: Iterable[str], now_ns: Callable[[], int], kept: Kept | None = None) -> None:
        self.boards = {name: Board(name, kept) for name in exchanges}
        self.now_ns = now_ns
        self.started_ns = now_ns()
        self.epoch = f"{self.started_ns // 1_000_000:x}"
        self.followers: list[Follower] = []

    @property
    def exchanges(self) -> Collection[str]:
        """The names of all exchanges, in the order of the settings."""
        return self.boards.keys()

    def begin(self, epoch: str) -> None:
        """The numbers of ticks are those of a flow that others follow, too."""
        self.epoch = epoch

    def publish(self, tick: Tick) -> None:
        """Take what changed at one exchange. Ticks without changes count too: they are the rhythm."""
        self.boards[tick.exchange].apply(tick)
        for follower in self.followers:
            follower.publish(tick)

    def pace_s(self) -> float | None:
        """The pace of the quickest follower."""
        paces = [pace_s for each in self.followers if (pace_s := each.pace_s) is not None]
        return min(paces, default=None)

    def report(self, reports: Sequence[MarketReport]) -> None:
        """Take what is known about markets; a market that is not mentioned keeps its last report."""
        for report in reports:
            self.boards[report.exchange].report(report)

    def reports(self) -> list[MarketReport]:
        """The last report of every market."""
        return [report for board in self.boards.values() for report in board.reports.values()]
