"""The state actor: folds every feed's batches into the one live picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import trio

from actors.market.events import Batch
from actors.market.mark import Mark
from actors.market.market import Market
from actors.market.rhythm import NS_PER_S
from actors.market.trades import TradeLimits
from actors.runtime.settings import MarketSettings

SWEEP_EVERY_S = 0.5
SWEEP_EVERY_NS = NS_PER_S // 2


@dataclass
class State:
    """A loop around `Market`. Its end is the end of its inbox. `applied` is called when something changed.

    A flow that has its own time brings marks, which `cut` is given; then it is swept by the marks, and by our
    clock only while `is_free`.
    """

    inbox: trio.MemoryReceiveChannel[Batch | Mark]
    market: Market
    now_ns: Callable[[], int]
    applied: Callable[[], None] = lambda: None
    cut: Callable[[Mark], None] = lambda _: None
    is_free: Callable[[], bool] = lambda: True
    _swept: int = 0

    async def run(self) -> None:
        """One life: what was known before it is stale until it is told again."""
        self.market.reset(self.now_ns())
        with self.inbox.clone() as inbox:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._sweep)
                async for batch in inbox:
                    if isinstance(batch, Mark):
                        self._mark(batch)
                    else:
                        self.market.apply(batch)
                        self.applied()
                nursery.cancel_scope.cancel()

    async def _sweep(self) -> None:
        while True:
            await trio.sleep(SWEEP_EVERY_S)
            if self.is_free():
                for _ in self.market.sweeping(self.now_ns()):
                    await trio.lowlevel.checkpoint()
                self.applied()

    def _mark(self, mark: Mark) -> None:
        if mark.heard_ns // SWEEP_EVERY_NS != self._swept:
            self._swept = mark.heard_ns // SWEEP_EVERY_NS
            self.market.sweep(mark.heard_ns)
        self.cut(mark)


def limits_of(settings: MarketSettings) -> TradeLimits:
    """How much of trades and bars is kept, as the settings say."""
    return TradeLimits(
        trades_kept=settings.trades_kept, bars_kept=settings.bars_kept, bar_grace_s=settings.bar_grace_s
    )
