"""What each channel tells, and how its records may wait."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tickwell_client.book import OrderBook
from tickwell_client.comparisons import Spread
from tickwell_client.records import Bar, Funding, Liquidation, Quality, Quote, SystemEvent, Ticker, Trade
from tickwell_client.wire import BookRecord

R = TypeVar("R")


@dataclass(frozen=True)
class Kind(Generic[R]):
    """A channel: the type of its records, and what tells them apart.

    Records with the same `key_of` replace each other while they wait. Of a channel without it every record is
    kept, and `identity_of` knows one that comes again. `place_of` is whose newest a record is, where that is
    not its key. `is_whole`: each frame is one record, a list.
    """

    channel: str
    record: type[Any]
    key_of: Callable[[R], str] | None = None
    identity_of: Callable[[R], Hashable] | None = None
    place_of: Callable[[R], str] | None = None
    is_whole: bool = False


def _key(record: Any) -> str:
    return str(record.key)


def key_in(record: dict[str, Any]) -> str:
    """What tells apart records that came without a type: a bar also by its start, a quality by its
    channel."""
    return f"{record.get('key', '')} {record.get('start', '')} {record.get('channel', '')}"


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
BARS: Kind[Bar] = Kind("bars", Bar, lambda each: f"{each.key} {each.start}", place_of=_key)
FUNDING: Kind[Funding] = Kind("funding", Funding, _key)
QUALITY: Kind[Quality] = Kind("quality", Quality, lambda each: f"{each.key} {each.channel}")
SPREADS: Kind[Spread] = Kind("spreads", Spread, _key)
BOOK: Kind[OrderBook] = Kind("book", BookRecord, _key)
SYSTEM: Kind[SystemEvent] = Kind("system", SystemEvent)
SCREENER: Kind[list[Ticker]] = Kind("screener", Ticker, lambda _: "", is_whole=True)


def untyped(channel: str) -> Kind[Any]:
    """A channel that this version does not know: its records are dicts, and every one is kept."""
    return Kind(channel, dict)


KNOWN: dict[str, Kind[Any]] = {
    kind.channel: kind
    for kind in (TICKER, QUOTE, TRADES, LIQUIDATIONS, BARS, FUNDING, QUALITY, SPREADS, BOOK, SYSTEM, SCREENER)
}

# What the hub missed of a feed of an exchange is missing in these channels.
CONCERNED: dict[str, tuple[str, ...]] = {
    "ticker": ("ticker", "funding", "quote"),
    "quote": ("quote", "ticker"),
    "trades": ("trades", "bars"),
    "candles": ("bars",),
}
