"""What a recording process was promised, life after life, against what is on its disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from actors.market.rows import GapRow, Row, TradeRow
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Bounds

Range = tuple[int, int]  # the first and the last number


@dataclass
class Life:
    """The lines of one life of `kill_recorder.py`, and when it ended."""

    ended_ns: int
    lived_s: Callable[[int], float] = lambda ts: 0.0  # from then to its end, as a `LivedClock` has it
    offered: list[tuple[int, int, int]] = field(default_factory=list)
    disk: list[Range] = field(default_factory=list)
    sink: list[Range] = field(default_factory=list)

    @classmethod
    def told(cls, text: str, ended_ns: int) -> Life:
        """From what it wrote; the last line may be cut short."""
        life = cls(ended_ns)
        for line in text.rpartition("\n")[0].splitlines():
            word, first, last, *more = line.split()
            if word == "offered":
                life.offered.append((int(first), int(last), int(more[0])))
            else:
                (life.disk if word == "disk" else life.sink).append((int(first), int(last)))
        return life

    @property
    def rows(self) -> int:
        """How many were offered."""
        return sum(last - first + 1 for first, last, _ in self.offered)

    @property
    def next_number(self) -> int:
        """The first that was not offered yet."""
        return self.offered[-1][1] + 1

    def promised(self) -> set[int]:
        """Every row that was acknowledged."""
        return numbers([*self.disk, *self.sink])

    def offered_at(self) -> dict[int, int]:
        """When each row was offered."""
        return {number: ts for first, last, ts in self.offered for number in range(first, last + 1)}


def numbers(ranges: Iterable[Range]) -> set[int]:
    """All that lie within."""
    return {number for first, last in ranges for number in range(first, last + 1)}


@dataclass
class Kept:
    """What is on the disk while no process runs."""

    history: list[int]
    outbox: list[int]
    gaps: list[tuple[int, int, str]]  # from, to, cause
    damage: list[str]

    @classmethod
    def of(cls, directory: Path, *, trades: bool = True) -> Kept:
        """Read both files; without `trades`, where their ids are no numbers."""
        with closing(sqlite3.connect(directory / "history.db")) as database:
            query = "SELECT trade_id FROM trades"
            ids = [int(each) for (each,) in database.execute(query)] if trades else []
            gaps = database.execute("SELECT timestamp, to_ts, cause FROM gaps ORDER BY 1").fetchall()
            found = [words for (words,) in database.execute("PRAGMA integrity_check")]
        waiting, losses = in_outbox(directory / "outbox" / "history.db")
        found += [f"outbox: {name}" for name in aside(directory)]
        gaps += losses + [(row.ts, row.to_ts, row.cause) for row in waiting if isinstance(row, GapRow)]
        waiting_ids = [int(row.trade_id) for row in waiting if isinstance(row, TradeRow) and trades]
        return cls(ids, waiting_ids, gaps, [words for words in found if words != "ok"])

    def is_told(self, ts: int) -> bool:
        """Whether a gap record covers this moment."""
        return any(from_ns <= ts <= to_ns for from_ns, to_ns, cause in self.gaps if cause == "crash")


def in_outbox(path: Path) -> tuple[list[Row], list[tuple[int, int, str]]]:
    """What waits there, in its order, and which losses the sink was not told; nothing is taken out."""
    outbox = Outbox(path, Bounds(), lambda: 1)
    outbox.open()
    parcel = outbox.peek(10_000_000)
    losses = [(loss.from_ns, loss.to_ns, loss.cause) for loss in outbox.losses()]
    outbox.close()
    return (parcel.rows if parcel else []), losses


def aside(directory: Path) -> list[str]:
    """Files that were set aside as damaged."""
    return [path.name for path in directory.rglob("*") if ".bad" in path.name or "damaged" in path.name]


def disorder(life: Life) -> str:
    """Where a row came to the sink for the first time behind a newer one; else nothing."""
    seen: set[int] = set()
    newest = -1
    for first, last in life.sink:
        fresh = [number for number in range(first, last + 1) if number not in seen]
        if fresh and fresh[0] < newest:
            return f"{fresh[0]} came after {newest}"
        seen.update(fresh)
        newest = max(newest, last)
    return ""
