"""Stay connected: the connection is made again whenever it is lost, after a pause drawn at random."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import trio

from actors.runtime.backoff import Backoff
from commands.stream.address import Address
from commands.stream.connection import Connection, connected
from commands.stream.messages import Codec, HubLost

HEALTHY_S = 30.0  # a connection that lived so long makes the next pause a short one again


@dataclass
class Follower:
    """Has every connection to one hub served by `live`, which ends by raising `HubLost`, or returns when
    nothing more is wanted. `on_lost` is told why a connection ended or could not be made, and how long the
    pause is (s)."""

    address: Address
    codec: Codec
    live: Callable[[Connection], Awaitable[None]]
    on_lost: Callable[[HubLost, float], None]
    once: bool = False
    backoff: Backoff = field(default_factory=lambda: Backoff(base_s=1.0, ceiling_s=20.0, floor_s=0.2))

    async def run(self) -> None:
        """Until nothing more is wanted. Raises `HubRefused`, and with `once` also `HubLost`."""
        attempt = 0
        while True:
            began_s = trio.current_time()
            try:
                await self._connection()
                return
            except HubLost as error:
                if self.once:
                    raise
                attempt = 1 if trio.current_time() - began_s > HEALTHY_S else attempt + 1
                pause_s = max(self.backoff.delay_s(attempt), error.retry_after_s)
                self.on_lost(error, pause_s)
            await trio.sleep(pause_s)

    async def _connection(self) -> None:
        async with connected(self.address, self.codec) as connection:
            try:
                await self.live(connection)
            finally:
                await connection.aclose()
