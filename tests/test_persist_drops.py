"""Every drop is in the log, whoever drops: once a minute at most, with the counts so far."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.sinks.fakes import trades
from tests.sinks.test_outbox_disk import full_disk
from tests.test_persist import Stage


def drops(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.message for each in caplog.records if "were dropped" in each.message]


async def test_rows_for_which_there_is_no_room_in_memory_are_told(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(tmp_path / "fake.db", rows_max=10)
    async with stage.living():
        await trio.sleep(1)
        for number in range(0, 9000, 100):
            stage.intake.offer(trades(number, number + 100))
            await trio.sleep(1)
        assert stage.status.dropped["inbox_full"] == 90 * 90
        first, second = drops(caplog)
        assert first == "sink fake: rows were dropped (inbox_full); so far: inbox_full 90"
        assert second.startswith(first[:-2]), "after a minute, with what has come to it"


async def test_what_is_dropped_while_nothing_moves_is_told_too(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(tmp_path / "fake.db", rows_max=10)
    stage.sink.slow_s = 60
    async with stage.living():
        stage.intake.offer(trades(0, 10))
        await trio.sleep(0.6)
        with full_disk():
            stage.intake.offer(trades(10, 100))
            await trio.sleep(5)
        assert drops(caplog) == ["sink fake: rows were dropped (inbox_full); so far: inbox_full 90"]


async def test_a_stop_forgets_no_drop(autojump_clock: MockClock, tmp_path: Path) -> None:
    """The sink was given its last rows before the drop; whoever comes next tells it."""
    stage = Stage(tmp_path / "fake.db", rows_max=10)
    stage.sink.slow_s = 0.4
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.actor().run)
        await trio.sleep(1)
        stage.intake.offer(trades(0, 10))
        await trio.sleep(0.6)
        stage.intake.offer(trades(10, 100))
        stage.send.close()
    assert stage.status.dropped == {"inbox_full": 90}
    assert stage.sink.gaps == []
    after = Stage(stage.path, sink=stage.sink)
    async with after.living():
        after.intake.offer(trades(100, 101))
        await trio.sleep(3)
    assert [(gap.cause, gap.missed) for gap in stage.sink.gaps] == [("inbox_full", 90)]
