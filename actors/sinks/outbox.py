"""Where rows wait on disk while their sink does not take them.

A batch that `append` has returned for is safe, whatever happens to this process or the machine; it leaves
when it is acknowledged. Batches leave in the order in which they came. The outbox has two bounds, bytes and
age; the oldest batches make room, and a `Loss` says how many rows that took.

The calls block: one thread at a time may use it. What the disk refuses is `OutboxUnwritable`; the same call
may succeed later. Damage costs what is damaged: a record whose checksum fails is set aside in the file,
a file that cannot be read is set aside beside it, after what is readable has been copied.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from actors.market.losses import Loss, Losses
from actors.market.rows import Row
from actors.runtime.errors import OutboxUnwritable
from actors.sinks import _outbox_tables as tables
from actors.sinks._outbox_file import (
    VERSION,
    Record,
    WrongVersion,
    close_file,
    is_damage,
    is_unwritable,
    move_aside,
    open_file,
    rebuild,
    transaction,
)
from actors.sinks.parcels import Bounds, Parcel, Refusal, checksum, decoded

TIDY_PAGES = 500
ASIDE_SHARE = 8  # what is set aside takes an eighth of `bytes_max` at most

_Result = TypeVar("_Result")
_logger = logging.getLogger("tickwell.outbox")


class Outbox:
    """`open`, then `append`, `peek` and `acknowledge`, at last `close`.

    `rows`, `bytes` and `oldest_ns` tell what waits. `take_dropped` tells what was lost since it was last
    asked, and is not among `rows` any more; `losses` is what the sink was not told yet. `now_ns` is called in
    the thread that uses it.
    """

    def __init__(self, path: Path, bounds: Bounds, now_ns: Callable[[], int]) -> None:
        self.path = path
        self.rows = self.bytes = 0
        self.oldest_ns: int | None = None
        self._bounds = bounds
        self._now_ns = now_ns
        self._connection: sqlite3.Connection | None = None
        self._next_id = 1
        self._in_flight = 0  # the newest batch that the sink is being given
        self._done = 0  # the newest that has arrived; a full disk may keep it from being deleted
        self._dropped: list[Loss] = []
        self._is_tidy = False

    def open(self) -> None:
        """Open the file. Raises `StartError` when another process has it, naming that."""
        self._guarded(lambda _: None)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            close_file(self._connection, self.path)
        self._connection, self._in_flight, self._done = None, 0, 0
        self.rows, self.bytes, self.oldest_ns = 0, 0, None

    def append(
        self, rows: Sequence[Row], at_ns: int, losses: Iterable[Loss] = (), *, in_flight: bool = False
    ) -> Parcel:
        """Put a batch away that was accepted at `at_ns`, and with it what was lost elsewhere.

        `in_flight` says that the sink is being given it already. What is in flight does not make room.
        """
        body = msgspec.msgpack.encode(rows)
        size = len(body) + tables.RECORD_BYTES

        def work(connection: sqlite3.Connection) -> Parcel:
            number = self._next_id
            with transaction(connection):
                tables.delete_until(connection, self._done)
                gone, lost = self._make_room(connection, size)
                if size <= self._bounds.bytes_max:
                    crc = checksum(number, at_ns, len(rows), body)
                    tables.insert(connection, (number, at_ns, len(rows), crc, body))
                else:
                    gone = tables.Totals(gone.rows + len(rows), gone.bytes + size)
                    lost.add(Loss("outbox_full", at_ns, at_ns, len(rows)))
                tables.add_losses(connection, [*losses, *lost.all()])
            self._next_id, self._is_tidy = number + 1, False
            self._in_flight = number if in_flight else self._in_flight
            self._count(connection, len(rows) - gone.rows, size - gone.bytes)
            self._dropped += lost.all()
            return Parcel(number, number, at_ns, list(rows))

        return self._guarded(work)

    def peek(self, rows_max: int) -> Parcel | None:
        """The oldest batches, together `rows_max` rows at most or else one batch; `None` if there is none.

        They are in flight until they are acknowledged or released. Those that are damaged are set aside.
        """
        self._in_flight = 0

        def work(connection: sqlite3.Connection) -> Parcel | None:
            taken, damaged = self._read(connection, rows_max)
            if damaged:
                self._set_aside(connection, damaged)
            if not taken:
                return None
            (first, at_ns, *_), (last, *_) = taken[0][0], taken[-1][0]
            self._in_flight = last
            return Parcel(first, last, at_ns, [row for _, rows in taken for row in rows])

        return self._guarded(work)

    def acknowledge(
        self, parcel: Parcel | None, told: Sequence[Loss] = (), refused: Sequence[Refusal] = ()
    ) -> OutboxUnwritable | None:
        """The sink has the parcel, and was told these losses; what it refused is set aside.

        A full disk does not hinder it, which is returned: what cannot be deleted now is not given out again,
        and goes later. Only what should be set aside is gone then.
        """

        def count(connection: sqlite3.Connection) -> None:
            if parcel is not None and parcel.last > self._done:
                arrived = tables.totals(connection, self._done, parcel.last)
                self._done, self._in_flight = parcel.last, 0
                self._count(connection, -arrived.rows, -arrived.bytes)

        def work(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                tables.delete_until(connection, self._done)
                tables.delete_losses(connection, told)
                for refusal in refused:
                    body = msgspec.msgpack.encode(refusal.rows)
                    tables.set_aside(connection, self._now_ns(), len(refusal.rows), refusal.reason, body)
                tables.bound_aside(connection, self._bounds.bytes_max // ASIDE_SHARE)

        if parcel is not None:
            self._guarded(count)
        try:
            self._guarded(work)
        except OutboxUnwritable as error:
            return error
        return None

    def probe(self) -> None:
        """Find out whether the disk takes anything."""
        self._guarded(lambda connection: connection.execute(f"PRAGMA user_version = {VERSION}") and None)

    def release(self) -> None:
        """What was in flight has not arrived: it may make room again."""
        self._in_flight = 0

    def lose(self, losses: Sequence[Loss]) -> None:
        """Keep what was lost elsewhere, until the sink was told."""
        self._guarded(lambda connection: tables.keep_losses(connection, losses))

    def losses(self) -> list[Loss]:
        """What was lost, of which the sink was not told yet."""
        return self._guarded(tables.losses)

    def take_dropped(self) -> list[Loss]:
        """What was lost since the last call."""
        dropped, self._dropped = self._dropped, []
        return dropped

    def tidy(self) -> bool:
        """Give a little of an emptied file back to the disk. Returns whether there is more to give."""

        def work(connection: sqlite3.Connection) -> bool:
            if self.rows or self._is_tidy:
                return False
            # Each of its steps frees one page, and only a script is stepped to its end.
            connection.executescript(f"PRAGMA incremental_vacuum({TIDY_PAGES})")
            [free] = connection.execute("PRAGMA freelist_count").fetchone()
            if not free:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                self._is_tidy = True
            return not self._is_tidy

        return self._guarded(work)

    def _make_room(self, connection: sqlite3.Connection, size: int) -> tuple[tables.Totals, Losses]:
        """Delete what is too old, and the oldest of what is too much."""
        excess = self.bytes + size - self._bounds.bytes_max
        limit_ns = self._now_ns() - int(self._bounds.age_max_s * 1e9)
        going: list[tables.Size] = []
        lost = Losses()
        for each in tables.sizes_after(connection, max(self._done, self._in_flight)):
            if excess <= 0 and each.at_ns >= limit_ns:
                break
            excess -= each.bytes
            going.append(each)
            cause = "too_old" if each.at_ns < limit_ns else "outbox_full"
            lost.add(Loss(cause, each.at_ns, each.at_ns, each.rows))
        tables.delete(connection, [each.id for each in going])
        return tables.Totals(sum(each.rows for each in going), sum(each.bytes for each in going)), lost

    def _count(self, connection: sqlite3.Connection, rows: int, size: int) -> None:
        self.rows += rows
        self.bytes += size
        self.oldest_ns = tables.oldest_ns(connection, self._done)

    def _read(
        self, connection: sqlite3.Connection, rows_max: int
    ) -> tuple[list[tuple[Record, list[Row]]], list[Record]]:
        taken: list[tuple[Record, list[Row]]] = []
        damaged: list[Record] = []
        count = 0
        for record in tables.records_after(connection, self._done):
            rows = decoded(record)
            if rows is None:
                damaged.append(record)
                continue
            count += len(rows)
            if taken and count > rows_max:
                break
            taken.append((record, rows))
        return taken, damaged

    def _set_aside(self, connection: sqlite3.Connection, damaged: Sequence[Record]) -> None:
        before, since_ns = self.rows, self.oldest_ns
        with transaction(connection):
            for record in damaged:
                body = record[4] if isinstance(record[4], bytes) else repr(record[4]).encode()
                tables.set_aside(connection, self._now_ns(), 0, "damaged", body)
            tables.delete(connection, [record[0] for record in damaged])
            tables.bound_aside(connection, self._bounds.bytes_max // ASIDE_SHARE)
        self._recount(connection)
        self._lose(connection, before - self.rows, since_ns)
        _logger.error("%s: %d damaged batches were set aside", self.path, len(damaged))

    def _rebuild(self, error: sqlite3.Error) -> None:
        """Set a damaged file aside, and go on with what can be read of it."""
        before, since_ns = self.rows, self.oldest_ns
        if self._connection is not None:
            close_file(self._connection, self.path)
            self._connection = None
        aside = rebuild(self.path, lambda record: decoded(record) is not None and record[0] > self._done)
        connection = self._ready()
        self._lose(connection, before - self.rows, since_ns)
        words = "%s was damaged (%s) and is now %s; the %d rows that can be read of it stay"
        _logger.error(words, self.path, error, aside.name, self.rows)

    def _lose(self, connection: sqlite3.Connection, rows: int, since_ns: int | None) -> None:
        """Of damage it is known how much is missing (0: not even that), but not exactly since when."""
        now_ns = self._now_ns()
        lost = Loss("corrupt", min(since_ns or now_ns, now_ns), now_ns, max(0, rows))
        self._dropped.append(lost)
        tables.keep_losses(connection, [lost])

    def _ready(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                connection = open_file(self.path)
            except WrongVersion as error:
                aside = move_aside(self.path, "other")
                _logger.error("%s is of %s: it was set aside as %s", self.path, error, aside.name)
                connection = open_file(self.path)
            self._connection = connection  # whatever it holds: a repair must be able to close it
            self._next_id = max(self._next_id, tables.newest(connection) + 1)
            self._recount(connection)
        return self._connection

    def _recount(self, connection: sqlite3.Connection) -> None:
        self.rows, self.bytes = tables.totals(connection, self._done)
        self.oldest_ns = tables.oldest_ns(connection, self._done)

    def _guarded(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Do it, after a repair if that is needed; what the disk refuses is told in our words."""
        try:
            try:
                return work(self._ready())
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                self._rebuild(error)
                return work(self._ready())
        except sqlite3.Error as error:
            if is_unwritable(error):
                raise OutboxUnwritable(f"{self.path}: {error}") from error
            raise
