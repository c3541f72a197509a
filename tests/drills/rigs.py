"""What a drill needs of a kind of sink: a real server, and hands that make trouble for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from actors.sinks.base import Sink
from tests.drills.paced_load import PacedLoad


class Trouble(NamedTuple):
    """How it is made, and how it is ended. Both block."""

    strike: Callable[[], None]
    cure: Callable[[], None]


class Rig(Protocol):
    """One store and whatever serves it. It keeps each row of a drill's load that it takes."""

    name: str
    """What it is, with its version."""

    def reset(self) -> None:
        """It is empty, well, and lets us in."""

    def sink(self, timeout_s: float) -> Sink:
        """A new sink on it, not yet open."""

    def kept(self, load: PacedLoad) -> list[int]:
        """The numbers of all rows that are there, those that are there twice twice."""

    def told_missing(self) -> int | None:
        """How many rows its gap rows say to be missing; `None` where it keeps no such rows."""

    def troubles(self) -> Mapping[str, Trouble]:
        """The troubles that it can have, by the names of the drills."""
