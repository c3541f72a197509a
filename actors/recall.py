"""The recall actor: at the start, what was known at last → the live picture, as stale."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import trio

from actors.market.instrument import MARKETS
from actors.market.rows import TickRow
from actors.market.selection import needs_listing
from actors.runtime.errors import HistoryTimeout, SinkError
from actors.runtime.settings import ExchangeSettings

PATIENCE_S = 10.0  # a history may have to start a process first
AGE_MAX_NS = 86_400 * 1_000_000_000

_logger = logging.getLogger("tickwell.recall")


@dataclass
class Recall:
    """Asks every memory once and tells `remember` of what is followed and no older than a day. It ends when
    all have answered, or after `PATIENCE_S`: nobody waits for it, and a memory that fails is no failure."""

    memories: Sequence[Callable[[], Awaitable[list[TickRow]]]]
    exchanges: Mapping[str, ExchangeSettings]
    remember: Callable[[Iterable[TickRow]], None]
    now_ns: Callable[[], int]

    async def run(self) -> None:
        """One life."""
        with trio.move_on_after(PATIENCE_S) as patience:
            async with trio.open_nursery() as nursery:
                for memory in self.memories:
                    nursery.start_soon(self._ask, memory)
        if patience.cancelled_caught:
            _logger.info("what was known at last was not told within %g s", PATIENCE_S)

    async def _ask(self, memory: Callable[[], Awaitable[list[TickRow]]]) -> None:
        try:
            rows = await memory()
        except (SinkError, HistoryTimeout) as error:
            _logger.info("what was known at last is not told: %s", error)
        else:
            self._tell(rows)

    def _tell(self, rows: Sequence[TickRow]) -> None:
        now_ns = self.now_ns()
        self.remember(
            row for row in rows if now_ns - AGE_MAX_NS <= row.ts <= now_ns and self._is_followed(row)
        )

    def _is_followed(self, row: TickRow) -> bool:
        exchange = self.exchanges.get(row.exchange)
        if exchange is None or not exchange.enabled or row.market not in MARKETS:
            return False
        # What a listing decides is shown until there is one: the market takes the rest away then.
        wanted = exchange.symbols(row.market)
        return row.symbol in wanted or needs_listing(wanted)
