"""The process that keeps rows: `python -m benchmarks.keeping sqlite tickwell --seconds 100 --directory DIR`.

The rows are made before anything is measured. Then they go, as fast as they are taken or (`--paced`) as a
hub would bring them, through Tickwell's persist actor and its sink, or through a plain loop around the same
client. It says in one line of JSON what the whole process spent from the first row to the last durable one.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import trio

from actors.intake import Intake
from actors.market.rows import Row, TickRow
from actors.market.sinkstatus import SinkStatus
from actors.persist import Pace, Persist
from actors.sinks.base import Sink
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Bounds
from actors.sinks.sqlite import Retention, SqliteSink
from benchmarks.loops import LOOPS, open_sink
from benchmarks.rows import ROWS_PER_S, TICKS_PER_S, Market

BATCH_ROWS = 5000
AHEAD_ROWS = 2 * BATCH_ROWS  # one batch is written, the next is ready
LOOK_EVERY_S = 0.005
OPEN_WITHIN_S = 20.0
DATABASE = "history.db"

Clock = Callable[[], int]


class Offered:
    """The rows of so many seconds, in steps, and the clock that stands where they do."""

    def __init__(self, seconds: float, kinds: tuple[type[Row], ...] | None) -> None:
        self.began_ns = self.now_ns = time.time_ns()
        self.steps = [
            [row for row in step if kinds is None or isinstance(row, kinds)]
            for step in Market(self.began_ns).steps(seconds)
        ]
        self.rows = sum(map(len, self.steps))

    def clock(self) -> int:
        """The time of the newest row that was offered."""
        return self.now_ns

    def pass_step(self) -> None:
        """The next step begins."""
        self.now_ns += 1_000_000_000 // TICKS_PER_S


class Meter:
    """What the process spends from its making on."""

    def __init__(self) -> None:
        self._cpu_s, self._began_s = time.process_time(), time.monotonic()

    def read(self, rows: int) -> dict[str, float]:
        """What came of it."""
        cpu_s, took_s = time.process_time() - self._cpu_s, time.monotonic() - self._began_s
        return {
            "rows": rows,
            "cpu_us": cpu_s / rows * 1e6,
            "cpu_share": cpu_s / took_s,
            "rows_per_s": rows / took_s,
            "took_s": took_s,
        }


async def through_tickwell(
    new_sink: Callable[[Clock], Sink], directory: Path, offered: Offered, paced: bool
) -> dict[str, float]:
    """As `supervisor.py` wires a sink."""
    status = SinkStatus("benchmark")
    send, receive = trio.open_memory_channel[list[Row]](1000)
    clock = offered.clock
    intake = Intake(send, status, clock)
    outbox = Outbox(directory / "outbox.db", Bounds(), clock)
    pace = Pace(batch_rows=BATCH_ROWS)
    persist = Persist(new_sink(clock), outbox, receive, status, intake.losses, clock, pace)
    waited = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(persist.run)
        with trio.fail_after(OPEN_WITHIN_S):
            while not status.is_up:
                await trio.sleep(LOOK_EVERY_S)
        meter, began_s = Meter(), trio.current_time()
        for number, rows in enumerate(offered.steps):
            offered.pass_step()
            if paced:
                await trio.sleep_until(began_s + number / TICKS_PER_S)
            else:
                while status.in_hand > AHEAD_ROWS:
                    await trio.sleep(LOOK_EVERY_S)
            intake.offer(rows)
            waited = max(waited, status.outbox_rows)
        while status.in_hand or status.outbox_rows:
            await trio.sleep(LOOK_EVERY_S)
        values = meter.read(offered.rows)
        send.close()
    return values | {"not_written": offered.rows - status.written, "waited_on_disk": waited}


def through_loop(write: Callable[[list[Row]], None], offered: Offered) -> dict[str, float]:
    """The same batches, one after the other."""
    rows = [row for step in offered.steps for row in step]
    meter = Meter()
    for start in range(0, len(rows), BATCH_ROWS):
        write(rows[start : start + BATCH_ROWS])
    return meter.read(len(rows))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser("benchmarks.keeping")
    parser.add_argument("store", choices=LOOPS)
    parser.add_argument("way", choices=("tickwell", "loop"))
    parser.add_argument("--seconds", type=float, required=True, help=f"of {ROWS_PER_S} rows each")
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--url", default="")
    parser.add_argument("--paced", action="store_true")
    options = parser.parse_args()
    kinds = (TickRow,) if options.store == "redis" else None
    if options.way == "loop":
        write = LOOPS[options.store](options.directory, options.url)
        print(json.dumps(through_loop(write, Offered(options.seconds, kinds))), flush=True)
        return

    def new_sink(clock: Clock) -> Sink:
        if options.store == "sqlite":
            return SqliteSink(options.directory / DATABASE, Retention(), clock)
        return open_sink(options.store, options.url)

    offered = Offered(options.seconds, kinds)
    values = trio.run(through_tickwell, new_sink, options.directory, offered, options.paced)
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()
