"""The member actor: leaves this node's note on the bus, and looks who else is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from actors.bus.base import Bus, Connect
from actors.bus.crew import Change, Crew, Note, read_notes, written
from actors.market.busstatus import BusStatus
from actors.market.rhythm import NS_PER_S
from actors.runtime.errors import BusUnavailable, StartError

WHAT = "member"


@dataclass
class Member:
    """Beats every `beat_s`, and at once when it is woken; the note is good for `ttl_s`.

    `note` is what to say, `changed` is told of every look, most of which find nothing new. `stop` has it take
    its note away and end.
    """

    connect: Connect
    crew: Crew
    note: Callable[[], Note]
    changed: Callable[[Change], None]
    status: BusStatus
    now_ns: Callable[[], int]
    beat_s: float
    ttl_s: float
    _woken: trio.Event = field(default_factory=trio.Event)
    _is_over: bool = False

    def wake(self) -> None:
        """There is something new to say."""
        self._woken.set()

    def stop(self) -> None:
        """Say goodbye."""
        self._is_over = True
        self.wake()

    async def run(self) -> None:
        """One life. Raises `BusUnavailable`, and `StartError` when another node has this one's name."""
        try:
            async with self.connect() as bus:
                self.crew.blind(int(self.ttl_s * NS_PER_S), self.now_ns())
                await self._until_mine(bus)
                self.status.errors.pop(WHAT, None)
                while not self._is_over:
                    self._woken = trio.Event()
                    await self._beat(bus)
                    with trio.move_on_after(self.beat_s):
                        await self._woken.wait()
                await bus.leave(self.crew.me)
        except BusUnavailable as error:
            self.status.errors[WHAT] = str(error)
            raise

    async def _beat(self, bus: Bus) -> None:
        await bus.beat(self.crew.me, written(self.note()), self.ttl_s)
        self.changed(self.crew.look(read_notes(await bus.nodes()), self.now_ns()))

    async def _until_mine(self, bus: Bus) -> None:
        """The note of an earlier process under our name expires; that of another one that lives does not."""
        me, beats = self.crew.me, None
        while not self._is_over:
            other = read_notes(await bus.nodes()).get(me)
            if other is None or other.process == self.note().process:
                return
            if beats is not None and other.beats != beats:
                words = f"[bus] node = {me}: another node that is alive has this name, at {other.url}"
                raise StartError(f"{words}; give each its own")
            beats = other.beats
            await trio.sleep(self.ttl_s / 4)
