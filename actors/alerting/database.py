"""A small SQLite file of one process and one thread: set aside when damaged, its errors in plain words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from actors.runtime.errors import StartError, TickwellError

VERSION = 1
BUSY_AFTER_S = 2.0
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class LedgerError(TickwellError):
    """The file cannot be used now: full, read-only, broken. The words say which and why."""


class Database:
    """`schema` makes an empty file. Every method may raise `LedgerError`."""

    def __init__(self, path: Path, schema: Sequence[str]) -> None:
        self.path = path
        self._schema = schema
        self._connection: sqlite3.Connection | None = None

    def open(self) -> Path | None:
        """Open the file, or make it. A damaged one is set aside, and its new name returned. Raises
        `StartError` for one of another version, or that another process has."""
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
                raise self._told(error) from None
            aside = self._set_aside()
            with self._plainly():
                self._open()
            return aside
        return None

    def _open(self) -> None:
        with self._disk():
            self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, BUSY_AFTER_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            [version] = connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, VERSION):
                raise StartError(f"{self.path} has version {version}; this program writes {VERSION}")
            if not version:
                connection.execute("BEGIN IMMEDIATE")
                for statement in (*self._schema, f"PRAGMA user_version = {VERSION}"):
                    connection.execute(statement)
                connection.execute("COMMIT")
            connection.execute("SELECT 1 FROM rules LIMIT 1").fetchall()
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def rows(self, sql: str, parameters: tuple[object, ...] = ()) -> list[Any]:
        """All rows of a question."""
        with self._plainly():
            return self._opened().execute(sql, parameters).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything or nothing of what the block does."""
        with self._plainly():
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise LedgerError(f"{self.path} is not open")
        return self._connection

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._told(error) from None

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LedgerError(f"{self.path}: {error.strerror or error}") from None

    def _told(self, error: sqlite3.Error) -> TickwellError:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StartError(f"{self.path} is in use by another process: one hub per data directory")
        return LedgerError(f"{self.path}: {error}")

    def _set_aside(self) -> Path:
        number, aside = 1, self.path.with_name(f"{self.path.name}.bad")
        while aside.exists():
            number, aside = number + 1, self.path.with_name(f"{self.path.name}.bad-{number}")
        with self._disk():
            for suffix in ("-wal", "-shm", ""):
                part = self.path.with_name(self.path.name + suffix)
                if part.exists():
                    part.rename(aside.with_name(aside.name + suffix))
        return aside
