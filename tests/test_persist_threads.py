"""The persist actor with a real clock and real threads: what a mock clock cannot show."""

from __future__ import annotations

from pathlib import Path

import trio

from actors.persist import Pace
from actors.runtime.clock import steady_clock
from actors.sinks.spool import in_thread
from tests.patience import PATIENCE_S
from tests.sinks.fakes import trades
from tests.test_persist import Stage


def threaded(tmp_path: Path, pace: Pace) -> Stage:
    return Stage(tmp_path / "fake.db", pace=pace, call=in_thread, now_ns=steady_clock())


async def test_an_actor_that_is_cut_short_again_and_again_loses_nothing(tmp_path: Path) -> None:
    stage = threaded(tmp_path, Pace(batch_rows=20, flush_interval_s=0.02))
    number = 0
    for life in range(15):
        stage.sink.down = life % 3 == 0
        stage.sink.slow_s = 0.02 if life % 3 == 1 else 0.0
        async with stage.living():
            for _ in range(life):
                stage.intake.offer(trades(number, number + 7))
                number += 7
                await trio.sleep(0.003)
    stage.sink.down, stage.sink.slow_s = False, 0.0
    with trio.fail_after(PATIENCE_S):
        async with stage.living():
            while stage.status.written < number:
                await trio.sleep(0.01)
    assert stage.sink.rows == trades(0, number)
    assert not stage.status.dropped


async def test_a_blocking_outbox_does_not_hold_up_the_program(tmp_path: Path) -> None:
    stage = threaded(tmp_path, Pace(batch_rows=2000, flush_interval_s=0.1))
    stage.sink.down = True
    async with stage.living():
        for number in range(0, 20_000, 2000):
            stage.intake.offer(trades(number, number + 2000))
            assert stage.status.accepted == number + 2000
        with trio.fail_after(PATIENCE_S):
            while stage.status.outbox_rows < 20_000:
                await trio.sleep(0.01)
                stage.check()
