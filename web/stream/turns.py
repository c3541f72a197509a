"""Who writes when: one task asks the clients in turn, and what a socket does not take is finished by a task
of its own. A client has one write on its way at most, and is asked again when that is done.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial

import trio

from web.stream.client import Client
from web.stream.pacing import SLACK_S, Wheel
from web.stream.subscription import Circle, Subscription
from web.transport import GONE

HEARTBEAT_S = 5.0
TURNS_PER_CHECKPOINT = 64
PIECES_MAX = 512  # of one gathering write; systems take 1024


class Turns:
    """`touched` are the circles that have news, `busy` the clients with a write on its way."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self.clients: dict[Client, None] = {}
        self.busy: dict[Client, None] = {}
        self._wheel: Wheel[Circle | Client] = Wheel()
        self._touched: dict[Circle, None] = {}
        self._turns: dict[Client, None] = {}
        self._woken = trio.Event()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of any client."""
        return not (self.clients or self.busy or self._touched or self._turns or len(self._wheel))

    def enter(self, client: Client) -> None:
        """A client comes."""
        self.clients[client] = None
        self._wheel.put(client, trio.current_time() + HEARTBEAT_S)
        self._woken.set()

    def leave(self, client: Client) -> None:
        """A client has gone."""
        self._wheel.drop(client)
        for mine in (self.clients, self.busy, self._turns):
            mine.pop(client, None)

    def touch(self, circles: Iterable[Circle]) -> None:
        """These have news. Those that wait for their time have it noted already."""
        for circle in circles:
            if circle not in self._wheel:
                self._touched[circle] = None
                self._woken.set()

    def forget(self, circle: Circle) -> None:
        """A circle has ended."""
        self._touched.pop(circle, None)
        self._wheel.drop(circle)

    def mark(self, subscription: Subscription) -> None:
        """This one may be told more."""
        subscription.client.ready[subscription] = None
        self._turns[subscription.client] = None
        self._woken.set()

    def last(self, client: Client) -> Iterator[bytes]:
        """Everything that there still is for a client, whatever its rates. Nothing else is written to it."""
        if client.busy_since_s is None:
            client.began(trio.current_time())
        client.ready.update(dict.fromkeys(client.subscriptions.values()))
        while pieces := client.next_turn(trio.current_time(), self._now_ns() // 1_000_000):
            yield b"".join(pieces)

    async def run(self) -> None:
        """Let the clients write, for as long as the web is served."""
        async with trio.open_nursery() as nursery:
            while True:
                with trio.CancelScope(deadline=self._wheel.next_s()):
                    await self._woken.wait()
                self._woken = trio.Event()
                self._fire(trio.current_time())
                await self._take_turns(nursery)

    def _fire(self, now_s: float) -> None:
        touched, self._touched = self._touched, {}
        for each in self._wheel.due(now_s):
            if isinstance(each, Circle):
                touched[each] = None
            else:
                each.beat_due = True
                self._turns[each] = None
                self._wheel.put(each, now_s + HEARTBEAT_S)
        for circle in touched:
            self._go_round(circle, now_s)

    def _go_round(self, circle: Circle, now_s: float) -> None:
        """Mark the members of a circle that may be told more, and come again for the others."""
        next_s = math.inf
        for member in circle.members:
            if member.due_s <= now_s + SLACK_S:
                self.mark(member)
            else:
                next_s = min(next_s, member.due_s)
        if next_s < math.inf:
            self._wheel.put(circle, next_s)

    async def _take_turns(self, nursery: trio.Nursery) -> None:
        count = 0
        while self._turns:
            client = next(iter(self._turns))
            del self._turns[client]
            self._turn(client, nursery)
            count += 1
            if count % TURNS_PER_CHECKPOINT == 0:
                await trio.lowlevel.checkpoint()
                self._fire(trio.current_time())

    def _turn(self, client: Client, nursery: trio.Nursery) -> None:
        """Let a client write what it can at once. Whatever goes wrong concerns this client only."""
        if client.is_busy or client not in self.clients:
            return
        try:
            pieces = client.next_turn(trio.current_time(), self._now_ns() // 1_000_000)
            if pieces:
                self._write(client, pieces, nursery)
        except GONE:
            client.leave(None)
        except Exception as error:  # one client that we cannot serve must not silence the others
            client.leave(error)
        else:
            if client.ready and not client.is_busy:
                self._turns[client] = None

    def _write(self, client: Client, pieces: list[bytes], nursery: trio.Nursery) -> None:
        if len(pieces) > PIECES_MAX:
            pieces = [b"".join(pieces)]
        finish: Callable[[], Awaitable[None]]
        try:
            rest = client.outlet.write_now(*pieces)
        except trio.WouldBlock:  # an answer is being written
            finish = partial(client.outlet.send_frame, b"".join(pieces))
        else:
            if rest is None:
                client.kept_up()
                return
            finish = partial(client.outlet.finish, rest)
        client.began(trio.current_time())
        self.busy[client] = None
        nursery.start_soon(self._finish, client, finish)

    async def _finish(self, client: Client, finish: Callable[[], Awaitable[None]]) -> None:
        try:
            await finish()
        except GONE:
            client.leave(None)
            return
        finally:
            self.busy.pop(client, None)
        client.done(trio.current_time())
        if client in self.clients:
            self._turns[client] = None
            self._woken.set()
