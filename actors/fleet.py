"""One market's connections: adds and removes them as the symbols to follow change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from actors.feed.plan import Plan
from actors.market.feeds import FeedStatus, MarketStatus
from actors.market.selection import Selection
from actors.runtime.supervision import Child, Supervisor


@dataclass
class Fleet:
    """Keeps one child per connection in `supervisor`. `new_feed` makes the coroutine function of one.

    `book_depth` is how deep the books are that the settings name.
    """

    supervisor: Supervisor
    status: MarketStatus
    plan: Plan
    new_feed: Callable[[FeedStatus], Callable[[], Awaitable[None]]]
    max_retries: int
    book_depth: int = 50
    lives: dict[str, int] = field(default_factory=dict)

    async def follow(self, selection: Selection) -> None:
        """Carry these symbols from now on. Connections that stay are not disturbed."""
        self.plan.arrange(selection.symbols)
        overflow = {each.symbol: each.reason for each in self.plan.overflow}
        connections = self.plan.connections()
        self.status.symbols = (*selection.symbols, *selection.refused)
        self.status.followed = frozenset(symbol for each in connections.values() for symbol in each)
        self.status.refused = self._stand(selection) | selection.refused | overflow
        self.status.listing_error = self.status.listing_next_ts = None
        for connection in [name for name in self.status.feeds if name not in connections]:
            gone = self.status.retire(connection)
            self.lives[connection] = gone.life
            await self.supervisor.remove(gone.name)
        for connection, symbols in connections.items():
            if connection in self.status.feeds:
                self.status.feeds[connection].symbols = symbols
            else:
                self._add(connection, symbols)

    def _stand(self, selection: Selection) -> dict[str, str]:
        """Want the books that the settings name. Returns those that cannot be had, and why."""
        demand, followed = self.status.demand, self.status.followed
        demand.retain(followed)
        books = [symbol for symbol in selection.books if symbol in followed]
        left_out = demand.stand(books, self.book_depth)
        words = f"its order book is wanted, but only books_max = {demand.books_max} may be followed at once"
        return selection.books_refused | dict.fromkeys(left_out, words)

    def _add(self, connection: str, symbols: tuple[str, ...]) -> None:
        market = self.status
        status = FeedStatus(
            market.exchange, market.market, connection, symbols, market.demand, market.inherited
        )
        status.life = self.lives.pop(connection, 0)  # a number must not come twice: it tells lives apart
        self.status.feeds[connection] = status
        self.supervisor.add(Child(status.name, self.new_feed(status), self.max_retries))
