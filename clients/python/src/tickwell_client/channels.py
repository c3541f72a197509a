"""The channels of the hub, one method each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypedDict, TypeVar, Unpack

from tickwell_client import kinds
from tickwell_client.book import OrderBook
from tickwell_client.comparisons import Spread
from tickwell_client.kinds import Kind
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
from tickwell_client.subscription import OnGap, Subscription

R = TypeVar("R")


class MergedOptions(TypedDict, total=False):
    """What most channels can be asked.

    `max_rate_hz`: at most so many frames per second; 0, the default: as soon as the hub knows.
    `fields`: only these of each record; the others have their defaults (name `quality` too if you need it).
    `changes_only`: the wire carries only what changed; the records that you get are whole all the same.
    `snapshot`: begin with what is known now.
    """

    max_rate_hz: float
    fields: Sequence[str]
    changes_only: bool
    snapshot: bool


class EventOptions(TypedDict, total=False):
    """What channels can be asked of which every record counts.

    `on_gap`: where events are missing, `log` says so and goes on, `raise` raises `MissedEvents`.
    """

    max_rate_hz: float
    fields: Sequence[str]
    snapshot: bool
    on_gap: OnGap


class Channels(ABC):
    """What can be subscribed to.

    A selector is a key (`bybit:linear:BTCUSDT`) whose parts may hold `*` and `?`, a symbol or name alone
    (`BTCUSDT`), meant on every exchange, or `top:20`, those with the highest turnover; no selector means all.

    Tickers, quotes, books, bars, funding, spreads, screener, quality and derived values wait for you merged:
    of each key the newest. Trades, liquidations, alerts and system events are all kept, up to `events_max` of
    `connect`; when so many wait, the socket is not read, and the hub tells what was missed.
    """

    @abstractmethod
    def _subscription(
        self, kind: Kind[R], params: dict[str, Any], on_gap: OnGap = "log"
    ) -> Subscription[R]: ...

    def tickers(self, *selectors: str, **options: Unpack[MergedOptions]) -> Subscription[Ticker]:
        """The record of each instrument, whenever any of its fields changes."""
        return self._subscription(kinds.TICKER, _params(selectors, **options))

    def quotes(self, *selectors: str, **options: Unpack[MergedOptions]) -> Subscription[Quote]:
        """The best bid and ask."""
        return self._subscription(kinds.QUOTE, _params(selectors, **options))

    def trades(self, *selectors: str, **options: Unpack[EventOptions]) -> Subscription[Trade]:
        """Every trade once, from now on; with `snapshot=True` the newest that the hub has come first."""
        return self._every(kinds.TRADES, selectors, options)

    def liquidations(self, *selectors: str, **options: Unpack[EventOptions]) -> Subscription[Liquidation]:
        """Every liquidation once, from now on; with `snapshot=True` the newest that the hub has come
        first."""
        return self._every(kinds.LIQUIDATIONS, selectors, options)

    def book(
        self, *selectors: str, depth: int = 50, grouping: float | None = None, max_rate_hz: float = 0
    ) -> Subscription[OrderBook]:
        """Local order books, each whenever it has changed: the same `OrderBook` of a key every time.

        `depth` is levels per side, 1 to 200; `grouping` the width of a level, `None` for the exchange's own.
        """
        params = _params(selectors, depth=depth, max_rate_hz=max_rate_hz)
        if grouping is not None:
            params["grouping"] = grouping
        return self._subscription(kinds.BOOK, params)

    def bars(
        self, *selectors: str, interval: str = "1m", **options: Unpack[MergedOptions]
    ) -> Subscription[Bar]:
        """Bars of `1s`, `1m`, `5m`, `15m`, `1h`, `4h` or `1d`: as they form, when they close, when they are
        revised."""
        return self._subscription(kinds.BARS, _params(selectors, interval=interval, **options))

    def funding(self, *selectors: str, **options: Unpack[MergedOptions]) -> Subscription[Funding]:
        """Funding, mark, index and open interest of perpetuals."""
        return self._subscription(kinds.FUNDING, _params(selectors, **options))

    def quality(self, *selectors: str, **options: Unpack[MergedOptions]) -> Subscription[Quality]:
        """The state of every channel of every instrument, when it changes."""
        return self._subscription(kinds.QUALITY, _params(selectors, **options))

    def derived(self, *selectors: str, **options: Unpack[MergedOptions]) -> Subscription[Derived]:
        """What plugins of the hub make of bars and tickers: of each key the newest of every plugin and name,
        whenever a number, or how far it can be trusted, changes."""
        return self._subscription(kinds.DERIVED, _params(selectors, **options))

    def alerts(self, **options: Unpack[EventOptions]) -> Subscription[Alert]:
        """Every alert of all rules once, from now on; with `snapshot=True` up to a hundred of the newest come
        first."""
        return self._every(kinds.ALERTS, (), options)

    def spreads(
        self,
        *,
        bases: Sequence[str] = (),
        quote: str = "",
        legs_min: int = 2,
        limit: int = 100,
        max_rate_hz: float = 0,
    ) -> Subscription[Spread]:
        """Each asset across all exchanges, at most once a second; with `bases` only these coins."""
        options = {"bases": list(bases), "quote": quote, "legs_min": legs_min, "limit": limit}
        return self._subscription(kinds.SPREADS, _params((), max_rate_hz=max_rate_hz, **options))

    def screener(
        self,
        filter: str = "",  # noqa: A002
        *,
        sort: str = "-turnover_24h",
        limit: int = 100,
        max_rate_hz: float = 0,
    ) -> Subscription[list[Ticker]]:
        """The instruments that fulfil a condition such as `funding_apr>20 and turnover_24h>10m`: the whole
        result, in order, whenever it has changed."""
        options = {"filter": filter, "sort": sort, "limit": limit}
        return self._subscription(kinds.SCREENER, _params((), max_rate_hz=max_rate_hz, **options))

    def system(self) -> Subscription[SystemEvent]:
        """What the hub missed of the exchanges, and feeds that go and come."""
        return self._subscription(kinds.SYSTEM, {"channel": "system"})

    def subscribe(
        self, channel: str, /, *selectors: str, on_gap: OnGap = "log", **params: Any
    ) -> Subscription[Any]:
        """Any channel by its name and parameters, as `docs/protocol.md` has them; dicts from one that this
        version does not know."""
        kind = kinds.KNOWN.get(channel) or kinds.untyped(channel)
        return self._subscription(kind, _params(selectors, **params), on_gap)

    def _every(self, kind: Kind[R], selectors: Sequence[str], options: EventOptions) -> Subscription[R]:
        params: dict[str, Any] = {"snapshot": False, **options}
        on_gap: OnGap = params.pop("on_gap", "log")
        return self._subscription(kind, _params(selectors, **params), on_gap)


def _params(selectors: Sequence[str], **given: Any) -> dict[str, Any]:
    """The parameters of `subscribe`: what says nothing new is left out."""
    params = {name: value for name, value in given.items() if value not in (None, "", [], 0)}
    params |= {name: value for name, value in given.items() if value is False and name == "snapshot"}
    for selector in selectors:
        if not isinstance(selector, str):
            raise TypeError(f"a selector is a text such as bybit:linear:BTCUSDT, not {selector!r}")
    if selectors:
        params["symbols"] = list(selectors)
    if "fields" in params:
        params["fields"] = list(params["fields"])
    return params
