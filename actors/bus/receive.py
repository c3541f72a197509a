"""The receive actor: the bus → the state's channel. One life is one connection; it goes on where it was."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import trio

from actors.bus.base import Connect, Extent, Message
from actors.bus.confluence import Confluence, Flow
from actors.bus.wire import decode
from actors.market.busstatus import BusStatus
from actors.runtime.errors import BusUnavailable, DecodeError, main_error

WHAT = "receive"
READ_WAIT_S = 0.5
ROOM_WAIT_S = 0.05

_logger = logging.getLogger("tickwell.bus")


@dataclass
class Receive:
    """Reads from `position` on (`None`: from the end) and tells the state, in the log's order.

    While the bus is away, a node that serves says that everything is stale (`hushes`); one that only records
    waits, for it will be told what happened. `lacking` is told when the log had let go of what came after the
    position; `begun` of every new epoch; `read` after every reading, and whether there was anything. The log
    `is_deserted` while no node is there that could write.
    """

    connect: Connect
    outbox: trio.MemorySendChannel[Flow]
    confluence: Confluence
    status: BusStatus
    now_ns: Callable[[], int]
    hushes: bool
    position: int | None
    epoch: str = ""
    begun: Callable[[str], None] = lambda _: None
    lacking: Callable[[], None] = lambda: None
    read: Callable[[bool], None] = lambda _: None
    may_read: Callable[[], bool] = lambda: True
    is_deserted: Callable[[], bool] = lambda: False
    _is_broken: bool = False
    _stopped: trio.Event = field(default_factory=trio.Event)

    def stop(self) -> None:
        """Read no more, and end."""
        self._stopped.set()

    async def run(self) -> None:
        """One life. Raises `BusUnavailable`."""
        with self.outbox.clone() as outbox:
            if not self._is_broken:
                await _tell(outbox, self.confluence.hush("the hub began anew to read the bus", self.now_ns()))
            self._is_broken = False
            try:
                await self._until_stopped(outbox)
            except* BusUnavailable as group:
                self._is_broken = True
                self.status.errors[WHAT] = words = str(main_error(group))
                if self.hushes:
                    await _tell(outbox, self.confluence.hush(f"the bus: {words}", self.now_ns()))
                self._note(heard=False)
                raise

    async def _until_stopped(self, outbox: trio.MemorySendChannel[Flow]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._follow, outbox)
            await self._stopped.wait()
            nursery.cancel_scope.cancel()

    async def _follow(self, outbox: trio.MemorySendChannel[Flow]) -> None:
        async with self.connect() as bus:
            position = self._enter(await bus.extent())
            self.status.errors.pop(WHAT, None)
            while True:
                await self._until_room()
                messages = await bus.read(position, READ_WAIT_S)
                for message in messages:
                    await self._take(outbox, message)
                    position = self.position = message.position
                if self.hushes and self.is_deserted():
                    await _tell(outbox, self.confluence.hush("no node with feeds is alive", self.now_ns()))
                self._note(heard=bool(messages))

    def _enter(self, extent: Extent) -> int:
        """Where to begin."""
        position = self.position
        if extent.epoch != self.epoch or (position or 0) > extent.newest:
            if self.epoch and position is not None:
                _logger.warning("the bus has lost its log; a new one begins epoch=%s", extent.epoch)
                self.lacking()
                position = 0
            self.epoch = extent.epoch
            self.begun(extent.epoch)
        elif position is not None and position < extent.kept_after:
            _logger.warning(
                "the bus has let go of what came while this node was away messages=%d",
                extent.kept_after - position,
            )
            self.lacking()
        self.position = extent.newest if position is None else max(position, extent.kept_after)
        return self.position

    async def _take(self, outbox: trio.MemorySendChannel[Flow], message: Message) -> None:
        self.status.read += 1
        self.status.read_bytes += len(message.body)
        try:
            dispatch = decode(message.body)
        except DecodeError as error:
            if not self.status.unreadable:
                _logger.warning("a message on the bus is skipped: %s", error)
            self.status.unreadable += 1
            return
        await _tell(outbox, self.confluence.take(message.position, dispatch))

    def _note(self, *, heard: bool) -> None:
        confluence, status = self.confluence, self.status
        status.lost, status.repeated, status.standby = (
            confluence.lost,
            confluence.repeated,
            confluence.dropped,
        )
        status.lag_ms = max(0.0, (self.now_ns() - confluence.now_ns) / 1e6) if confluence.now_ns else 0.0
        self.read(heard)

    async def _until_room(self) -> None:
        """What is caught up with must not come faster than it can be put away."""
        while not self.may_read():  # noqa: ASYNC110 - sinks tell nobody when they have written
            await trio.sleep(ROOM_WAIT_S)


async def _tell(outbox: trio.MemorySendChannel[Flow], told: Iterable[Flow]) -> None:
    for each in list(told):  # whoever is cancelled half-way has folded the message all the same
        await outbox.send(each)
