"""The statements of an outbox; those that write run in a transaction of their caller, or say otherwise."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from actors.market.losses import CAUSES, Loss
from actors.sinks._outbox_file import Record, transaction

RECORD_BYTES = 64  # what a record takes beside its body


class Totals(NamedTuple):
    """What some batches come to."""

    rows: int = 0
    bytes: int = 0


class Size(NamedTuple):
    """A batch without its rows."""

    id: int
    at_ns: int
    rows: int
    bytes: int


def insert(connection: sqlite3.Connection, record: Record) -> None:
    """Add a batch."""
    connection.execute("INSERT INTO batches (id, at_ns, rows, crc, body) VALUES (?, ?, ?, ?, ?)", record)


def records_after(connection: sqlite3.Connection, number: int) -> Iterator[Record]:
    """The batches behind this one, oldest first."""
    query = "SELECT id, at_ns, rows, crc, body FROM batches WHERE id > ? ORDER BY id"
    yield from connection.execute(query, (number,))


def sizes_after(connection: sqlite3.Connection, number: int) -> Iterator[Size]:
    """The batches behind this one, oldest first, without reading their bodies."""
    query = f"SELECT id, at_ns, rows, length(body) + {RECORD_BYTES} FROM batches WHERE id > ? ORDER BY id"  # noqa: S608
    yield from map(Size._make, connection.execute(query, (number,)))


def totals(connection: sqlite3.Connection, after: int, until: int = 1 << 62) -> Totals:
    """What the batches behind `after` come to, up to `until`."""
    query = (
        f"SELECT coalesce(sum(rows), 0), coalesce(sum(length(body) + {RECORD_BYTES}), 0)"  # noqa: S608
        " FROM batches WHERE id > ? AND id <= ?"
    )
    rows, size = connection.execute(query, (after, until)).fetchone()
    return Totals(int(rows), int(size))


def oldest_ns(connection: sqlite3.Connection, after: int) -> int | None:
    """When the oldest batch behind `after` was accepted."""
    query = "SELECT at_ns FROM batches WHERE id > ? ORDER BY id LIMIT 1"
    found = connection.execute(query, (after,)).fetchone()
    return int(found[0]) if found else None


def newest(connection: sqlite3.Connection) -> int:
    """The highest id; 0 if there is none."""
    [number] = connection.execute("SELECT coalesce(max(id), 0) FROM batches").fetchone()
    return int(number)


def delete(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """Delete these batches."""
    connection.executemany("DELETE FROM batches WHERE id = ?", [(number,) for number in numbers])


def delete_until(connection: sqlite3.Connection, number: int) -> None:
    """Delete the batches up to this one."""
    connection.execute("DELETE FROM batches WHERE id <= ?", (number,))


def losses(connection: sqlite3.Connection) -> list[Loss]:
    """What the sink was not told."""
    found = connection.execute("SELECT cause, from_ns, to_ns, rows FROM losses")
    return [Loss(*row) for row in found if row[0] in CAUSES]


def add_losses(connection: sqlite3.Connection, lost: Iterable[Loss]) -> None:
    """Add to what the sink was not told."""
    connection.executemany(
        "INSERT INTO losses (cause, from_ns, to_ns, rows) VALUES (?, ?, ?, ?) ON CONFLICT (cause) DO UPDATE"
        " SET from_ns = min(from_ns, excluded.from_ns), to_ns = max(to_ns, excluded.to_ns),"
        " rows = rows + excluded.rows",
        [(loss.cause, loss.from_ns, loss.to_ns, loss.rows) for loss in lost],
    )


def keep_losses(connection: sqlite3.Connection, lost: Iterable[Loss]) -> None:
    """The same, in a transaction of its own."""
    with transaction(connection):
        add_losses(connection, lost)


def delete_losses(connection: sqlite3.Connection, told: Iterable[Loss]) -> None:
    """The sink was told these, of which a part may be here; one that has grown stays."""
    connection.executemany(
        "DELETE FROM losses WHERE cause = ? AND from_ns >= ? AND to_ns <= ? AND rows <= ?",
        [(loss.cause, loss.from_ns, loss.to_ns, loss.rows) for loss in told],
    )


def set_aside(connection: sqlite3.Connection, at_ns: int, rows: int, reason: str, body: bytes) -> None:
    """Keep what is not given to the sink again, for whoever wants to look."""
    connection.execute(
        "INSERT INTO aside (at_ns, rows, reason, body) VALUES (?, ?, ?, ?)", (at_ns, rows, reason, body)
    )


def bound_aside(connection: sqlite3.Connection, bytes_max: int) -> None:
    """Of what was set aside, keep the newest."""
    size = 0
    for number, length in connection.execute("SELECT id, length(body) FROM aside ORDER BY id DESC"):
        size += length
        if size > bytes_max:
            connection.execute("DELETE FROM aside WHERE id <= ?", (number,))
            return
