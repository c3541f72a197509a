"""The file of the embedded history: opening it, setting a damaged one aside, its errors in plain words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from actors.runtime.errors import SinkError, SinkRefused, SinkUnavailable

# Whoever holds the file's lock for longer makes the sink unavailable: rows wait elsewhere then.
LOCK_WAIT_S = 2.0
WAL_PAGES = 4000  # 16 MB between two checkpoints
SUFFIXES = ("", "-wal", "-shm")

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "another program holds the file",
    sqlite3.SQLITE_LOCKED: "another program holds the file",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_PERM: "the file may not be used",
    sqlite3.SQLITE_AUTH: "the file may not be used",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_IOERR: "the disk fails",
    sqlite3.SQLITE_PROTOCOL: "another program holds the file",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is damaged: it is no database",
}


class Damaged(SinkUnavailable):
    """The file is damaged; it is set aside when it is opened next."""


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """What SQLite and the disk raise, as `SinkUnavailable`, `Damaged` or `SinkRefused`, with the path."""
    try:
        yield
    except SinkError as error:
        place = f"{path}: "
        raise type(error)(place + str(error).removeprefix(place)) from None
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _told(path, error) from error
    except (OverflowError, UnicodeError) as error:
        raise SinkRefused(f"{path}: a row does not fit: {error}") from error
    except OSError as error:
        raise SinkUnavailable(f"{path}: {error.strerror or error}") from error


def _told(path: Path, error: Exception) -> SinkError:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return SinkRefused(f"{path}: a row does not fit: {error}")
    words = _WORDS.get(code & 0xFF)
    if words is None:
        return SinkRefused(f"{path}: {error}")
    kind = Damaged if code & 0xFF in _DAMAGE else SinkUnavailable
    return kind(f"{path}: {words} ({error})")


def connect(path: Path, lock_wait_s: float = LOCK_WAIT_S) -> sqlite3.Connection:
    """Open a file for the one writer; it is made where there is none. May raise what SQLite raises.

    Each commit reaches the disk itself (`synchronous=FULL`): it outlives a loss of power, and costs no more
    than the weaker settings at a few commits per second.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=lock_wait_s, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only before the first table is made
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA cache_size = -32768")
        _probe(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _probe(connection: sqlite3.Connection) -> None:
    """Touch every table, so that gross damage shows now. A whole check would read the whole file."""
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (name,) in tables:
        quoted = '"' + name.replace('"', '""') + '"'
        connection.execute(f"SELECT * FROM {quoted} LIMIT 1").fetchone()  # noqa: S608 - a name out of the schema


def set_aside(path: Path, now_ns: int) -> Path:
    """Rename a damaged file, and what belongs to it, to `NAME.corrupt-TIME`; nothing is deleted."""
    seconds = now_ns // 1_000_000_000
    aside = path.with_name(f"{path.name}.corrupt-{seconds}")
    while aside.exists():
        seconds += 1
        aside = path.with_name(f"{path.name}.corrupt-{seconds}")
    for suffix in reversed(SUFFIXES):
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    return aside


def size_of(path: Path) -> int:
    """The bytes of a file, 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def identity(path: Path) -> tuple[int, int] | None:
    """Which file is there; `None` without one."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino)
