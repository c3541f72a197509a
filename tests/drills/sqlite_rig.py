"""Trouble for the embedded history. It has no server: what happens to one happens to its file here."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing

from actors.runtime.clock import steady_clock
from actors.sinks.base import Sink
from actors.sinks.sqlite import SqliteSink
from tests.drills.paced_load import PacedLoad
from tests.drills.rigs import Trouble
from tests.drills.small_disk import SmallDisk
from tests.sinks.test_sqlite import FOREVER


class SqliteRig:
    """A file on a disk of its own."""

    name = "SQLite"

    def __init__(self, disk: SmallDisk) -> None:
        self._disk = disk
        self._folder = disk.folder / "data"
        self._path = self._folder / "history.db"
        self._holder: sqlite3.Connection | None = None

    def reset(self) -> None:
        self._disk.free()
        self._release()
        if self._folder.is_file():
            self._folder.unlink()
        shutil.rmtree(self._folder, ignore_errors=True)

    def sink(self, timeout_s: float) -> Sink:
        return SqliteSink(self._path, FOREVER, steady_clock(), lock_wait_s=timeout_s / 2)

    def kept(self, load: PacedLoad) -> list[int]:
        with closing(sqlite3.connect(self._path)) as connection:
            ticks = connection.execute("SELECT timestamp FROM market_data").fetchall()
            trades = connection.execute("SELECT trade_id FROM trades").fetchall()
        return [load.number_at(ts) for (ts,) in ticks] + [int(number) for (number,) in trades]

    def told_missing(self) -> int:
        with closing(sqlite3.connect(self._path)) as connection:
            [missed] = connection.execute("SELECT sum(missed) FROM gaps WHERE channel = 'outbox'").fetchone()
        return missed or 0

    def troubles(self) -> Mapping[str, Trouble]:
        return {
            "down at start": Trouble(self._put_a_file_in_the_way, self._folder.unlink),
            "frozen": Trouble(self._hold, self._release),
            "restarted empty": Trouble(self._delete, lambda: None),
            "wrong schema": Trouble(self._spoil, self._mend),
            "disk full": Trouble(self._disk.fill, self._disk.free),
        }

    def _put_a_file_in_the_way(self) -> None:
        self._folder.write_text("a file where the folder should be", encoding="utf-8")

    def _hold(self) -> None:
        """Another program begins a transaction and does not end it."""
        self._holder = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=5)
        self._holder.execute("BEGIN IMMEDIATE")

    def _release(self) -> None:
        holder, self._holder = self._holder, None
        if holder is not None:
            holder.close()

    def _delete(self) -> None:
        """Somebody deletes the file while it is in use."""
        for path in self._folder.iterdir():
            path.unlink()

    def _spoil(self) -> None:
        self._folder.mkdir()
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("CREATE TABLE trade (id TEXT, price REAL)")

    def _mend(self) -> None:
        self._path.rename(self._path.with_name("somebody_elses.db"))
