"""The symbols of one market: asks what the exchange lists, now and again, and says what to follow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import trio

from actors.exchanges.base import Codec, Fetch, Turnover
from actors.feed.transport import Rest, Transport
from actors.market.events import Batch, Event, Listed, Removed, Source
from actors.market.instrument import Instrument
from actors.market.selection import Selection, needs_listing, select, unlisted
from actors.runtime.errors import ConnectionLost, DecodeError, FeedError

# What is unsubscribed may still be under way; only then is its record taken away.
FORGET_AFTER_S = 5.0


@dataclass
class Listing:
    """Calls `follow` with the selection at start and whenever it changes, and tells what the listing says of
    each instrument in it. `wanted` and `books` are what the settings want to follow.

    Symbols that the settings name are followed even while the listing cannot be had, for a REST interface
    that is down must not keep a stream from flowing. `followed` outlives a life, so that a symbol that was
    dropped meanwhile is still taken away.
    """

    codec: Codec
    rest_url: str
    transport: Transport
    wanted: tuple[str, ...]
    refresh_s: float
    follow: Callable[[Selection], Awaitable[None]]
    outbox: trio.MemorySendChannel[Batch]
    books: tuple[str, ...] = ()
    followed: tuple[str, ...] = ()

    async def run(self) -> None:
        """One life. Raises `FeedError` when the listing cannot be had."""
        while True:
            try:
                selection = await self._ask()
            except FeedError:
                if not self.followed and not needs_listing(self.wanted):
                    await self.follow(unlisted(self.wanted, self.books))
                raise
            await self.follow(selection)
            await self._tell([Listed(each) for each in selection.instruments.values()])
            await self._forget(set(self.followed) - set(selection.symbols))
            self.followed = selection.symbols
            await trio.sleep(self.refresh_s)

    async def _ask(self) -> Selection:
        async with self.transport.open_rest(self.rest_url or self.codec.rest_url) as rest:
            instruments, turnover_24h = await ask_listing(self.codec, rest, self.wanted)
        return select(self.wanted, instruments, turnover_24h, self.books, self.followed)

    async def _forget(self, symbols: set[str]) -> None:
        if not symbols:
            return
        await trio.sleep(FORGET_AFTER_S)
        await self._tell([Removed(symbol) for symbol in sorted(symbols)])

    async def _tell(self, events: list[Event]) -> None:
        source = Source(self.codec.exchange, self.codec.market, "listing", 0)
        with self.outbox.clone() as outbox:
            await outbox.send(Batch(source, events))


async def ask_listing(
    codec: Codec, rest: Rest, wanted: Sequence[str]
) -> tuple[list[Instrument], dict[str, float]]:
    """What can be traded, and what it turned over in 24 h by symbol. Raises `FeedError`, also when that is
    nothing."""
    instruments: list[Instrument] = []
    turnover_24h: dict[str, float] = {}
    pending = list(codec.listing(wanted))
    while pending:
        for item in await _read(codec, rest, pending.pop(0)):
            if isinstance(item, Instrument):
                instruments.append(item)
            elif isinstance(item, Turnover):
                turnover_24h[item.symbol] = item.turnover_24h
            else:
                pending.append(item)
    if not instruments:
        raise ConnectionLost("the exchange lists nothing that can be traded")
    return instruments, turnover_24h


async def _read(codec: Codec, rest: Rest, fetch: Fetch) -> Sequence[Instrument | Turnover | Fetch]:
    body = await rest.fetch(fetch)
    try:
        return codec.receive_listing(fetch, body)
    except DecodeError as error:
        raise ConnectionLost(f"the listing cannot be read: {error}") from error
