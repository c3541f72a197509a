"""A process that records made-up trades at a steady pace until it is killed, and says what it was promised.

    python -m tests.loopback.kill_recorder DIRECTORY FIRST ROWS_PER_S SEED

It is the recording half of the hub, as `supervisor.py` puts it together: an intake, the persist actor, its
outbox, and the embedded history, which is away for a while now and then. It writes lines:

    offered FIRST LAST TS   these rows are about to be offered, and carry this time
    disk FIRST LAST         they are in the outbox
    sink FIRST LAST         they are in the database
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import trio

from actors.intake import Intake
from actors.market.losses import Loss
from actors.market.rows import Row, TradeRow
from actors.market.sinkstatus import SinkStatus
from actors.persist import Pace, Persist
from actors.runtime.clock import steady_clock
from actors.runtime.errors import SinkUnavailable
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Bounds, Parcel
from actors.sinks.sqlite import Retention, SqliteSink

STEP_S = 0.02
SYMBOLS = 600
UP_S, AWAY_S = (0.2, 0.8), (0.2, 1.0)


def tell(word: str, rows: Iterable[Row], *more: int) -> None:
    """One line for each run of numbers among the trades of these rows, all in one piece."""
    runs: list[list[int]] = []
    for number in (int(row.trade_id) for row in rows if isinstance(row, TradeRow)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    os.write(1, "".join(" ".join(map(str, (word, *run, *more))) + "\n" for run in runs).encode())


class TellingOutbox(Outbox):
    """Says what it has put away."""

    def append(
        self, rows: Sequence[Row], at_ns: int, losses: Iterable[Loss] = (), *, in_flight: bool = False
    ) -> Parcel:
        """As it was, and then a line."""
        parcel = super().append(rows, at_ns, losses, in_flight=in_flight)
        tell("disk", rows)
        return parcel


class TellingSink(SqliteSink):
    """Says what it has written; it takes nothing while it is `away`."""

    away = False

    async def open(self) -> None:
        """As it was, unless it is away."""
        self._check()
        await super().open()

    async def write(self, rows: Sequence[Row]) -> None:
        """As it was, and then a line: a write is durable when it returns."""
        self._check()
        await super().write(rows)
        tell("sink", rows)

    def _check(self) -> None:
        if self.away:
            raise SinkUnavailable("it is away")


def trade(number: int, ts: int) -> TradeRow:
    """A trade that is told from all others by its number."""
    symbol = f"S{number % SYMBOLS}"
    return TradeRow(ts, "bybit", "linear", symbol, str(number), 100.0 + number, 0.5, "buy", 1, False)


async def offer(intake: Intake, first: int, rows_per_s: float, now_ns: Callable[[], int]) -> None:
    """Offer rows at that pace, for ever."""
    began_s, number = trio.current_time(), first
    while True:
        due = first + int((trio.current_time() - began_s) * rows_per_s)
        ts = now_ns()
        rows: list[Row] = [trade(each, ts) for each in range(number, due)]
        tell("offered", rows, ts)
        intake.offer(rows)
        number = due
        await trio.sleep(STEP_S)


async def come_and_go(sink: TellingSink, draw: random.Random) -> None:
    """Be away now and then; one life in two, from its beginning until its end."""
    while True:
        if sink.away:
            await trio.sleep_forever()
        await trio.sleep(draw.uniform(*UP_S))
        sink.away = True
        await trio.sleep(draw.uniform(*AWAY_S))
        sink.away = False


async def main(directory: Path, first: int, rows_per_s: float, seed: int) -> None:
    """Record until SIGTERM; then end in order."""
    now_ns = steady_clock()
    send, receive = trio.open_memory_channel[list[Row]](256)
    intake = Intake(send, SinkStatus("history"), now_ns)
    sink = TellingSink(directory / "history.db", Retention(), now_ns)
    sink.away = bool(seed % 2)
    outbox = TellingOutbox(directory / "outbox" / "history.db", Bounds(), now_ns)
    actor = Persist(sink, outbox, receive, intake.status, intake.losses, now_ns, Pace())
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async with trio.open_nursery() as recording:
            recording.start_soon(actor.run)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(offer, intake, first, rows_per_s, now_ns)
                nursery.start_soon(come_and_go, sink, random.Random(seed))
                await anext(aiter(signals))
                nursery.cancel_scope.cancel()
            sink.away = False
            send.close()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
