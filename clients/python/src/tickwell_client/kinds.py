"""What each channel tells, and how its records may wait."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tickwell_client.book import OrderBook
from tickwell_client.comparisons import Spread
from tickwell_client.records import (
    Alert,
    Bar,
    Derived,
    Funding,
    Liquidation,
    Quality,
    Quote,
    SystemEvent,
    Ticker,
    Trade,
)
from tickwell_client.wire import BookRecord

R = TypeVar("R")


@dataclass(frozen=True)
class Kind(Generic[R]):
    """A channel: the type of its records, and what tells them apart.

    Records with the same `key_of` replace each other while they wait; `named_by` are the fields that it
    stands for. Of a channel without it every record is kept, and `identity_of` knows one that comes again;
    `None` means that it cannot be known. `place_of` is whose newest a record is, or among whose it is known,
    where that is not its key. `is_whole`: each frame is one record, a list.
    """

    channel: str
    record: type[Any]
    key_of: Callable[[R], str] | None = None
    identity_of: Callable[[R], Hashable] | None = None
    place_of: Callable[[R], str] | None = None
    is_whole: bool = False
    named_by: tuple[str, ...] = ("key",)

    def key_in(self, record: dict[str, Any]) -> str:
        """What tells apart records that came without a type."""
        return " ".join([str(record.get(name, "")) for name in self.named_by])


def _key(record: Any) -> str:
    return str(record.key)


TICKER: Kind[Ticker] = Kind("ticker", Ticker, _key)
QUOTE: Kind[Quote] = Kind("quote", Quote, _key)
TRADES: Kind[Trade] = Kind(
    "trades",
    Trade,
    identity_of=lambda each: each.trade_id or (each.price, each.size, each.side, each.ts_event),
)
LIQUIDATIONS: Kind[Liquidation] = Kind(
    "liquidations",
    Liquidation,
    identity_of=lambda each: (each.side, each.price, each.size, each.ts_event),
)
BARS: Kind[Bar] = Kind(
    "bars", Bar, lambda each: f"{each.key} {each.start}", place_of=_key, named_by=("key", "start")
)
FUNDING: Kind[Funding] = Kind("funding", Funding, _key)
QUALITY: Kind[Quality] = Kind(
    "quality", Quality, lambda each: f"{each.key} {each.channel}", named_by=("key", "channel")
)
DERIVED: Kind[Derived] = Kind(
    "derived",
    Derived,
    lambda each: f"{each.key} {each.plugin} {each.name}",
    named_by=("key", "plugin", "name"),
)
ALERTS: Kind[Alert] = Kind(
    "alerts", Alert, identity_of=lambda each: each.id or None, place_of=lambda _: ""
)  # a snapshot has the newest of all, whatever they are about
SPREADS: Kind[Spread] = Kind("spreads", Spread, _key)
BOOK: Kind[OrderBook] = Kind("book", BookRecord, _key)
SYSTEM: Kind[SystemEvent] = Kind("system", SystemEvent)
SCREENER: Kind[list[Ticker]] = Kind("screener", Ticker, lambda _: "", is_whole=True)


def untyped(channel: str) -> Kind[Any]:
    """A channel that this version does not know: its records are dicts, and every one is kept."""
    return Kind(channel, dict, named_by=("key", "start", "channel"))


KNOWN: dict[str, Kind[Any]] = {
    kind.channel: kind
    for kind in (
        TICKER, QUOTE, TRADES, LIQUIDATIONS, BARS, FUNDING, QUALITY, DERIVED, ALERTS, SPREADS, BOOK, SYSTEM,
        SCREENER,
    )
}  # fmt: skip

# What the hub missed of a feed of an exchange is missing in these channels.
CONCERNED: dict[str, tuple[str, ...]] = {
    "ticker": ("ticker", "funding", "quote"),
    "quote": ("quote", "ticker"),
    "trades": ("trades", "bars"),
    "candles": ("bars",),
}
