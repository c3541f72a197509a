"""Binance's streams that may have several things to say at once, and how stream names are read."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from simulator.binance_frames import kline
from simulator.candles import ALL_INTERVALS_MS
from simulator.faults import Channel
from simulator.instruments import Instrument
from simulator.tape import Liquidation
from simulator.venue import Feed
from simulator.world import World

BOOK_STREAM: Final = re.compile(r"depth(5|10|20)?(?:@(\d+)ms)?")


class BookStream(NamedTuple):
    """What the name of a book stream says."""

    levels: int | None  # None: what changed, of all levels
    period_ms: int


def book_stream(channel: str, periods_ms: tuple[int, ...]) -> BookStream | None:
    """Read `depth`, `depth@100ms`, `depth20@100ms`, …; the first period is the one of a name without any."""
    found = BOOK_STREAM.fullmatch(channel)
    if found is None:
        return None
    levels, period = found.groups()
    period_ms = int(period) if period else periods_ms[0]
    return BookStream(int(levels) if levels else None, period_ms) if period_ms in periods_ms else None


def kline_interval(channel: str) -> str | None:
    """The interval of `kline_<interval>`; None for another channel or an interval that does not exist."""
    name, _, interval = channel.partition("_")
    return interval if name == "kline" and interval in ALL_INTERVALS_MS else None


class BurstFeed(Feed, ABC):
    """A topic that sends a message for each thing that happened since the last time."""

    def __init__(
        self,
        topic: str,
        instrument: Instrument | None,
        period_s: float = 0.0,
        channel: Channel | None = None,
    ) -> None:
        super().__init__(topic, instrument, lambda: "", period_s, channel)

    @abstractmethod
    def drain(self) -> Iterator[str]:
        """The messages that are due, oldest first."""

    def past(self) -> str:
        """The newest message of the past, sent again; empty when there is none."""
        return ""


class Numbered(Protocol):
    """Something with a number that rises."""

    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=Numbered)


class RowFeed(BurstFeed, Generic[Row]):
    """A message per row: `since(id)` lists the rows after a number, oldest first, `encode` writes one."""

    def __init__(
        self,
        topic: str,
        instrument: Instrument | None,
        channel: Channel,
        since: Callable[[int], list[Row]],
        encode: Callable[[Row], str],
        period_s: float = 0.0,
    ) -> None:
        super().__init__(topic, instrument, period_s, channel)
        self._since = since
        self._encode = encode

    def wake(self) -> None:
        """The first message is about what happens from now on."""
        for row in self._since(self.cursor):
            self.cursor = row.id

    def drain(self) -> Iterator[str]:
        """A message for each new row."""
        for row in self._since(self.cursor):
            self.cursor = row.id
            yield self._encode(row)

    def past(self) -> str:
        """The newest row, sent again."""
        rows = self._since(0)
        return self._encode(rows[-1]) if rows else ""


class Forced(NamedTuple):
    """One liquidation and whose it is."""

    id: int
    instrument: Instrument
    liquidation: Liquidation


def latest_forced(instruments: Iterable[Instrument], identifier: int) -> list[Forced]:
    """Of each instrument its newest liquidation, if newer than `identifier`: the others are never told."""
    found = [
        Forced(instrument.liquidations[-1].id, instrument, instrument.liquidations[-1])
        for instrument in instruments
        if instrument.liquidations and instrument.liquidations[-1].id > identifier
    ]
    return sorted(found, key=lambda forced: forced.id)


class KlineFeed(BurstFeed):
    """Candles of one interval: the open one when it changed, each one once more when it closed."""

    def __init__(
        self, topic: str, instrument: Instrument, world: World, interval: str, period_s: float
    ) -> None:
        super().__init__(topic, instrument, period_s)
        self._coin = instrument
        self._world = world
        self._series = world.candles(instrument, interval)
        self._told = (0, 0)

    def wake(self) -> None:
        """Candles that closed while nobody listened are not told."""
        self.cursor, self._told = 0, (0, 0)

    def drain(self) -> Iterator[str]:
        """The candles that closed, then the open one."""
        series, now_ms = self._series, self._world.now_ms
        candle = series.at(now_ms)
        if 0 < self.cursor < candle.start_ms:
            for done in series.filled(self.cursor, candle.start_ms - 1):
                yield kline(self._coin, series, done, now_ms, is_closed=True)
        self.cursor = candle.start_ms
        state = (candle.start_ms, candle.trades)
        if state != self._told:
            self._told = state
            yield kline(self._coin, series, candle, now_ms, is_closed=False)
