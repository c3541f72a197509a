"""Short words for telling a `Market` what happens, in seconds."""

from __future__ import annotations

from collections.abc import Mapping

from actors.market.events import Batch, Event, FeedDown, Heard, Quote, Removed, Silent, Source
from actors.market.events import TickerUpdate as Update
from actors.market.market import Market
from actors.market.rhythm import NS_PER_S, Patience
from actors.market.ticker import Ticker

EPOCH_NS = 1_700_000_000 * NS_PER_S
PATIENCE = Patience(floor_s=5, ceiling_s=60)


def at(seconds: float) -> int:
    return EPOCH_NS + int(seconds * NS_PER_S)


def drained(market: Market) -> list[Ticker]:
    return [ticker for changes in market.drain().values() for ticker in changes.tickers]


class Story:
    """A market of one exchange, told one event at a time."""

    def __init__(self) -> None:
        self.market = Market(PATIENCE)
        self.lives: dict[str, int] = {}

    def tell(self, connection: str, *events: Event, life: int | None = None) -> None:
        number = self.lives.get(connection, 1) if life is None else life
        self.lives[connection] = number
        self.market.apply(Batch(Source("bybit", "linear", connection, number), list(events)))

    def update(
        self,
        seconds: float,
        connection: str = "stream-0",
        symbol: str = "BTCUSDT",
        *,
        life: int | None = None,
        event_s: float | None = None,
        **values: float | None,
    ) -> None:
        ts_event = None if event_s is None else at(event_s)
        self.say(seconds, connection, values, symbol, life=life, ts_event=ts_event)

    def say(
        self,
        seconds: float,
        connection: str,
        values: Mapping[str, float | None],
        symbol: str = "BTCUSDT",
        *,
        life: int | None = None,
        ts_event: int | None = None,
    ) -> None:
        self.tell(connection, Update(symbol, dict(values), ts_event, at(seconds)), life=life)

    def quote(
        self, seconds: float, bid: float | None, ask: float | None, connection: str = "stream-0"
    ) -> None:
        sizes = [None if price is None else 1.0 for price in (bid, ask)]
        self.tell(connection, Quote("BTCUSDT", bid, sizes[0], ask, sizes[1], None, at(seconds)))

    def down(self, seconds: float, connection: str = "stream-0", *, life: int | None = None) -> None:
        self.tell(connection, FeedDown("closed", at(seconds)), life=life)

    def silent(self, topic: str, connection: str = "stream-0", symbol: str = "BTCUSDT") -> None:
        self.tell(connection, Silent(symbol, topic))

    def heard(self, topic: str, connection: str = "stream-0", symbol: str = "BTCUSDT") -> None:
        self.tell(connection, Heard(symbol, topic))

    def remove(self, symbol: str = "BTCUSDT") -> None:
        self.tell("listing", Removed(symbol), life=0)

    def sweep(self, seconds: float) -> None:
        self.market.sweep(at(seconds))

    def drain(self) -> list[Ticker]:
        return drained(self.market)

    def removed(self) -> list[tuple[str, str]]:
        return [pair for changes in self.market.drain().values() for pair in changes.removed]

    def record(self, symbol: str = "BTCUSDT") -> Ticker:
        return next(each for each in self.market.tickers() if each.symbol == symbol)

    def is_stale(self, symbol: str = "BTCUSDT") -> bool:
        return self.record(symbol).stale
