"""What is known about each market's feed: who is connected, what is missing, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from msgspec import Struct

from actors.market.demand import Demand

FeedState: TypeAlias = Literal["stopped", "connecting", "syncing", "live", "stale", "disconnected"]

# The state of a market is that of its worst connection.
WORST_FIRST: tuple[FeedState, ...] = ("disconnected", "connecting", "stale", "syncing", "live", "stopped")


class MarketReport(Struct, frozen=True, kw_only=True):
    """The state of one market of one exchange, over all of its connections.

    `refused` maps a symbol to the exchange's own words; `mute` names topics that were acknowledged and
    then said nothing. `offers` are the channels that the market has, `books` the order books that are wanted
    now. `reconnects_by_cause` counts by `network`, `closed`, `stall`, `rate_limited`, `rejected`, `other`,
    `bug`, and `planned`: a connection that was replaced before its end, which no reader noticed.
    `connections` counts those of now by their state. What else is counted includes connections that are gone.
    Times are nanoseconds since the epoch, `None` where there was none.
    """

    exchange: str
    market: str
    state: FeedState
    symbols: tuple[str, ...] = ()
    producing: int = 0
    stale: tuple[str, ...] = ()
    refused: dict[str, str] = {}
    mute: tuple[str, ...] = ()
    messages_per_s: float = 0.0
    last_data_ts: int | None = None
    reconnects: int = 0
    last_error: str | None = None
    next_attempt_ts: int | None = None
    offers: tuple[str, ...] = ()
    books: tuple[str, ...] = ()
    decode_errors: int = 0
    resyncs: int = 0
    reconnects_by_cause: dict[str, int] = {}
    messages: int = 0
    received_bytes: int = 0
    connections: dict[FeedState, int] = {}


@dataclass
class FeedStatus:
    """One connection's feed, from one life to the next. `symbols` is what it should carry now, and of their
    order books those that are in `demand`. What is `inherited` was followed elsewhere before."""

    exchange: str
    market: str
    connection: str
    symbols: tuple[str, ...] = ()
    demand: Demand = field(default_factory=Demand)
    inherited: set[str] = field(default_factory=set)
    state: FeedState = "connecting"
    life: int = 0
    producing: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    mute: tuple[str, ...] = ()
    books: tuple[str, ...] = ()
    messages: int = 0
    received_bytes: int = 0
    messages_per_s: float = 0.0
    last_data_ts: int | None = None
    reconnects: int = 0
    reconnects_by_cause: Counter[str] = field(default_factory=Counter)
    decode_errors: int = 0
    resyncs: int = 0
    last_error: str | None = None
    last_error_ts: int = 0
    next_attempt_ts: int | None = None

    @property
    def name(self) -> str:
        """The feed's name in the tree of supervisors and in the logs."""
        return f"{self.exchange}:{self.market}:{self.connection}"

    def missed_some(self, symbol: str) -> bool:
        """Whether somebody followed the symbol before this life, so that something of it may be missing."""
        return self.life > 1 or symbol in self.inherited

    def began(self) -> None:
        """A life begins: nothing is known to produce."""
        self.life += 1
        self.state = "connecting"
        self.next_attempt_ts = None
        self.producing, self.stale, self.mute = set(), set(), ()

    def failed(self, words: str, next_attempt_ts: int | None, now_ts: int = 0, cause: str = "other") -> None:
        """A life ended; `None` for an attempt that will not come."""
        self.last_error_ts = now_ts
        self.state = "disconnected"
        self.reconnects += 1
        self.reconnects_by_cause[cause] += 1
        self.last_error, self.next_attempt_ts = words, next_attempt_ts
        self.messages_per_s = 0.0
        self.stale, self.producing = set(self.symbols), set()

    def stopped(self) -> None:
        """The feed was stopped on purpose."""
        self.state = "stopped"
        self.messages_per_s, self.next_attempt_ts, self.books = 0.0, None, ()
        self.stale, self.producing = set(self.symbols), set()

    def take_over(self, gone: FeedStatus) -> None:
        """Count what another connection had counted as well."""
        self.messages += gone.messages
        self.received_bytes += gone.received_bytes
        self.reconnects += gone.reconnects
        self.reconnects_by_cause += gone.reconnects_by_cause
        self.decode_errors += gone.decode_errors
        self.resyncs += gone.resyncs


