"""The send actor: messages that wait → the bus. One life is one connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from actors.bus.base import Connect, Extent
from actors.bus.outgoing import Outgoing
from actors.market.busstatus import BusStatus
from actors.runtime.errors import BusUnavailable

WHAT = "send"


@dataclass
class Send:
    """Publishes until nothing more will come. `connected` is called when a life can begin to do so, with what
    the log holds."""

    connect: Connect
    outgoing: Outgoing
    status: BusStatus
    connected: Callable[[Extent], None]
    _woken: trio.Event = field(default_factory=trio.Event)

    async def run(self) -> None:
        """One life. Raises `BusUnavailable`."""
        self.outgoing.changed = self._wake
        try:
            async with self.connect() as bus:
                self.status.errors.pop(WHAT, None)
                self.connected(await bus.extent())
                while bodies := await self._next():
                    await bus.publish(bodies)
                    self.outgoing.sent(len(bodies))
        except BusUnavailable as error:
            self.status.errors[WHAT] = str(error)
            raise
        finally:
            self.outgoing.failed()

    def _wake(self) -> None:
        self._woken.set()

    async def _next(self) -> list[bytes]:
        while not len(self.outgoing):
            if self.outgoing.is_closed:
                return []
            self._woken = trio.Event()
            await self._woken.wait()
        return self.outgoing.head()
