"""One subscription of one client: its position, and the next frames from there."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Literal, TypeAlias

from web.stream import answers
from web.stream.events import holes_for
from web.stream.groups import HOLDS_NOTHING, Built, Group
from web.stream.pacing import Cadence

if TYPE_CHECKING:
    from web.stream.client import Client

First: TypeAlias = Literal["snapshot", "resume", "nothing"]


class Circle:
    """The subscriptions of one group that have one rate: they keep one beat."""

    def __init__(self, group: Group, period_s: float) -> None:
        self.group = group
        self.cadence = Cadence(period_s)
        self.members: dict[Subscription, None] = {}
        self.seats = 0  # of members, and of those that are about to become members


class Subscription:
    """What a client was told of a group, up to `offset`; it may be told more from `due_s` on.

    `number` is what the client calls it, `seq` the number of its last frame. `pending` is what changed while
    the client was busy.
    """

    def __init__(self, number: int, client: Client, circle: Circle, max_rate_hz: float) -> None:
        self.number = number
        self.client = client
        self.circle = circle
        self.max_rate_hz = max_rate_hz
        self.first: First | None = "snapshot"
        self.seq = 0
        self.due_s = 0.0
        self.pending: set[Hashable] = set()
        self.held = HOLDS_NOTHING
        self.start(self.group.journal.offset)

    @property
    def group(self) -> Group:
        """Those with equal options."""
        return self.circle.group

    def start(self, offset: int, first: First | None = "snapshot") -> None:
        """Begin at a position."""
        self.first, self.offset, self.held = first, offset, HOLDS_NOTHING
        self.heard = self.group.journal.offset
        self.recount()

    def recount(self, debt: int = 0) -> None:
        """Count anew what of the ring is still to be told, as the keys or the position changed.

        `debt` is how many records it has lost already, and was not told so.
        """
        self.seen = self.group.total - self.group.available_after(self.offset) - debt

    def debt(self) -> int:
        """How many records the ring let go of before the client could be told."""
        ring = self.group.ring
        if ring is None or self.offset >= ring.floor:
            return 0
        return max(0, self.group.total - self.seen - self.group.available_after(self.offset))

    def take(self, now_s: float) -> tuple[list[bytes], bool]:
        """The next frames, in pieces, and whether there are more at once. The position moves on."""
        pieces = self._holes()
        built = self._next(pieces)
        self.pending.clear()
        self.offset, self.held, self.first = built.offset, built.held, None
        self.seen += built.records
        self.client.sent += len(built.bodies)
        for body in built.bodies:
            self.seq += 1
            pieces += self.client.dress(self.number, self.seq, body)
        if built.bodies:
            self.due_s = self.circle.cadence.next_s(now_s)
        return pieces, built.more

    def note(self, parts: set[Hashable], now_s: float) -> int:
        """These changed while the client is busy. Returns how many updates that merged."""
        merged = len(parts & self.pending) if now_s >= self.due_s else 0
        self.pending |= parts
        return merged

    def _next(self, pieces: list[bytes]) -> Built:
        if self.first == "snapshot":
            self.seen = self.group.total
            return self.group.snapshot()
        if self.first == "resume":
            return self.group.resumed(self.offset)
        if self.first == "nothing":
            self.seen = self.group.total
            return Built([], self.group.journal.offset)
        pieces += self._gap()
        return self.group.update(self.offset, self.held)

    def _gap(self) -> list[bytes]:
        """The message about what the ring let go of."""
        ring, group, count = self.group.ring, self.group, self.debt()
        if ring is None or not count:
            return []
        self.seen += count
        self.client.missed += count
        self.client.gaps_told += 1
        message = answers.missed(self.number, group.channel, count, self.offset, ring.floor)
        return [self.client.message(message)]

    def _holes(self) -> list[bytes]:
        """What the hub itself missed of these keys."""
        if self.heard == self.group.journal.offset:
            return []
        heard, self.heard = self.heard, self.group.journal.offset
        if self.group.channel == "system":
            return []
        holes = [hole for hole in holes_for(self.group, heard) if self.client.is_news(hole)]
        return [self.client.message(answers.hole(hole)) for hole in holes]
