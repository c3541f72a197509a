"""Orders of the web where feeds run on several nodes: they stand in this node's note, for all to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from actors.bus.crew import Crew, Order
from actors.market.feeds import Board
from actors.market.rhythm import NS_PER_S
from actors.runtime.errors import NotFollowed, NotOffered

BOOK = "book"


@dataclass
class CrewControl:
    """What the web may order of the `exchanges` that are followed. `wake` has the note written at once, and
    `board` is what the web sees."""

    crew: Crew
    board: Board
    exchanges: Sequence[str]
    now_ns: Callable[[], int]
    wake: Callable[[], None] = lambda: None

    async def start(self, exchange: str | None) -> None:
        """Every node starts the feeds of an exchange, or of all."""
        self._order(exchange, is_running=True)

    async def stop(self, exchange: str | None) -> None:
        """Every node stops them."""
        self._order(exchange, is_running=False)

    def running(self, exchange: str) -> bool:
        """Whether the newest order says so; without one, what is followed runs."""
        order = self.crew.orders.get(exchange)
        return exchange in self.exchanges and (order is None or order.is_running)

    def watch(self, exchange: str, market: str, symbol: str, depth: int, for_s: float | None = None) -> None:
        """Have a book followed for so long. Raises `NotWatchable`, and `ValueError` for its depth."""
        status = self.board.markets.get((exchange, market))
        if status is None or symbol not in status.followed:
            raise NotFollowed(f"{exchange}:{market}:{symbol} is not followed, so its book cannot be watched")
        if BOOK not in status.offers:
            raise NotOffered(f"{exchange} offers no order books of {market}")
        now_ns = self.now_ns()
        is_new = symbol not in status.demand.wanted(now_ns)
        status.demand.want(symbol, depth, None if for_s is None else now_ns + int(for_s * NS_PER_S), now_ns)
        if is_new:
            self.wake()

    def books(self) -> dict[str, int]:
        """The books that are wanted here, by key."""
        now_ns = self.now_ns()
        return {
            f"{exchange}:{market}:{symbol}": depth
            for (exchange, market), status in self.board.markets.items()
            for symbol, depth in status.demand.wanted(now_ns).items()
        }

    def _order(self, exchange: str | None, *, is_running: bool) -> None:
        names = self.exchanges if exchange is None else [exchange]
        order = Order(is_running, self.now_ns())
        self.crew.obey({name: order for name in names if self.running(name) != is_running})
        self.wake()
