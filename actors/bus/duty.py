"""The duty actor: has this node's feeds do what the crew wants: its shares, the books, starts and stops."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import trio

from actors.bus.crew import Crew
from actors.bus.share import Share
from actors.market.feeds import Board
from actors.market.rhythm import NS_PER_S
from actors.runtime.errors import TooManyBooks

_logger = logging.getLogger("tickwell.bus")


class Switch(Protocol):
    """Starts and stops the feeds of an exchange here."""

    async def start(self, exchange: str | None) -> None:
        """Start them."""

    async def stop(self, exchange: str | None) -> None:
        """Stop them."""

    def running(self, exchange: str) -> bool:
        """Whether they are started."""
        ...


@dataclass
class Duty:
    """Looks again whenever it is `woken`, which the member actor does with each beat."""

    crew: Crew
    board: Board
    switch: Switch
    now_ns: Callable[[], int]
    lease_s: float
    shares: list[Share] = field(default_factory=list)
    _woken: trio.Event = field(default_factory=trio.Event)

    def wake(self) -> None:
        """The crew was looked at."""
        self._woken.set()

    async def run(self) -> None:
        """One life."""
        while True:
            self._woken = trio.Event()
            await self._obey()
            self._lease()
            for share in self.shares:
                await share.refresh()
            await self._woken.wait()

    async def _obey(self) -> None:
        for exchange, order in list(self.crew.orders.items()):
            if order.is_running != self.switch.running(exchange):
                _logger.info("%s %s, as was ordered", exchange, "starts" if order.is_running else "stops")
                obey: Callable[[str | None], Awaitable[None]] = self.switch.stop
                if order.is_running:
                    obey = self.switch.start
                await obey(exchange)

    def _lease(self) -> None:
        """Each beat renews the leases of the books that anybody reads, of what is carried here."""
        now_ns = self.now_ns()
        until_ns = now_ns + int(self.lease_s * NS_PER_S)
        for key, depth in self.crew.books().items():
            exchange, market, symbol = key.split(":", 2)
            status = self.board.markets.get((exchange, market))
            if status is not None and symbol in status.followed:
                with suppress(TooManyBooks):
                    status.demand.want(symbol, depth, until_ns, now_ns)
