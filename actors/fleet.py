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
    """Keeps one child per connection in `supervisor`. `new_feed` makes the coroutine function of one."""

    supervisor: Supervisor
    status: MarketStatus
    plan: Plan
    new_feed: Callable[[FeedStatus], Callable[[], Awaitable[None]]]
    max_retries: int
    lives: dict[str, int] = field(default_factory=dict)

    async def follow(self, selection: Selection) -> None:
        """Carry these symbols from now on. Connections that stay are not disturbed."""
        self.plan.arrange(selection.symbols)
        overflow = {each.symbol: each.reason for each in self.plan.overflow}
        self.status.symbols = (*selection.symbols, *selection.refused)
        self.status.refused = selection.refused | overflow
        self.status.listing_error = self.status.listing_next_ts = None
        connections = self.plan.connections()
        for connection in [name for name in self.status.feeds if name not in connections]:
            gone = self.status.feeds.pop(connection)
            self.lives[connection] = gone.life
            await self.supervisor.remove(gone.name)
        for connection, symbols in connections.items():
            if connection in self.status.feeds:
                self.status.feeds[connection].symbols = symbols
            else:
                self._add(connection, symbols)

    def _add(self, connection: str, symbols: tuple[str, ...]) -> None:
        status = FeedStatus(self.status.exchange, self.status.market, connection, symbols)
        status.life = self.lives.pop(connection, 0)  # a number must not come twice: it tells lives apart
        self.status.feeds[connection] = status
        self.supervisor.add(Child(status.name, self.new_feed(status), self.max_retries))
