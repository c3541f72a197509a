"""The state actor: folds every feed's batches into the one live picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import trio

from actors.market.events import Batch
from actors.market.market import Market

SWEEP_EVERY_S = 0.5


@dataclass
class State:
    """A loop around `Market`. Its end is the end of its inbox. `applied` is called when something changed."""

    inbox: trio.MemoryReceiveChannel[Batch]
    market: Market
    now_ns: Callable[[], int]
    applied: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """One life: what was known before it is stale until it is told again."""
        self.market.reset(self.now_ns())
        with self.inbox.clone() as inbox:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._sweep)
                async for batch in inbox:
                    self.market.apply(batch)
                    self.applied()
                nursery.cancel_scope.cancel()

    async def _sweep(self) -> None:
        while True:
            await trio.sleep(SWEEP_EVERY_S)
            self.market.sweep(self.now_ns())
            self.applied()
