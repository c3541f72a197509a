"""What goes wrong with a file: full, read-only, damaged, newer, another's, killed; and questions too long."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.market.rows import Row, TickRow, TradeRow
from actors.runtime.errors import SinkRefused, SinkUnavailable
from actors.sinks._sqlite_files import plain_errors
from actors.sinks._sqlite_schema import STEPS, migrate
from actors.sinks.base import InstrumentKey, Span
from actors.sinks.sqlite import SqliteHistory, SqliteSink
from tests.sinks.conformance import T0, S, tick, trade
from tests.sinks.test_sqlite import FOREVER, read

ROOT = Path(__file__).parent.parent.parent
BTC = InstrumentKey("demo", "linear", "BTCUSDT")
DAY_NS = 86_400 * S


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def sink_of(path: Path) -> SqliteSink:
    return SqliteSink(path, FOREVER, lambda: T0, lock_wait_s=0.01)


async def test_a_full_disk_is_unavailable_and_takes_the_rows_when_there_is_room(path: Path) -> None:
    sink = sink_of(path)
    await sink.open()
    rows: list[Row] = [tick(second) for second in range(5000)]
    assert sink._store is not None
    sink._store.connection.execute("PRAGMA max_page_count = 60")
    with pytest.raises(SinkUnavailable, match="the disk is full"):
        await sink.write(rows)
    assert read(path, TickRow) == []
    await sink.write(rows)  # a connection of its own, without that limit
    assert read(path, TickRow) == rows
    await sink.aclose()


FILE_LIMIT = """
import resource, sys
from pathlib import Path
import signal, trio
from actors.runtime.errors import SinkUnavailable
from actors.sinks.sqlite import SqliteSink
from tests.sinks.conformance import T0, tick
from tests.sinks.test_sqlite import FOREVER

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sink = SqliteSink(Path(sys.argv[1]), FOREVER, lambda: T0)
    await sink.write([tick(0)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    try:
        await sink.write([tick(second) for second in range(20_000)])
    except SinkUnavailable as error:
        print("unavailable", error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await sink.write([tick(second) for second in range(20_000)])
    await sink.aclose()

trio.run(main)
"""


def test_a_file_that_may_not_grow_is_unavailable_until_it_may(path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", FILE_LIMIT, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.startswith("unavailable")
    assert len(read(path, TickRow)) == 20_000


def test_a_read_only_file_is_told_in_plain_words(path: Path) -> None:
    sqlite3.connect(path).execute("CREATE TABLE t (x)")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with pytest.raises(SinkUnavailable, match=f"{path.name}: the file is read-only"), plain_errors(path):
        connection.execute("INSERT INTO t VALUES (1)")
    connection.close()


@pytest.mark.parametrize("how", ["deleted", "moved", "replaced"])
async def test_a_file_that_is_taken_away_gets_nothing_more_and_a_new_one_is_begun(
    path: Path, how: str
) -> None:
    """The file goes on working for who has it open: what is written to it then, nobody would find."""
    sink = sink_of(path)
    await sink.write([tick(0)])
    for each in list(path.parent.iterdir()):
        each.rename(each.with_name(f"old-{each.name}")) if how != "deleted" else each.unlink()
    if how == "replaced":
        other = sink_of(path)
        await other.write([tick(5)])
        await other.aclose()
    with pytest.raises(SinkUnavailable, match=r"history\.db: the file was moved or deleted"):
        await sink.write([tick(1)])
    await sink.write([tick(1)])
    assert read(path, TickRow) == ([tick(1), tick(5)] if how == "replaced" else [tick(1)])
    await sink.aclose()


async def test_a_folder_that_cannot_be_made_is_unavailable(path: Path) -> None:
    path.write_text("a file where a folder should be")
    with pytest.raises(SinkUnavailable, match=r"history\.db"):
        await sink_of(path / "history.db").open()


@pytest.mark.parametrize("damage", ["text", "header", "truncated", "page"])
async def test_a_damaged_file_is_set_aside_and_a_new_one_begun(
    path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    sink = sink_of(path)
    await sink.write([tick(second) for second in range(3000)])
    await sink.aclose()
    whole = path.read_bytes()
    spoilt = {
        "text": b"this is no database, whatever its name says " * 100,
        "header": b"\x00" * 100 + whole[100:],
        "truncated": whole[: len(whole) // 2],
        "page": whole[:4096] + b"\xff" * 4096 * 30 + whole[4096 * 31 :],
    }[damage]
    path.write_bytes(spoilt)

    await sink.open()
    await sink.write([tick(1)])
    await sink.aclose()
    aside = path.with_name(f"history.db.corrupt-{T0 // S}")
    assert aside.read_bytes() == spoilt
    assert sink.report.set_aside == str(aside)
    assert str(aside) in caplog.text
    assert read(path, TickRow) == [tick(1)]


async def test_damage_that_a_write_meets_is_set_aside_at_the_next_opening(path: Path) -> None:
    sink = sink_of(path)
    await sink.write([tick(second) for second in range(3000)])
    store = sink._store
    assert store is not None
    root = store.connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'tick'").fetchone()[0]
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.connection.execute("PRAGMA cache_size = 0")
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    sqlite3.connect(path).execute("CREATE VIEW noticed AS SELECT 1").connection.commit()
    with pytest.raises(SinkUnavailable, match="the file is damaged"):
        await sink.write([tick(4000)])
    history = SqliteHistory(path)
    with pytest.raises(SinkUnavailable, match="the file is damaged"):
        [page async for page in history.ticks(BTC, Span())]
    await sink.write([tick(4000)])
    assert sink.report.set_aside is not None
    assert [page async for page in history.ticks(BTC, Span())] == [[tick(4000)]]  # of the new file
    await sink.aclose()


async def test_damage_that_opening_does_not_see_is_set_aside_once_it_was_met(path: Path) -> None:
    sink = SqliteSink(path, FOREVER, lambda: T0 + DAY_NS)
    await sink.write([tick(second) for second in range(3000)])
    await sink.aclose()
    place = path.read_bytes().rindex((T0 + 1500 * S).to_bytes(8, "big"))
    with path.open("r+b") as file:  # a page of ticks in the middle; both ends are as they were
        file.seek(place // 4096 * 4096)
        file.write(b"\xff" * 4096)
    await sink.open()
    assert set_aside(path) == []
    with pytest.raises(SinkUnavailable, match="the file is damaged"):
        await sink.write([tick(1500.5)])
    assert set_aside(path) == []
    await sink.write([tick(1500.5)])
    assert [str(each) for each in set_aside(path)] == [sink.report.set_aside]
    assert read(path, TickRow) == [tick(1500.5)]
    await sink.aclose()


def set_aside(path: Path) -> list[Path]:
    return list(path.parent.glob("history.db.corrupt-*[0-9]"))


async def test_a_newer_version_is_refused(path: Path) -> None:
    sink = sink_of(path)
    await sink.open()
    await sink.aclose()
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    newer.close()
    with pytest.raises(SinkRefused, match=f"version {len(STEPS) + 1}, this program knows up to {len(STEPS)}"):
        await sink.open()
    assert path.exists()


async def test_a_file_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE songs (name TEXT)")
    other.close()
    with pytest.raises(SinkRefused, match="another program's"):
        await sink_of(path).open()
    assert sqlite3.connect(path).execute("SELECT name FROM sqlite_schema").fetchall() == [("songs",)]


def test_an_older_version_is_brought_forward_wholly_or_not_at_all(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection)
    connection.execute("INSERT INTO instrument VALUES (1, 'demo', 'linear', 'BTCUSDT')")
    broken = (*STEPS, ("ALTER TABLE instrument ADD COLUMN name TEXT", "CREATE TABLE instrument (x)"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, broken)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    migrate(connection, (*STEPS, ("ALTER TABLE instrument ADD COLUMN name TEXT",)))
    assert connection.execute("SELECT * FROM instrument").fetchone() == (1, "demo", "linear", "BTCUSDT", None)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS) + 1,)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(tick(), price=float("nan")),
        replace(tick(), ts=-1),
        replace(tick(), ts=1 << 70),
        replace(tick(), symbol="\ud800"),
        replace(tick(), price="a price"),
        replace(trade(), price=float("nan")),
    ],
)
async def test_a_row_that_does_not_fit_is_refused_and_takes_nothing_with_it(path: Path, wrong: Row) -> None:
    sink = sink_of(path)
    await sink.write([tick(1)])
    with pytest.raises(SinkRefused, match=r"history\.db"):
        await sink.write([tick(2, "NEWUSDT"), wrong])
    assert read(path, TickRow) == [tick(1)]
    await sink.write([tick(3, "NEWUSDT")])
    assert read(path, TickRow) == [tick(1), tick(3, "NEWUSDT")]
    await sink.aclose()


async def test_a_writer_does_not_wait_for_a_reader_nor_a_reader_for_a_writer(path: Path) -> None:
    sink = sink_of(path)
    await sink.write([tick(1)])
    reading = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    reading.execute("BEGIN")
    assert reading.execute("SELECT count(*) FROM tick").fetchone() == (1,)
    await sink.write([tick(2)])
    assert reading.execute("SELECT count(*) FROM tick").fetchone() == (1,)
    reading.close()
    writing = sqlite3.connect(path, isolation_level=None)
    writing.execute("BEGIN IMMEDIATE")
    history = SqliteHistory(path, timeout_s=5)
    assert await history.latest() == [tick(2)]
    writing.close()
    await sink.aclose()


KILLED = """
import sys
from itertools import count
from pathlib import Path
import trio
from actors.sinks.sqlite import SqliteSink
from tests.sinks.conformance import T0, tick, trade
from tests.sinks.test_sqlite import FOREVER

async def main():
    sink = SqliteSink(Path(sys.argv[1]), FOREVER, lambda: T0)
    for number in count():
        await sink.write([tick(number), trade(number, str(number))])
        await sink.flush()
        print(number, flush=True)

trio.run(main)
"""


def test_what_was_flushed_outlives_a_kill(path: Path) -> None:
    """Killed right after an acknowledgement, with the next write under way; it begins again each time."""
    for until in (1, 7, 40):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        acknowledged = -1
        while acknowledged < until:
            acknowledged = int(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, child.stdout.read().split())])
        child.wait()
        child.stdout.close()
        kept = read(path, TickRow)
        assert kept == [tick(number) for number in range(len(kept))]
        assert len(kept) > acknowledged
        assert [row.ts for row in read(path, TradeRow)] == [row.ts for row in kept]
