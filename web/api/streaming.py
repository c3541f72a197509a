"""Rows as JSON, CSV or NDJSON, written as they come: nothing is built in memory whole."""

from __future__ import annotations

import csv
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from io import StringIO
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct, structs
from werkzeug.datastructures import MIMEAccept

from web.api.history_pages import Reader
from web.problems import Problem

R = TypeVar("R")
JSON, CSV, NDJSON = FORMATS = ("application/json", "text/csv", "application/x-ndjson")


class Writer(Protocol):
    """One format: `head`, then `rows` any number of times, at last `tail` with what the answer says of
    itself. `tells_meta`: all of that, not only where to go on."""

    content_type: str
    tells_meta: bool

    def head(self) -> bytes:
        """What stands before all rows."""

    def rows(self, rows: Sequence[Struct]) -> bytes:
        """Some rows."""

    def tail(self, meta: Struct) -> bytes:
        """What stands behind them."""


class JsonWriter:
    """`{"data": [...], "meta": {...}}`."""

    content_type = JSON
    tells_meta = True

    def __init__(self, kind: type[Struct]) -> None:
        self._between = b""

    def head(self) -> bytes:
        """The opening."""
        return b'{"data":['

    def rows(self, rows: Sequence[Struct]) -> bytes:
        """Rows, separated from those before."""
        if not rows:
            return b""
        between, self._between = self._between, b","
        return between + msgspec.json.encode(rows)[1:-1]

    def tail(self, meta: Struct) -> bytes:
        """The meta and the closing."""
        return b'],"meta":' + msgspec.json.encode(meta) + b"}"


class CsvWriter:
    """RFC 4180 with a line of names. A last line `#next_cursor=...` says that there is more."""

    content_type = f"{CSV}; charset=utf-8; header=present"
    tells_meta = False

    def __init__(self, kind: type[Struct]) -> None:
        self._names = [each.encode_name for each in structs.fields(kind)]

    def head(self) -> bytes:
        """The names."""
        return csv_lines([self._names])

    def rows(self, rows: Sequence[Struct]) -> bytes:
        """A line each; what is unknown is empty."""
        return csv_lines([csv_value(value) for value in structs.astuple(row)] for row in rows)

    def tail(self, meta: Struct) -> bytes:
        """Where to go on, if there is more."""
        cursor = getattr(meta, "next_cursor", None)
        return f"#next_cursor={cursor}\r\n".encode() if cursor else b""


class NdjsonWriter:
    """One JSON object per line; the last is `{"meta": {...}}`, so that a torn answer is known as such."""

    content_type = NDJSON
    tells_meta = True

    def __init__(self, kind: type[Struct]) -> None:
        self._encoder = msgspec.json.Encoder()

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def rows(self, rows: Sequence[Struct]) -> bytes:
        """A line each."""
        return self._encoder.encode_lines(rows)

    def tail(self, meta: Struct) -> bytes:
        """The meta."""
        return self._encoder.encode_lines([{"meta": meta}])


WRITERS: dict[str, Callable[[type[Struct]], Writer]] = {
    JSON: JsonWriter,
    CSV: CsvWriter,
    NDJSON: NdjsonWriter,
}


def writer_for(accepted: MIMEAccept, kind: type[Struct]) -> Writer:
    """The writer that the `Accept` header prefers, JSON by default; a 406 `Problem` if it wants none."""
    best = accepted.best_match(FORMATS) if accepted else JSON
    if best is None:
        raise Problem(406, f"This can be had as {', '.join(FORMATS)}.", code="not_acceptable")
    return WRITERS[best](kind)


def csv_lines(lines: Any) -> bytes:
    """Lines of values as CSV."""
    text = StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def csv_value(value: Any) -> Any:
    """A value as CSV writes it: as in JSON, and nothing for what is unknown."""
    return ("false", "true")[value] if isinstance(value, bool) else value


async def stream(
    writer: Writer,
    reader: Reader[R],
    first: Sequence[R],
    told: Callable[[R], Struct],
    meta: Callable[[], Awaitable[Struct]],
) -> AsyncGenerator[bytes, None]:
    """The body of an answer whose `first` page has been read. No question is under way while it waits for
    the client to take a page."""
    yield writer.head() + writer.rows([told(row) for row in first])
    while not reader.ended:
        page = [told(row) for row in await reader.more()]
        if page:
            yield writer.rows(page)
    yield writer.tail(await meta())
