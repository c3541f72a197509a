"""Files of an export are whole or not there, and what history has forgotten stays in them."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actors.export import files
from actors.export.exporting import Export, Job, Progress
from actors.export.tables import TABLES
from actors.market.rows import Row
from actors.runtime.errors import SinkRefused
from actors.sinks import sqlite_archive
from tests.export.kept import BTC, HOUR, MIDNIGHT, MINUTE, PURR, START, archive, export, remember, tick, trade

DAY = "exchange=bybit/market=linear/symbol=BTCUSDT/date=2026-11-30"


def minutes(*numbers: int, price: float = 100.0) -> list[Row]:
    return [tick(BTC, START + number * MINUTE, price) for number in numbers]


def found(out: Path, day: str = DAY) -> list[tuple[int, float]]:
    """The minutes and prices of a file, in its order."""
    table = pq.read_table(out / "ticks" / day / "part-0.parquet", partitioning=None)
    times, prices = table["timestamp"].cast(pa.int64()).to_pylist(), table["price"].to_pylist()
    return [((us * 1000 - START) // MINUTE, price) for us, price in zip(times, prices, strict=True)]


def left_over(out: Path) -> list[str]:
    """What is in the folders and is no finished file."""
    return [path.name for path in out.rglob("*") if path.is_file() and path.suffix != ".parquet"]


async def test_a_second_run_replaces_what_the_first_has_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(await remember(tmp_path, minutes(0, 1, 2)), out, "ticks")
    export(await remember(tmp_path, minutes(3, 130)), out, "ticks")
    assert [minute for minute, _ in found(out)] == [0, 1, 2, 3]
    assert [minute for minute, _ in found(out, DAY.replace("11-30", "12-01"))] == [130]
    assert left_over(out) == []


async def test_what_history_has_forgotten_stays_in_the_file(tmp_path: Path) -> None:
    out, old, new = tmp_path / "out", tmp_path / "old", tmp_path / "new"
    export(await remember(old, minutes(0, 1, 2, 3)), out, "ticks")
    export(await remember(new, minutes(2, 3, 4, price=200.0)), out, "ticks")
    assert found(out) == [(0, 100.0), (1, 100.0), (2, 200.0), (3, 200.0), (4, 200.0)]


async def test_a_history_that_is_behind_takes_nothing_away(tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(await remember(tmp_path / "new", minutes(*range(10))), out, "ticks")
    export(await remember(tmp_path / "old", minutes(2, 3, 4, price=200.0)), out, "ticks")
    assert found(out) == [(each, 200.0 if 2 <= each < 5 else 100.0) for each in range(10)]


async def test_a_part_of_a_day_replaces_only_that_part(tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(await remember(tmp_path / "old", minutes(*range(10))), out, "ticks")
    path = await remember(tmp_path / "new", minutes(*range(10), price=200.0))
    export(path, out, "ticks", from_ns=START + 3 * MINUTE, to_ns=START + 6 * MINUTE)
    assert found(out) == [(each, 200.0 if 3 <= each < 6 else 100.0) for each in range(10)]


async def test_a_range_that_ends_within_a_microsecond_loses_nothing(tmp_path: Path) -> None:
    out, path = (
        tmp_path / "out",
        await remember(tmp_path, [tick(BTC, START + each) for each in (0, 1999, 2500)]),
    )
    for first, last in ((0, 3000), (0, 2200), (1500, 2600), (1999, 2500), (0, 9000)):
        export(path, out, "ticks", from_ns=START + first, to_ns=START + last)
        table = pq.read_table(out / "ticks" / DAY / "part-0.parquet", partitioning=None)
        assert [us - START // 1000 for us in table["timestamp"].cast(pa.int64()).to_pylist()] == [0, 1, 2]


async def test_another_symbol_touches_nothing(tmp_path: Path) -> None:
    out, path = tmp_path / "out", await remember(tmp_path, [*minutes(0, 1), tick(PURR, START)])
    export(path, out, "ticks")
    before = (out / "ticks" / DAY / "part-0.parquet").stat()
    export(path, out, "ticks", symbols="PURR*")
    assert (out / "ticks" / DAY / "part-0.parquet").stat().st_ino == before.st_ino


async def test_a_long_file_is_made_in_row_groups_and_carried_over_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "GROUP_ROWS", 7)
    monkeypatch.setattr(sqlite_archive, "PAGE_ROWS", 5)
    out = tmp_path / "out"
    path = await remember(tmp_path, minutes(*range(100)))
    export(path, out, "ticks")
    file = pq.ParquetFile(out / "ticks" / DAY / "part-0.parquet")
    assert max(file.metadata.row_group(each).num_rows for each in range(file.num_row_groups)) == 7
    export(path, out, "ticks", from_ns=START + 50 * MINUTE, to_ns=START + 60 * MINUTE)
    assert [minute for minute, _ in found(out)] == list(range(100))


async def test_pages_end_anywhere_and_no_row_is_lost_or_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trades of one moment, on both sides of midnight, whatever the size of a page."""
    kept = [
        trade(BTC, MIDNIGHT + moment, f"{moment + 9}{number}") for moment in (-1, 0, 1) for number in range(5)
    ]
    path = await remember(tmp_path, kept)
    for page_rows in (1, 2, 3, 4, 7, 100):
        monkeypatch.setattr(sqlite_archive, "PAGE_ROWS", page_rows)
        out = tmp_path / f"out{page_rows}"
        assert export(path, out, "trades").files == 2
        ids = pq.read_table(out / "trades")["trade_id"].to_pylist()
        assert sorted(ids) == sorted(row.trade_id for row in kept)


