"""The file of an outbox: one process at a time, one schema version, and what to do when it is damaged."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from actors.runtime.errors import OutboxUnwritable, StartError

VERSION = 1
BUSY_AFTER_S = 1.0
CHECKPOINT_PAGES = 1000

# `crc` covers everything else of its record. `aside` keeps what no sink will be given again.
SCHEMA = (
    "CREATE TABLE batches (id INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, rows INTEGER NOT NULL,"
    " crc INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE losses (cause TEXT PRIMARY KEY, from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL,"
    " rows INTEGER NOT NULL)",
    "CREATE TABLE aside (id INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, rows INTEGER NOT NULL,"
    " reason TEXT NOT NULL, body BLOB NOT NULL)",
)

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNWRITABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    *_BUSY,
}

Record: TypeAlias = tuple[int, int, int, int, bytes]  # (id, at_ns, rows, crc, body)


class WrongVersion(Exception):
    """The file was written by another version of the program, or by another program."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file contradicts itself."""
    return _code(error) in _DAMAGED


def is_unwritable(error: sqlite3.Error) -> bool:
    """Whether the disk is at fault, not the file and not the program."""
    return _code(error) in _UNWRITABLE


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def open_file(path: Path) -> sqlite3.Connection:
    """Open the file for this process alone, and make what is missing.

    Raises `StartError` with the PID of the process that has it, `OutboxUnwritable`, `WrongVersion`, and
    `sqlite3.DatabaseError` when it is damaged.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutboxUnwritable(f"cannot make {path.parent}: {error.strerror}") from error
    connection = sqlite3.connect(path, BUSY_AFTER_S, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error) and _code(error) in _BUSY:
            raise StartError(f"{path} is in use by {_holder(path)}: one hub per data directory") from error
        raise
    with suppress(OSError):  # the file is locked in any case; the number only helps whoever is refused
        _pid_path(path).write_text(f"{os.getpid()}\n")
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.text_factory = lambda text: text.decode(
        errors="replace"
    )  # a damaged text is no error of its own
    # The lock of this mode is held until the connection closes or the process dies, however it dies.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [tables] = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (version, tables) != (0, 0) and version != VERSION:
        raise WrongVersion(f"version {version}, this program reads and writes {VERSION}")
    if not version:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # what was put away also survives the machine
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    with transaction(connection):
        if not version:
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
    # A file that was damaged is found out now, or when it is read: checking all of it would take too long.
    connection.execute("SELECT id FROM batches ORDER BY id LIMIT 1").fetchall()


def close_file(connection: sqlite3.Connection, path: Path) -> None:
    """Let go of the file."""
    with suppress(sqlite3.Error):
        connection.close()
    with suppress(OSError):
        _pid_path(path).unlink()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything or nothing of what the block does."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def move_aside(path: Path, mark: str) -> Path:
    """Rename the file with all that belongs to it, and return its new name."""
    number, aside = 1, path.with_name(f"{path.name}.{mark}")
    while aside.exists():
        number, aside = number + 1, path.with_name(f"{path.name}.{mark}-{number}")
    try:
        for suffix in ("-wal", "-shm", ""):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise OutboxUnwritable(f"cannot set {path} aside: {error.strerror}") from error
    return aside


def rebuild(path: Path, is_good: Callable[[Record], bool]) -> Path:
    """Put a file in the place of a damaged one that has its good records, and return where that is now.

    Raises `OutboxUnwritable` when there is no room for it; everything is as it was then.
    """
    fresh = path.with_name(path.name + ".new")
    _remove(fresh)
    try:
        records = [record for record in _readable(path) if is_good(record)]
        connection = open_file(fresh)
        try:
            with transaction(connection):
                connection.executemany("INSERT INTO batches VALUES (?, ?, ?, ?, ?)", records)
        finally:
            close_file(connection, fresh)
        aside = move_aside(path, "bad")
        fresh.rename(path)
    except (OSError, sqlite3.Error, OutboxUnwritable) as error:
        _remove(fresh)
        raise OutboxUnwritable(f"{path} is damaged and cannot be repaired: {error}") from error
    return aside


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _readable(path: Path) -> list[Record]:
    """What can be read of a damaged file, oldest first. Whether it is true, its checksums tell."""
    found: dict[int, Record] = {}
    with _past_damage(), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.text_factory = bytes
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # needs no room for an index of the log
        connection.execute("PRAGMA writable_schema = ON")  # else a file that was cut short is not read at all
        # Around a page that cannot be read: from both ends, and where only a body is lost, past it.
        for order in ("ASC", "DESC"):
            for number in _readable_ids(connection, order):
                with _past_damage():
                    query = "SELECT id, at_ns, rows, crc, body FROM batches WHERE id = ?"
                    record = found.get(number) or connection.execute(query, (number,)).fetchone()
                    if record is not None:
                        found[number] = record
    return [found[number] for number in sorted(found)]


@contextmanager
def _past_damage() -> Iterator[None]:
    """What is damaged is done without. A disk that fails may tell more when it works again."""
    try:
        yield
    except sqlite3.Error as error:
        if is_unwritable(error):
            raise


def _readable_ids(connection: sqlite3.Connection, order: str) -> list[int]:
    numbers: list[int] = []
    with _past_damage():
        for (number,) in connection.execute(f"SELECT id FROM batches ORDER BY id {order}"):  # noqa: S608
            if numbers and (number > numbers[-1]) != (order == "ASC"):
                break  # a damaged tree may lead in circles
            numbers.append(number)  # one by one: what was read before an error counts
    return numbers


def _pid_path(path: Path) -> Path:
    return path.with_suffix(".pid")


def _holder(path: Path) -> str:
    try:
        return f"process {int(_pid_path(path).read_text())}"
    except (OSError, ValueError):
        return "another process"
