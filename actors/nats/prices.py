"""Live prices as messages of NATS: the line that the publish actor sends them along."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from actors.market.live import LivePrice
from actors.nats.address import Address
from actors.nats.link import TIMEOUT_S, Link, linked
from actors.nats.quotes import Message, quote_message


@asynccontextmanager
async def price_line(
    address: Address, bare_exchange: str, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[PriceLine]:
    """A connection for prices. Raises `FeedError` when there is none to be had."""
    async with linked(address, timeout_s) as link:
        yield PriceLine(link, bare_exchange)


class PriceLine:
    """Subjects of `bare_exchange` do not carry its name."""

    def __init__(self, link: Link, bare_exchange: str) -> None:
        self._link, self._bare_exchange = link, bare_exchange

    async def send(self, prices: Sequence[LivePrice]) -> int:
        """Returns when the server has them: how many it will never take, as their symbols make no subject.
        Raises `FeedError`."""
        messages = [message for price in prices if (message := self._message(price))]
        await self._link.publish(messages)
        return len(prices) - len(messages)

    async def until_lost(self) -> None:
        """Raises `FeedError` when the connection has ended."""
        await self._link.until_lost()

    def _message(self, price: LivePrice) -> Message | None:
        try:
            return quote_message(price, self._bare_exchange)
        except ValueError:
            return None