class Stop(BaseException):
    """What ends an export from outside."""


def stopped(path: Path, out: Path, at_page: int) -> None:
    """An export that is interrupted when it tells about a page."""
    pages = 0

    def tell(progress: Progress) -> None:
        nonlocal pages
        pages += 1
        if pages == at_page:
            raise Stop

    with archive(path) as opened, pytest.raises(Stop):
        job = Job(table=TABLES["ticks"], instruments=[BTC], from_ns=0, to_ns=MIDNIGHT + HOUR, out=out)
        Export(opened, job, tell).run()


async def test_an_interrupted_export_leaves_the_files_before_it_and_no_torn_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_archive, "PAGE_ROWS", 10)
    out = tmp_path / "out"
    export(await remember(tmp_path / "old", minutes(0, 1)), out, "ticks")
    path = await remember(tmp_path / "new", minutes(*range(110, 140), price=200.0))
    stopped(path, out, at_page=3)
    assert found(out) == [(0, 100.0), (1, 100.0), *((each, 200.0) for each in range(110, 120))]
    assert not (out / "ticks" / DAY.replace("11-30", "12-01") / "part-0.parquet").exists()
    assert left_over(out) == []
    export(path, out, "ticks")
    assert len(found(out, DAY.replace("11-30", "12-01"))) == 20


async def test_what_a_killed_export_has_left_is_no_obstacle(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "ticks" / DAY).mkdir(parents=True)
    (out / "ticks" / DAY / ".part-0.parquet.tmp").write_bytes(b"PAR1 torn")
    export(await remember(tmp_path, minutes(0)), out, "ticks")
    assert found(out) == [(0, 100.0)]
    assert left_over(out) == []


class FullDisk:
    """A file on a disk that has no room for more than some bytes."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self._room = file, room

    def write(self, data: Any) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.parametrize("room", [0, 4, 500, 1500])
async def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    out, path = tmp_path / "out", await remember(tmp_path, minutes(0, 1))
    export(path, out, "ticks")
    await remember(tmp_path, minutes(*range(2, 90)))
    opened = Path.open

    def open_full(self: Path, mode: str = "r", *args: Any, **named: Any) -> Any:
        file = opened(self, mode, *args, **named)
        return FullDisk(file, room) if mode == "wb" else file

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(OSError, match="No space left"):
        export(path, out, "ticks")
    monkeypatch.undo()
    assert [minute for minute, _ in found(out)] == [0, 1]
    assert left_over(out) == []


async def test_a_file_that_is_not_ours_is_not_written_over(tmp_path: Path) -> None:
    out, path = tmp_path / "out", await remember(tmp_path, minutes(0))
    place = out / "ticks" / DAY / "part-0.parquet"
    place.parent.mkdir(parents=True)
    for theirs in (b"not Parquet at all", None):
        if theirs is None:
            pq.write_table(pa.table({"x": [1]}), place)
        else:
            place.write_bytes(theirs)
        before = place.read_bytes()
        with pytest.raises(SinkRefused, match="move it away"):
            export(path, out, "ticks")
        assert place.read_bytes() == before
        assert left_over(out) == []


async def test_a_running_export_holds_up_no_writer(tmp_path: Path) -> None:
    """Between two pages the log of the database can be emptied: nobody reads an old state of it."""
    path = await remember(tmp_path, minutes(*range(30)), minutes(*range(130, 160)))
    writer = sqlite3.connect(path, isolation_level=None, timeout=0)
    emptied: list[int] = []

    def tell(progress: Progress) -> None:
        writer.execute("INSERT OR REPLACE INTO state VALUES ('test', ?)", (len(emptied),))
        emptied.append(writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])

    with archive(path) as opened:
        job = Job(
            table=TABLES["ticks"], instruments=[BTC], from_ns=0, to_ns=MIDNIGHT + HOUR, out=tmp_path / "out"
        )
        assert Export(opened, job, tell).run().rows == 60
    writer.close()
    assert emptied
    assert set(emptied) == {0}
