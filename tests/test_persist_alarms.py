"""What the log says of a sink in trouble: a line when it begins, with the reason, and one when it is over."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from actors.market.rows import Row
from tests.sinks.fakes import trades
from tests.test_persist import Stage


def told(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """The lines about states, from this level on, without what is different each time."""
    about = [each for each in caplog.records if each.name == "tickwell.persist" and "(was" in each.message]
    return [each.message.partition(",")[0] for each in about if each.levelno >= level]


async def offer(stage: Stage, first: int, seconds: int) -> None:
    """Ten rows a second."""
    for second in range(seconds):
        stage.intake.offer(trades(first + second * 10, first + second * 10 + 10))
        await trio.sleep(1)


async def test_an_outage_is_one_line_when_it_begins_and_one_when_it_is_over(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stage = Stage(tmp_path / "fake.db")
    async with stage.living():
        await offer(stage, 0, 5)
        caplog.clear()
        stage.sink.down = True
        await offer(stage, 50, 90)
        assert told(caplog, logging.INFO) == ["sink fake: down (was ok)"]
        assert "connection refused" in caplog.text
        stage.sink.down = False
        await offer(stage, 950, 20)
        assert told(caplog, logging.INFO)[1:] == ["sink fake: catching_up (was down)"]
        caplog.clear()
    assert stage.state == "down"
    assert told(caplog, logging.WARNING) == [], "to end is no trouble"


async def test_a_sink_that_is_down_from_the_start_is_told(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(tmp_path / "fake.db")
    stage.sink.down = True
    async with stage.living():
        await offer(stage, 0, 90)
        assert told(caplog, logging.WARNING) == ["sink fake: down (was starting)"]
        assert "connection refused" in caplog.text


async def test_a_sink_that_opens_and_takes_nothing_is_down_all_the_while(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as a server whose disk is full."""
    stage = Stage(tmp_path / "fake.db")
    stage.sink.script = lambda: 0
    states = set[str]()
    async with stage.living():
        await offer(stage, 0, 3)
        for second in range(90):
            stage.intake.offer(trades(30 + second, 31 + second))
            await trio.sleep(1)
            states.add(stage.state)
        assert states == {"down"}
        assert told(caplog, logging.WARNING) == ["sink fake: down (was ok)"]
        stage.sink.script = lambda: None
        await trio.sleep(10)
        assert stage.state == "ok"


async def test_a_sink_that_fails_with_nothing_to_do_is_well_when_it_opens_again(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    stage = Stage(tmp_path / "fake.db")
    stage.sink.down = True
    async with stage.living():
        await trio.sleep(5)
        assert stage.state == "down"
        stage.sink.down = False
        await trio.sleep(10)
        assert stage.state == "ok"


async def test_a_schema_that_is_refused_is_one_line(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(tmp_path / "fake.db")
    stage.sink.refuses_open = True
    rows: list[Row] = trades(0, 10)
    async with stage.living():
        stage.intake.offer(rows)
        await trio.sleep(200)
        assert stage.state == "refused"
        assert told(caplog, logging.WARNING) == ["sink fake: refused (was starting)"]
        assert "it needs a, b, c" in caplog.text