@dataclass
class MarketStatus:
    """One market: the symbols that are wanted, those that cannot be had, and its connections' feeds.

    `followed` are the symbols that its connections carry, `offers` the channels that the exchange has for it.
    `inherited` are symbols that another node followed before; of feeds of other nodes, `elsewhere` is told.
    A market that `is_idle` has nothing to follow here, because other nodes follow it.
    """

    exchange: str
    market: str
    symbols: tuple[str, ...] = ()
    followed: frozenset[str] = frozenset()
    offers: tuple[str, ...] = ()
    demand: Demand = field(default_factory=Demand)
    refused: dict[str, str] = field(default_factory=dict)
    inherited: set[str] = field(default_factory=set)
    elsewhere: MarketReport | None = None
    running: bool = True
    is_idle: bool = False
    listing_error: str | None = None
    listing_next_ts: int | None = None
    feeds: dict[str, FeedStatus] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._past = FeedStatus(self.exchange, self.market, "past")

    def retire(self, connection: str) -> FeedStatus:
        """Forget a connection, but not what it counted: no counter goes back."""
        gone = self.feeds.pop(connection)
        self._past.take_over(gone)
        return gone

    def may_follow(self, symbol: str) -> bool:
        """Whether a symbol is followed, or may yet be: before the first listing nobody knows."""
        return symbol in self.followed or not (self.followed or self.refused)

    def gave_up(self) -> bool:
        """Whether something that failed will not be tried again by itself."""
        listing_gave_up = self.listing_error is not None and self.listing_next_ts is None
        return listing_gave_up or any(
            feed.state == "disconnected" and feed.next_attempt_ts is None for feed in self.feeds.values()
        )

    def report(self) -> MarketReport:
        """The market as a whole."""
        if self.elsewhere is not None:
            return self.elsewhere
        feeds = list(self.feeds.values())
        counted = FeedStatus(self.exchange, self.market, "all")
        for feed in (*feeds, self._past):
            counted.take_over(feed)
        lacking = {symbol for feed in feeds for symbol in feed.symbols if symbol not in feed.producing}
        carried = {symbol for feed in feeds for symbol in feed.symbols}
        errors = [feed for feed in feeds if feed.last_error is not None]
        waits = [feed.next_attempt_ts for feed in feeds if feed.next_attempt_ts is not None]
        return MarketReport(
            exchange=self.exchange,
            market=self.market,
            state=self._state(feeds),
            symbols=self.symbols,
            producing=len(carried - lacking),
            stale=tuple(sorted(set[str]().union(*(feed.stale for feed in feeds)))),
            refused=self.refused | {s: words for feed in feeds for s, words in feed.refused.items()},
            mute=tuple(topic for feed in feeds for topic in feed.mute),
            messages_per_s=round(sum(feed.messages_per_s for feed in feeds), 1),
            last_data_ts=max((f.last_data_ts for f in feeds if f.last_data_ts is not None), default=None),
            reconnects=counted.reconnects,
            last_error=max(errors, key=lambda feed: feed.last_error_ts).last_error
            if errors
            else self.listing_error,
            next_attempt_ts=min(waits) if waits else self.listing_next_ts,
            offers=self.offers,
            books=tuple(sorted(set[str]().union(*(feed.books for feed in feeds)))),
            decode_errors=counted.decode_errors,
            resyncs=counted.resyncs,
            reconnects_by_cause=dict(counted.reconnects_by_cause),
            messages=counted.messages,
            received_bytes=counted.received_bytes,
            connections=dict(Counter(feed.state for feed in feeds)),
        )

    def _state(self, feeds: Iterable[FeedStatus]) -> FeedState:
        if not self.running or self.is_idle:
            return "stopped"
        states = {feed.state for feed in feeds}
        if not states:
            return "disconnected" if self.listing_error else "connecting"
        return next(state for state in WORST_FIRST if state in states)


class Board:
    """Every market's status, for the web to show."""

    def __init__(self) -> None:
        self.markets: dict[tuple[str, str], MarketStatus] = {}

    def market(self, exchange: str, market: str) -> MarketStatus:
        """The status of one market, made when it is first asked for."""
        return self.markets.setdefault((exchange, market), MarketStatus(exchange, market))

    def feed(self, name: str) -> FeedStatus | None:
        """The feed of that name."""
        exchange, market, connection = name.split(":", 2)
        status = self.markets.get((exchange, market))
        return status.feeds.get(connection) if status else None

    def reports(self) -> list[MarketReport]:
        """One report per market, in the order in which they were configured."""
        return [status.report() for status in self.markets.values()]
