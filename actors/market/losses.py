"""What history itself has lost on its way to a sink, so that the sink can be told."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from actors.market.rows import GapRow

CHANNEL = "outbox"
EVERYTHING = "*"

# Why rows were lost, each in one word and in words.
CAUSES = {
    "inbox_full": "rows came faster than they could be put away",
    "disk_full": "neither the sink nor the disk took rows",
    "outbox_full": "the outbox was full: its oldest rows were dropped",
    "too_old": "the sink was away for too long: rows in the outbox grew too old",
    "corrupt": "a part of the outbox was damaged",
    "refused": "the sink refuses these rows: they were set aside in the outbox",
    "lost": "rows were lost with the life of the actor that held them",
    "crash": "the hub died without a stop: rows of its last moments and all until its next start are missing",
    "bus": "the bus between the machines had let go of what came while this node was away",
}


class Loss(Struct, frozen=True, order=True):
    """So many rows that were accepted between two moments of our clock (ns) are missing from a sink.

    0 rows: nobody knows how many.
    """

    cause: str
    from_ns: int
    to_ns: int
    rows: int


class Losses:
    """At most one loss per cause: it grows until the sink was told."""

    def __init__(self, losses: Iterable[Loss] = ()) -> None:
        self._by_cause: dict[str, Loss] = {}
        for loss in losses:
            self.add(loss)

    def __bool__(self) -> bool:
        return bool(self._by_cause)

    def add(self, loss: Loss) -> None:
        """Something more was lost."""
        known = self._by_cause.get(loss.cause)
        self._by_cause[loss.cause] = loss if known is None else merged(known, loss)

    def all(self) -> list[Loss]:
        """What the sink does not know yet."""
        return list(self._by_cause.values())

    def take(self) -> list[Loss]:
        """The same, which is then somebody else's."""
        losses = self.all()
        self._by_cause.clear()
        return losses

    def keep(self, other: Losses) -> None:
        """Forget those whose cause is not among the others."""
        for cause in self._by_cause.keys() - other._by_cause.keys():
            del self._by_cause[cause]

    def told(self, losses: Iterable[Loss]) -> None:
        """The sink knows these now. What has grown meanwhile will be told again, under the same key."""
        for loss in losses:
            if self._by_cause.get(loss.cause) == loss:
                del self._by_cause[loss.cause]


def merged(one: Loss, other: Loss) -> Loss:
    """Two losses of one cause as one."""
    return Loss(
        one.cause, min(one.from_ns, other.from_ns), max(one.to_ns, other.to_ns), one.rows + other.rows
    )


def gap_rows(losses: Iterable[Loss]) -> list[GapRow]:
    """What a sink is told. The time of each cause differs by nanoseconds, as its key has no cause."""
    causes = list(CAUSES)
    return [
        GapRow(
            loss.from_ns + causes.index(loss.cause),
            EVERYTHING,
            EVERYTHING,
            EVERYTHING,
            CHANNEL,
            loss.to_ns,
            loss.cause,
            CAUSES[loss.cause],
            loss.rows or None,
            0,
            False,
        )
        for loss in losses
    ]
