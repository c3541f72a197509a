"""The feeds of one exchange, put together: per market a listing, and a fleet that keeps its connections.

Here is no logic, and no actor knows another: this is a part of the map that `supervisor.py` draws, for every
exchange the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from functools import partial

import trio

from actors.control import LISTING
from actors.exchanges import load_codec
from actors.exchanges.base import BOOK
from actors.feed.agenda import Budget
from actors.feed.plan import plan_for, route_of
from actors.feed.transport import Transport
from actors.feed.wishes import base_channels
from actors.fleet import Fleet
from actors.ingest import Ingest
from actors.listing import Listing
from actors.market.demand import Demand
from actors.market.events import Batch
from actors.market.feeds import Board, FeedStatus, MarketStatus
from actors.market.rhythm import Patience
from actors.market.selection import Selection
from actors.runtime.backoff import Backoff
from actors.runtime.observer import Observer
from actors.runtime.settings import ExchangeSettings, Settings
from actors.runtime.supervision import Child, Intensity, Supervisor

Follow = Callable[[Selection], Awaitable[None]]


Channels = tuple[str, ...]


def channels_of(offers: Collection[str], settings: ExchangeSettings) -> Channels:
    """The channels of a market that are followed of every symbol."""
    return base_channels(offers, trades=settings.trades, liquidations=settings.liquidations)


def offered(settings: Settings) -> dict[tuple[str, str], tuple[Channels, Channels, int | None, Channels]]:
    """What each market that is followed can tell: its channels, those that are sampled, the depth of its
    books, and the channels that the settings leave out."""
    found: dict[tuple[str, str], tuple[Channels, Channels, int | None, Channels]] = {}
    for name, exchange in settings.exchanges.items():
        for codec in (load_codec(name)(market) for market in _markets(name, exchange)):
            followed = (*channels_of(codec.offers, exchange), BOOK)
            left_out = tuple(channel for channel in codec.offers if channel not in followed)
            found[name, codec.market] = (codec.offers, codec.sampled, codec.depth_max, left_out)
    return found


def _markets(name: str, exchange: ExchangeSettings) -> list[str]:
    """Those that are followed."""
    markets = load_codec(name).markets if exchange.enabled else ()
    return [market for market in markets if exchange.symbols(market)]


@dataclass
class Feeds:
    """Makes an exchange's supervisor. What its feeds say goes to `outbox`, how they do stands on `board`.

    `shared` may put something between a listing and its fleet: what of the selection is followed here.
    """

    settings: Settings
    board: Board
    outbox: trio.MemorySendChannel[Batch]
    transport: Transport
    patience: Patience
    now_ns: Callable[[], int]
    draw: Callable[[], float]
    observer: Observer
    shared: Callable[[MarketStatus, Follow], Follow] = lambda _, follow: follow

    def add_to(self, feeds: Supervisor) -> None:
        """Add every exchange that is enabled."""
        for name, exchange in self.settings.exchanges.items():
            if exchange.enabled:
                feeds.add(Child(name, self._supervisor(feeds.name, name, exchange).run))

    def _supervisor(self, path: str, name: str, settings: ExchangeSettings) -> Supervisor:
        retries = self.settings.supervisor
        supervisor = Supervisor(
            f"{path}/{name}",
            intensity=Intensity(5, 60),
            backoff=Backoff(retries.reconnect_delay_s, retries.reconnect_delay_max_s, draw=self.draw),
            standing=True,
            observe=self.observer,
        )
        for market in _markets(name, settings):
            self._market(supervisor, name, market, settings)
        return supervisor

    def _market(self, supervisor: Supervisor, name: str, market: str, settings: ExchangeSettings) -> None:
        new_codec, picture = partial(load_codec(name), market), self.settings.market
        codec = new_codec()
        channels = channels_of(codec.offers, settings)
        budget = Budget(codec.limits.fetch_weight_per_min)

        def new_feed(status: FeedStatus) -> Callable[[], Awaitable[None]]:
            return Ingest(
                status=status,
                route=route_of(status.connection),
                channels=channels,
                new_codec=new_codec,
                stream_url=settings.stream_url(market),
                rest_url=settings.rest_url(market),
                transport=self.transport,
                budget=budget,
                outbox=self.outbox,
                now_ns=self.now_ns,
                patience=self.patience,
                draw=self.draw,
            ).run

        status, retries = self.board.market(name, market), self.settings.supervisor.max_retries
        status.symbols, status.offers = settings.symbols(market), codec.offers
        status.demand = Demand(picture.book_grace_s, picture.books_max)
        plan = plan_for(codec, channels, picture.book_depth, picture.books_max)
        fleet = Fleet(supervisor, status, plan, new_feed, retries, picture.book_depth)
        listing = Listing(
            codec=codec,
            rest_url=settings.rest_url(market),
            transport=self.transport,
            wanted=settings.symbols(market),
            refresh_s=picture.listing_refresh_s,
            follow=self.shared(status, fleet.follow),
            outbox=self.outbox,
            books=settings.books(market),
        )
        supervisor.add(Child(f"{name}:{market}:{LISTING}", listing.run, retries))
