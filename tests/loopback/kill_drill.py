"""kill -9 of a recording process at random points, again and again, and what it costs.

`drill` is the whole of it; `figures` makes a row of a table of what it found.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lived import LivedClock
from tests.loopback.kill_books import Kept, Life, disorder, numbers
from tests.processes import process

FLUSH_INTERVAL_S = 1.0


@dataclass
class Outcome:
    """What the kills came to: `complaints` are broken promises, all else are figures."""

    kills: int
    offered: int
    rows_per_s: float
    lost: int
    oldest_lost_s: float  # how long before its kill the oldest row that was lost had been offered
    oldest_lost_lived_s: float  # the same as its process lived it: without waiting for a processor or a disk
    gaps: int
    replayed: int  # the most rows that waited in the outbox when a life began
    complaints: list[str]


def drill(directory: Path, kills: int, rows_per_s: int, seed: int, life_s: tuple[float, float]) -> Outcome:
    """Kill so many lives, let the last one end in order, and compare promises and disk after each."""
    draw = random.Random(seed)
    lives: list[Life] = []
    complaints: list[str] = []
    replayed = 0
    for number in range(kills + 1):
        first = lives[-1].next_number if lives else 0
        waiting = Kept.of(directory).outbox if lives else []
        end = signal.SIGKILL if number < kills else signal.SIGTERM
        lives.append(
            one_life(
                directory,
                first,
                rows_per_s,
                2 * draw.randrange(1 << 30) + number % 2,
                draw.uniform(*life_s),
                end,
            )
        )
        replayed = max(replayed, len(waiting))
        complaints += [f"life {number}: {words}" for words in complaints_of(directory, lives, waiting)]
    kept = Kept.of(directory)
    complaints += final_complaints(kept, lives)
    return outcome(kept, lives, replayed, complaints)


def one_life(directory: Path, first: int, rows_per_s: int, seed: int, after_s: float, end: int) -> Life:
    """Run a recorder, and end it so long after its first word."""
    arguments = "-m", "tests.loopback.kill_recorder", str(directory), str(first), str(rows_per_s), str(seed)
    with process(*arguments, log=directory / "recorder.log") as child:
        assert child.stdout
        word = child.stdout.readline()
        assert word, (directory / "recorder.log").read_text()
        with LivedClock(child.pid, disks=True) as lived:
            time.sleep(after_s)
            ended_ns, ended_s = time.time_ns(), time.monotonic()
            child.send_signal(end)
        text = word + child.stdout.read()
        assert child.wait() in (0, -signal.SIGKILL), (directory / "recorder.log").read_text()
    life = Life.told(text.decode(), ended_ns)
    life.lived_s = lambda ts: lived.between_s(ended_s - (ended_ns - ts) / 1e9, ended_s)
    return life


def complaints_of(directory: Path, lives: list[Life], waiting: list[int]) -> Iterator[str]:
    """What the newest life has broken."""
    kept, life = Kept.of(directory), lives[-1]
    yield from kept.damage
    promised = set().union(*(each.promised() for each in lives))
    if missing := promised - {*kept.history, *kept.outbox}:
        yield f"{len(missing)} rows are missing that were acknowledged, such as {min(missing)}"
    if words := disorder(life):
        yield words
    if waiting and life.sink and life.sink[0][0] != waiting[0]:
        yield f"the sink was given {life.sink[0]} first, but {waiting[0]} waited"


def final_complaints(kept: Kept, lives: list[Life]) -> Iterator[str]:
    """What is wrong after the last life, which ended in order.

    What the sink had no time to confirm waits in the outbox too, and the sink will keep it once, by its key.
    """
    for place, found in {"history": kept.history, "outbox": kept.outbox}.items():
        if len(found) != len(set(found)):
            yield f"{len(found) - len(set(found))} rows are in the {place} twice"
    rows = {*kept.history, *kept.outbox}
    if strange := rows - numbers((first, last) for life in lives for first, last, _ in life.offered):
        yield f"{len(strange)} rows were never offered"
    if lost := set(lives[-1].offered_at()) - rows:
        yield f"a clean stop lost {len(lost)} rows"
    untold = [ts for ts in lost_at(kept, lives) if not kept.is_told(ts)]
    if untold:
        yield f"{len(untold)} lost rows are in no gap record"


def lost_at(kept: Kept, lives: list[Life]) -> list[int]:
    """When each row was offered that is not there."""
    there = {*kept.history, *kept.outbox}
    return [ts for life in lives for number, ts in life.offered_at().items() if number not in there]


def outcome(kept: Kept, lives: list[Life], replayed: int, complaints: list[str]) -> Outcome:
    """The figures."""
    there = {*kept.history, *kept.outbox}
    lost = [(life, ts) for life in lives for number, ts in life.offered_at().items() if number not in there]
    offered = sum(life.rows for life in lives)
    lasted_s = sum((life.offered[-1][2] - life.offered[0][2]) / 1e9 for life in lives)
    return Outcome(
        kills=len(lives) - 1,
        offered=offered,
        rows_per_s=offered / lasted_s,
        lost=len(lost),
        oldest_lost_s=max(((life.ended_ns - ts) / 1e9 for life, ts in lost), default=0.0),
        oldest_lost_lived_s=max((life.lived_s(ts) for life, ts in lost), default=0.0),
        gaps=sum(cause == "crash" for *_, cause in kept.gaps),
        replayed=replayed,
        complaints=complaints,
    )
