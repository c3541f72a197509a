"""One feed of the made-up exchange at work, and everything that it told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import trio

from actors.feed.agenda import Budget
from actors.ingest import Ingest
from actors.market.events import Batch, Trade
from actors.market.feeds import FeedStatus
from actors.market.rhythm import Patience
from actors.runtime.errors import FeedError, main_error
from tests.feed.made_up import LIMITS, MadeUpCodec, MadeUpExchange, now_ns

BASE = ("ticker", "trades")
RESTART_AFTER_S = 1.0

Kind = TypeVar("Kind")


@dataclass
class Life:
    """What became of a feed: the batches that it told, and the errors that ended its lives."""

    exchange: MadeUpExchange
    status: FeedStatus
    batches: list[Batch] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def told(self, kind: type[Kind], symbol: str | None = None) -> list[Kind]:
        """Every event of a kind, in order."""
        events = [event for batch in self.batches for event in batch.events if isinstance(event, kind)]
        return [event for event in events if symbol is None or getattr(event, "symbol", None) == symbol]

    def trade_ids(self, symbol: str) -> list[str]:
        """The trades of an instrument, each as often as it was told."""
        return [trade.trade_id for trade in self.told(Trade, symbol)]

    def want(self, symbol: str, depth: int, for_s: float) -> None:
        """Watch a book."""
        self.status.demand.want(symbol, depth, now_ns() + int(for_s * 1e9), now_ns())


@asynccontextmanager
async def living(
    exchange: MadeUpExchange,
    symbols: str = "AB",
    *,
    new_codec: Callable[[], MadeUpCodec] = MadeUpCodec,
    channels: tuple[str, ...] = BASE,
    lifetime_s: float | None = None,
    weight_per_min: float = 6000,
) -> AsyncIterator[Life]:
    """A feed that is restarted a second after each failure, while the block runs."""
    life = Life(exchange, FeedStatus("made_up", "linear", "stream-0", tuple(symbols)))
    send, receive = trio.open_memory_channel[Batch](1000)

    def codec() -> MadeUpCodec:
        made = new_codec()
        made.limits = msgspec.structs.replace(LIMITS, lifetime_s=lifetime_s)
        return made

    ingest = Ingest(
        status=life.status,
        route="",
        channels=channels,
        new_codec=codec,
        stream_url="",
        rest_url="",
        transport=exchange.transport(),
        budget=Budget(weight_per_min),
        outbox=send,
        now_ns=now_ns,
        patience=Patience(),
        draw=lambda: 0.0,
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_collect, receive, life.batches)
        nursery.start_soon(_live, ingest, life)
        yield life
        nursery.cancel_scope.cancel()


async def _collect(inbox: trio.MemoryReceiveChannel[Batch], into: list[Batch]) -> None:
    async for batch in inbox:
        into.append(batch)


async def _live(ingest: Ingest, life: Life) -> None:
    while True:
        try:
            await ingest.run()
        except* FeedError as group:
            life.failures.append(main_error(group))
        await trio.sleep(RESTART_AFTER_S)
