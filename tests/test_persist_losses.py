"""What is missing is told as it was: what the sink knows already joins no later gap."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from actors.market.losses import Loss
from actors.market.rows import GapRow
from tests.fakes import mock_now_ns
from tests.sinks.fakes import key_of, trade, trades
from tests.test_persist import Stage

S = 1_000_000_000


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A sink that refuses every tenth trade."""
    stage = Stage(tmp_path / "fake.db")
    unwanted = {key_of(trade(number)) for number in range(0, 1000, 10)}
    stage.sink.refuses = lambda row: key_of(row) in unwanted
    return stage


async def offer(stage: Stage, first: int, last: int) -> None:
    stage.intake.offer(trades(first, last + 1))
    await trio.sleep(3)


async def outage(stage: Stage, first: int, last: int) -> None:
    """The sink is away while these come, and takes them then."""
    stage.sink.down = True
    await offer(stage, first, last)
    stage.sink.down = False
    await trio.sleep(10)


def told(stage: Stage) -> list[tuple[int | None, int]]:
    """Of each gap, as often as it was told, how much is missing and how many seconds it lasts."""
    gaps = [row for batch in stage.sink.batches for row in batch if isinstance(row, GapRow)]
    return [(gap.missed, ((gap.to_ts or 0) - gap.ts) // S) for gap in gaps]


async def told_by_the_next_life(stage: Stage) -> list[tuple[int | None, int]]:
    stage.sink.batches.clear()
    after = Stage(stage.path, sink=stage.sink)
    async with after.living():
        await offer(after, 901, 902)
    return told(stage)


async def test_a_gap_does_not_reach_back_to_one_that_was_told(
    autojump_clock: MockClock, stage: Stage
) -> None:
    async with stage.living():
        await offer(stage, 0, 1)
        await offer(stage, 2, 3)
        assert told(stage) == [(1, 0)]
        await trio.sleep(3600)
        await offer(stage, 10, 11)
        await outage(stage, 12, 13)
        assert told(stage) == [(1, 0), (1, 0)]
    assert await told_by_the_next_life(stage) == []


async def test_what_was_saved_and_has_grown_is_told_once(autojump_clock: MockClock, stage: Stage) -> None:
    async with stage.living():
        await offer(stage, 0, 1)
        stage.sink.down = True
        await offer(stage, 2, 3)
        stage.intake.losses.add(Loss("refused", mock_now_ns(), mock_now_ns(), 5))
        await trio.sleep(3)
        stage.sink.down = False
        await trio.sleep(10)
        assert told(stage) == [(6, 5)]
    assert await told_by_the_next_life(stage) == []
