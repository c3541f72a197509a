"""What history takes on the disk is told with the state of its sink."""

from __future__ import annotations

import time
from pathlib import Path

import trio

from actors.intake import Intake
from actors.market.rows import Row
from actors.market.sinkstatus import SinkReport, SinkStatus
from actors.persist import Persist
from actors.sinks.base import Sink
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Bounds
from actors.sinks.sqlite import Retention, SqliteSink
from tests.patience import PATIENCE_S
from tests.sinks.fakes import ScriptedSink, trades
from web.sinks import sink_entry


async def told(sink: Sink, folder: Path) -> SinkReport:
    """The state of a sink that was given some rows by its actor."""
    send, receive = trio.open_memory_channel[list[Row]](4)
    intake = Intake(send, SinkStatus(sink.name), time.time_ns)
    outbox = Outbox(folder / "outbox.db", Bounds(), time.time_ns)
    intake.offer(trades(0, 500))
    actor = Persist(sink, outbox, receive, intake.status, intake.losses, time.time_ns)
    with trio.fail_after(PATIENCE_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(actor.run)
            while intake.status.written < 500:
                await trio.sleep(0.02)
            send.close()
    return intake.status.report()


async def test_the_embedded_history_tells_its_size(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    report = await told(SqliteSink(path, Retention(), time.time_ns), tmp_path)
    assert report.written == 500
    shown = sink_entry(report, time.time_ns())["storage"]
    assert shown["used_bytes"] + shown["free_bytes"] >= 500 * 30
    assert shown["file_bytes"] + shown["wal_bytes"] > 0
    assert (shown["set_aside"], shown["problem"]) == (None, None)


async def test_a_sink_elsewhere_takes_nothing_here(tmp_path: Path) -> None:
    report = await told(ScriptedSink(), tmp_path)
    assert sink_entry(report, time.time_ns())["storage"] is None
