"""One Parquet file: made under another name beside its place, and put there when it is whole.

What the file held before is not thrown away with it: history forgets, exports are for keeping. The rows
before the first new one stay, and those after the last; what lies between is what history has now.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from actors.export.layout import PART
from actors.export.tables import MOMENT, NS_PER_US, Table
from actors.market.rows import Row
from actors.runtime.errors import SinkRefused

GROUP_ROWS = 65_536


class PartFile:
    """`add` rows, the oldest first, then `finish`, or `abandon` it. Holds one row group in memory."""

    def __init__(self, folder: Path, table: Table, about: dict[str, str], first_ns: int) -> None:
        self._path = folder / PART
        self._table = table
        self._last_ns = first_ns
        self._waiting: list[Row] = []
        self.rows = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._old = old_file(self._path, table)
        self._made = folder / f".{PART}.tmp"
        self._file = self._made.open("wb")
        self._writer: Any = None
        schema = table.schema.with_metadata({f"tickwell.{name}": value for name, value in about.items()})
        try:
            self._writer = pq.ParquetWriter(self._file, schema, compression="zstd")
            self._copy(None, first_ns)
        except BaseException:
            self.abandon()
            raise

    def add(self, rows: Sequence[Row]) -> None:
        """Take rows."""
        self.rows += len(rows)
        self._last_ns = rows[-1].ts
        self._waiting += rows
        while len(self._waiting) >= GROUP_ROWS:
            self._write(self._waiting[:GROUP_ROWS])
            del self._waiting[:GROUP_ROWS]

    def finish(self) -> int:
        """Put the file in its place, in one step. Returns its bytes."""
        if self._waiting:
            self._write(self._waiting)
        self._copy(self._last_ns + NS_PER_US, None)
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        self._file.close()
        self._made.replace(self._path)
        return size

    def abandon(self) -> None:
        """Leave everything as it was before. It never raises."""
        if self._writer is not None:
            self._writer.is_open = False  # else it would write its end when it is collected
        with suppress(OSError, ValueError):
            self._file.close()
        with suppress(OSError):
            self._made.unlink(missing_ok=True)

    def _write(self, rows: Sequence[Row]) -> None:
        self._writer.write_table(self._table.columns(rows), row_group_size=GROUP_ROWS)

    def _copy(self, from_ns: int | None, to_ns: int | None) -> None:
        for part in parts_between(self._old, from_ns, to_ns):
            self._writer.write_table(part.cast(self._table.schema), row_group_size=GROUP_ROWS)


def moment(ns: int) -> pa.Scalar:
    """A moment as the files have it."""
    return pa.scalar(ns // NS_PER_US, MOMENT)


def old_file(path: Path, table: Table) -> pq.ParquetFile | None:
    """What is there already. Raises `SinkRefused` when it is not ours, and must not be written over."""
    if not path.exists():
        return None
    try:
        old = pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise SinkRefused(f"{path} cannot be read as Parquet: move it away ({error})") from None
    if old.schema_arrow.names != table.schema.names:
        theirs = ", ".join(old.schema_arrow.names)
        raise SinkRefused(f"{path} has other columns ({theirs}) than {table.name}: move it away")
    return old


def parts_between(old: pq.ParquetFile | None, from_ns: int | None, to_ns: int | None) -> Iterator[pa.Table]:
    """The rows of a file from a moment on, or before one, a row group at a time."""
    if old is None:
        return
    for number in range(old.num_row_groups):
        part = old.read_row_group(number)
        if from_ns is not None:
            part = part.filter(pc.greater_equal(part["timestamp"], moment(from_ns)))
        if to_ns is not None:
            part = part.filter(pc.less(part["timestamp"], moment(to_ns)))
        if part.num_rows:
            yield part
