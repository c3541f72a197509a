"""The collect actor: what this node's feeds say → messages that wait for the bus. It never waits itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import trio

from actors.bus.base import BODY_BYTES_MAX
from actors.bus.memory import Memory, bytes_of
from actors.bus.outgoing import Outgoing
from actors.bus.wire import Happened, Item, Reported, Restated, dispatches
from actors.market.events import Batch
from actors.market.feeds import MarketReport
from actors.market.rhythm import NS_PER_S
from actors.runtime.errors import ConnectionLost

REPORT_EVERY_NS = NS_PER_S
PART_BYTES = BODY_BYTES_MAX // 2


@dataclass
class Collect:
    """Every `flush_s` one message with what came, or nothing but its time; now and then (`restate_s`, or when
    `restate` was called) all that the node knows, for whoever comes later. Its end is the end of its inbox.

    `run` is another in each life: then the feeds have begun anew, too. A node that slept for longer than
    `asleep_s` fails: others have its instruments by now, and what it finds in its sockets is old.
    """

    inbox: trio.MemoryReceiveChannel[Batch]
    outgoing: Outgoing
    node: str
    reports: Callable[[], Sequence[MarketReport]]
    now_ns: Callable[[], int]
    flush_s: float
    restate_s: float
    asleep_s: float
    run_id: str = ""
    _number: int = 1
    _memory: Memory = field(default_factory=Memory)
    _pending: list[Item] = field(default_factory=list)
    _restate_ns: int = 0
    _report_ns: int = 0

    async def run(self) -> None:
        """One life."""
        self.run_id, self._number = f"{self.now_ns():016x}", 1
        self._memory, self._pending = Memory(), []
        self._restate_ns = self.now_ns() + int(self.restate_s * NS_PER_S)
        with self.inbox.clone() as inbox:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._flush_often)
                async for batch in inbox:
                    self._memory.note(batch)
                    self._pending.append(Happened(batch))
                nursery.cancel_scope.cancel()
        self._flush()
        self.outgoing.close()

    def restate(self) -> None:
        """Somebody comes who does not know what this node has said."""
        self._restate_ns = 0

    def tell(self, item: Item) -> None:
        """Put in what does not come from a feed."""
        self._pending.append(item)

    def release(self, exchange: str, market: str, symbol: str) -> None:
        """An instrument is carried no more."""
        self._memory.release(exchange, market, symbol)

    async def _flush_often(self) -> None:
        flushed_ns = self.now_ns()
        while True:
            await trio.sleep(self.flush_s)
            now_ns = self.now_ns()
            if now_ns - flushed_ns > self.asleep_s * NS_PER_S:
                words = f"this node stood still for {(now_ns - flushed_ns) / NS_PER_S:.1f} s"
                raise ConnectionLost(f"{words}: others have taken over, and its feeds begin anew")
            flushed_ns = now_ns
            self._flush()

    def _flush(self) -> None:
        now_ns = self.now_ns()
        if now_ns >= self._report_ns:
            self._report_ns = now_ns + REPORT_EVERY_NS
            self._pending.append(Reported(list(self.reports())))
        items, self._pending = self._pending, []
        self._put(items, now_ns)
        if now_ns >= self._restate_ns:
            self._restate_ns = now_ns + int(self.restate_s * NS_PER_S)
            for part in list(_parts(self._memory)):
                self._put([part], now_ns)

    def _put(self, items: Sequence[Item], now_ns: int) -> None:
        bodies = dispatches(self.node, self.run_id, self._number, now_ns, items)
        self._number += len(bodies)
        self.outgoing.put(bodies)


def _parts(memory: Memory) -> Iterator[Restated]:
    """All that is known, in messages of bounded length."""
    pieces: list[list[Batch]] = [[]]
    size = 0
    for batch in memory.whole():
        pieces[-1].append(batch)
        size += sum(map(bytes_of, batch.events))
        if size >= PART_BYTES:
            pieces.append([])
            size = 0
    for part, batches in enumerate(pieces):
        yield Restated(part, len(pieces), batches)
