"""kill -9 at random moments: what was acknowledged is there, exactly once, and in order."""

from __future__ import annotations

import random
import time
from pathlib import Path

from actors.market.rows import Row
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Bounds
from tests.processes import process
from tests.sinks.fakes import trades

ROUNDS = 20


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    draw = random.Random(9)
    path = tmp_path / "o.db"
    delivered = 0  # rows before this one have left
    batches = 0
    for _ in range(ROUNDS):
        lines = killed_writer(path, tmp_path / "log", batches, draw.uniform(0.0, 0.12))
        acknowledged = max([batches, *(int(n) + 1 for word, n, *_ in lines if word == "kept")])
        gone = [(int(first), int(last)) for word, first, last in filter(is_gone, lines)]
        rows = left_in(path)
        first = int(rows[0].trade_id) if rows else acknowledged * 10  # type: ignore[union-attr]
        # The last batch may be there although nobody was told so, the last parcel although it was taken.
        assert first >= (gone[-1][0] if gone else delivered)
        assert first <= (gone[-1][1] + 1 if gone else delivered)
        assert len(rows) % 10 == 0
        assert first + len(rows) in (acknowledged * 10, acknowledged * 10 + 10)
        assert rows == trades(first, first + len(rows))
        delivered, batches = first, (first + len(rows)) // 10
    assert batches > ROUNDS
    assert delivered > 0


def is_gone(line: list[str]) -> bool:
    return line[0] == "gone"


def killed_writer(path: Path, log: Path, start: int, after_s: float) -> list[list[str]]:
    """Start a writer, kill it so long after its first word, and return all its words."""
    with process("-m", "tests.sinks.outbox_writer", str(path), str(start), log=log) as child:
        assert child.stdout
        first = child.stdout.readline()
        assert first, log.read_text()
        time.sleep(after_s)
        child.kill()
        rest = child.stdout.read()
    whole = (first + rest).decode().rpartition("\n")[0]  # the last word may be cut short
    return [line.split() for line in whole.splitlines()]


def left_in(path: Path) -> list[Row]:
    """What waits there, without taking it out."""
    outbox = Outbox(path, Bounds(), lambda: 1)
    outbox.open()
    parcel = outbox.peek(1_000_000)
    outbox.close()
    return parcel.rows if parcel else []
