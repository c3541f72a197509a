"""What the snapshot actor hands to the web: everything that changed since the last tick."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import astuple

from actors.market.events import Liquidation, Trade
from actors.market.instrument import Instrument
from actors.market.reports import Bar, BookView, Hole, LatencyReport, QualityReport
from actors.market.ticker import Ticker


class Record(Struct, frozen=True):
    """One instrument's record; `body` is its JSON as realtime clients receive it, shared by all of them."""

    ticker: Ticker
    body: bytes

    @property
    def market(self) -> str:
        """The market of the instrument."""
        return self.ticker.market

    @property
    def symbol(self) -> str:
        """The exchange's spelling of the instrument."""
        return self.ticker.symbol

    @property
    def name(self) -> str | None:
        """Our name of the instrument."""
        return self.ticker.name

    @property
    def stale(self) -> bool:
        """Whether it must not be shown as current."""
        return self.ticker.stale


Pair = tuple[str, str]  # (market, symbol)


class Changes(Struct, frozen=True):
    """What happened at one exchange since it was last asked, by (market, symbol). Its values are immutable.

    `trades` and `liquidations` are each told once, oldest first. `bars`, `books`, `qualities` and `holes`
    replace what was told before about the same bar, book, channel and hole (whose `from_ns` stays).
    """

    tickers: list[Ticker] = []
    trades: dict[Pair, list[Trade]] = {}
    bars: dict[Pair, list[Bar]] = {}
    books: dict[Pair, BookView] = {}
    liquidations: dict[Pair, list[Liquidation]] = {}
    qualities: list[QualityReport] = []
    holes: list[Hole] = []
    instruments: list[Instrument] = []
    latencies: list[LatencyReport] = []
    removed: list[Pair] = []
    unfollowed: list[Pair] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return not any(astuple(self))


class Tick(Struct, frozen=True):
    """One exchange's changes since its last tick, and the records of its tickers.

    `lag_ms` is how much later it comes than it should: the whole program was busy for so long. A `whole` tick
    holds everything that is known: what it lacks is gone. Most ticks are a `beat`, which is due to everybody;
    those between are for readers who want what changes at once. `number` is that of the `Mark` it ends with,
    and so is `is_sure`.
    """

    exchange: str
    ts: int
    changed: list[Record]
    changes: Changes = Changes()
    lag_ms: float = 0.0
    whole: bool = False
    beat: bool = True
    number: int = 0
    is_sure: bool = True

    @property
    def removed(self) -> list[Pair]:
        """The instruments that are gone."""
        return self.changes.removed
