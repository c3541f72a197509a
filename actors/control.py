"""The feeds as a whole: starts and stops exchanges, has books watched, and keeps the board true."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import trio

from actors.market.feeds import Board, MarketStatus
from actors.market.rhythm import NS_PER_S
from actors.runtime.errors import NotFollowed, NotOffered, cause_of
from actors.runtime.observer import words_of
from actors.runtime.supervision import Observation, Supervisor

LISTING = "listing"
BOOK = "book"


@dataclass
class FeedControl:
    """`feeds` has one child per exchange; below it are children called `exchange:market:connection`.

    Orders are obeyed one after the other: the last one decides.
    """

    feeds: Supervisor
    board: Board
    now_ns: Callable[[], int]
    publish: Callable[[], None] = lambda: None
    order: trio.Lock = field(default_factory=trio.Lock)

    async def start(self, exchange: str | None) -> None:
        """Start one exchange, or all of them."""
        async with self.order:
            for name in self._names(exchange):
                for status in self._markets(name):
                    status.running = True
                if any(status.gave_up() for status in self._markets(name)):
                    await self.feeds.stop_child(name)
                self.feeds.start_child(name)
            self.publish()

    async def stop(self, exchange: str | None) -> None:
        """Stop one exchange, or all of them, until they are started again."""
        async with self.order:
            for name in self._names(exchange):
                await self._stop(name)
            self.publish()

    async def _stop(self, exchange: str) -> None:
        """What was begun is also noted when whoever ordered it has gone."""
        statuses = list(self._markets(exchange))
        for status in statuses:
            status.running = False
        try:
            await self.feeds.stop_child(exchange)
        finally:
            for feed in (feed for status in statuses for feed in status.feeds.values()):
                feed.stopped()

    def running(self, exchange: str) -> bool:
        """Whether the exchange is started."""
        return any(status.running for status in self._markets(exchange))

    def watch(self, exchange: str, market: str, symbol: str, depth: int, for_s: float | None = None) -> None:
        """Follow a book for so long from now on. Raises `NotWatchable`, and `ValueError` for its depth.

        Before the first listing nothing is followed yet; a wish that this does not fulfil ends with it.
        """
        status = self.board.markets.get((exchange, market))
        if status is None or not status.may_follow(symbol):
            raise NotFollowed(f"{exchange}:{market}:{symbol} is not followed, so its book cannot be watched")
        if BOOK not in status.offers:
            raise NotOffered(f"{exchange} offers no order books of {market}")
        until_ns = None if for_s is None else self._time_after(for_s)
        status.demand.want(symbol, depth, until_ns, self.now_ns())

    def observe(self, observation: Observation) -> None:
        """Note on the board what a supervisor tells about a feed or a listing."""
        if observation.name.count(":") < 2 or observation.happening not in ("failed", "gave_up"):
            return
        words = words_of(observation.error) if observation.error else "unknown"
        next_ts = self._time_after(observation.delay_s)
        exchange, market, connection = observation.name.split(":", 2)
        if connection == LISTING:
            status = self.board.market(exchange, market)
            status.listing_error, status.listing_next_ts = words, next_ts
        elif (feed := self.board.feed(observation.name)) is not None:
            cause = cause_of(observation.error) if observation.error else "other"
            feed.failed(words, next_ts, self.now_ns(), cause)

    def _time_after(self, delay_s: float | None) -> int | None:
        return None if delay_s is None else self.now_ns() + int(delay_s * NS_PER_S)

    def _names(self, exchange: str | None) -> list[str]:
        """Those that are meant; an exchange that is not enabled has no feeds to start."""
        return [name for name in self.feeds.names() if exchange in (None, name)]

    def _markets(self, exchange: str) -> Iterable[MarketStatus]:
        return [status for (name, _), status in self.board.markets.items() if name == exchange]
