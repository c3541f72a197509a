"""The processes that read the embedded history: their time, their end, and what they leave behind."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.errors import HistoryTimeout, SinkUnavailable
from actors.sinks import _sqlite_readers
from actors.sinks._sqlite_readers import Readers
from actors.sinks.sqlite import SqliteSink
from tests.patience import PATIENCE_S
from tests.sinks.conformance import T0, tick
from tests.sinks.test_sqlite import FOREVER

UNHURRIED_S = 10 * PATIENCE_S
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


def one(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT 1").fetchone()[0])


def endless(connection: sqlite3.Connection) -> int:
    return int(connection.execute(ENDLESS).fetchone()[0])


def process(connection: sqlite3.Connection) -> int:
    """Which process answers."""
    return os.getpid()


def text(connection: sqlite3.Connection, length: int) -> str:
    return "x" * length


def wrong(connection: sqlite3.Connection) -> int:
    print("a question that prints must not spoil the answers")
    raise ValueError("a mistake of ours")


def sink_of(path: Path) -> SqliteSink:
    return SqliteSink(path, FOREVER, lambda: T0, lock_wait_s=0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


async def test_a_question_has_its_time(path: Path) -> None:
    sink = sink_of(path)
    await sink.write([tick()])
    readers = Readers(path, UNHURRIED_S, 1)
    assert await readers.ask(one, int, 0) == 1  # so that its reader has begun
    readers._timeout_s = 0.05
    with pytest.raises(HistoryTimeout, match=r"longer than 0.05 s"):
        await readers.ask(endless, int, 0)
    readers._timeout_s = UNHURRIED_S
    assert await readers.ask(one, int, 0) == 1
    await sink.aclose()


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No reader comes up before this is there."""
    opened = tmp_path / "opened"
    wait = f"import os, time\nwhile not os.path.exists({str(opened)!r}): time.sleep(0.01)\n"
    monkeypatch.setattr(_sqlite_readers, "PROGRAM", wait + _sqlite_readers.PROGRAM)
    return opened


async def test_a_start_takes_nothing_of_a_questions_time(
    path: Path, gate: Path, mock_clock: MockClock
) -> None:
    sink = sink_of(path)
    await sink.write([tick()])
    told: list[int] = []
    readers = Readers(path, 1, 1)
    async with trio.open_nursery() as nursery:

        async def ask() -> None:
            told.append(await readers.ask(one, int, 0))

        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        mock_clock.jump(_sqlite_readers.START_WITHIN_S - 1)
        await wait_all_tasks_blocked()
        gate.touch()
    assert told == [1]
    await sink.aclose()


async def test_a_reader_that_does_not_come_up_is_given_up(
    path: Path, gate: Path, autojump_clock: MockClock
) -> None:
    sink = sink_of(path)
    await sink.write([tick()])
    with pytest.raises(SinkUnavailable, match="takes longer than 10 s to start"):
        await Readers(path, 1, 1).ask(one, int, 0)
    await sink.aclose()


async def test_a_file_whose_tables_are_being_made_has_nothing_yet(path: Path) -> None:
    readers = Readers(path, 10 * PATIENCE_S, 1)
    assert await readers.ask(one, int, 0) == 0
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        assert await readers.ask(one, int, 0) == 0
    sink = sink_of(path)
    await sink.write([tick()])
    assert await readers.ask(one, int, 0) == 1
    await sink.aclose()


async def test_whoever_goes_away_stops_the_question(path: Path) -> None:
    sink = sink_of(path)
    await sink.write([tick()])
    readers = Readers(path, UNHURRIED_S, 1)  # nobody waits for the end of the question
    with trio.fail_after(PATIENCE_S):
        with trio.move_on_after(0.05):
            await readers.ask(endless, int, 0)
        assert await readers.ask(one, int, 0) == 1
    await sink.aclose()


async def test_a_question_that_finds_all_readers_busy_has_its_time_too(path: Path) -> None:
    sink = sink_of(path)
    await sink.write([tick()])
    readers = Readers(path, 0.2, 1)
    told: list[str] = []

    async def ask() -> None:
        try:
            await readers.ask(endless, int, 0)
        except HistoryTimeout as error:
            told.append(str(error))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        nursery.start_soon(ask)
    assert len(told) == 2
    await sink.aclose()


async def test_one_that_was_killed_is_replaced(path: Path) -> None:
    sink = sink_of(path)
    await sink.write([tick()])
    readers = Readers(path, UNHURRIED_S, 1)
    first = await readers.ask(process, int, 0)
    assert first == await readers.ask(process, int, 0) != os.getpid()
    os.kill(first, signal.SIGKILL)
    assert await readers.ask(process, int, 0) != first
    await sink.aclose()


async def test_a_long_answer_comes_whole(path: Path) -> None:
    sink = sink_of(path)
    await sink.write([tick()])
    assert (
        await Readers(path, UNHURRIED_S, 1).ask(partial(text, length=5_000_000), str, "") == "x" * 5_000_000
    )
    await sink.aclose()


async def test_a_mistake_of_ours_is_told_as_such_and_the_next_question_is_answered(path: Path) -> None:
    sink = sink_of(path)
    await sink.write([tick()])
    readers = Readers(path, UNHURRIED_S, 1)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        await readers.ask(wrong, int, 0)
    assert await readers.ask(one, int, 0) == 1
    await sink.aclose()


async def test_no_process_outlives_its_readers(path: Path) -> None:
    sink = sink_of(path)
    await sink.write([tick()])
    closed, forgotten = Readers(path, UNHURRIED_S, 1), Readers(path, UNHURRIED_S, 1)
    pids = [await readers.ask(process, int, 0) for readers in (closed, forgotten)]
    closed.close()
    with pytest.raises(SinkUnavailable, match="closed"):
        await closed.ask(one, int, 0)
    del forgotten
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    await sink.aclose()
