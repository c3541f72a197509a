"""How far a node has read the log, on disk, so that its next process goes on from there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from actors.market.mark import Mark
from actors.market.rhythm import NS_PER_S

NOTE_EVERY_NS = NS_PER_S
# Before it records again, a process has to know what it knew: whole bars of a minute, and a node's memory.
LOOK_BACK_NS = 150 * NS_PER_S
MARGIN_NS = 5 * NS_PER_S


class Saved(Struct, frozen=True):
    """What happened up to the position `recorded`, at `recorded_ns`, is safe in every sink or on disk; who
    reads from `resume` on knows the same after it. Positions are those of one epoch."""

    epoch: str
    resume: int
    recorded: int
    recorded_ns: int


class Bookmark:
    """`load` once, then `note` every mark, and `save` now and then.

    `accepted` and `settled` tell how many rows the sinks were given and how many of these are safe: a mark is
    safe when all that they were given before it is.
    """

    def __init__(
        self, path: Path, accepted: Callable[[], tuple[int, ...]], settled: Callable[[], tuple[int, ...]]
    ) -> None:
        self._path, self._accepted, self._settled = path, accepted, settled
        self._waiting: deque[tuple[Mark, tuple[int, ...]]] = deque()
        self._safe: deque[Mark] = deque()
        self._noted_ns = 0
        self._told: Mark | None = None

    def load(self) -> Saved | None:
        """What an earlier process left; `None` where there is none that can be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Saved)
        except (OSError, msgspec.DecodeError):
            return None

    def note(self, mark: Mark) -> None:
        """A mark was told to the sinks' intakes."""
        if mark.now_ns - self._noted_ns >= NOTE_EVERY_NS:
            self._noted_ns = mark.now_ns
            self._waiting.append((mark, self._accepted()))

    def save(self, epoch: str) -> None:
        """Write down what is safe by now. What the disk refuses is let pass: then more is read again."""
        settled = self._settled()
        while self._waiting and all(map(int.__le__, self._waiting[0][1], settled)):
            self._safe.append(self._waiting.popleft()[0])
        if not self._safe or self._safe[-1] is self._told:
            return
        self._told = self._safe[-1]
        while len(self._safe) > 1 and self._safe[1].now_ns <= self._told.now_ns - LOOK_BACK_NS:
            self._safe.popleft()
        recorded = next(
            (each for each in reversed(self._safe) if each.now_ns <= self._told.now_ns - MARGIN_NS),
            self._safe[0],
        )
        saved = Saved(epoch, self._safe[0].number, recorded.number, recorded.now_ns)
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_suffix(".new")
            draft.write_bytes(msgspec.json.encode(saved))
            draft.replace(self._path)

    def restart(self) -> None:
        """Another epoch begins: the numbers of before mean nothing."""
        self._waiting.clear()
        self._safe.clear()
        self._noted_ns = 0
