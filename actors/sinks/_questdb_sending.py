"""Rows into QuestDB through its client. Everything here blocks: it runs in the sink's one worker thread.

The client's own buffer loses its rows when a flush fails, and its retries would hide an outage. So rows stand
in a buffer of ours, there is one attempt, and the caller keeps the rows until `send` has returned.

An interrupted call is no outage. Whoever stops this process for a moment (a debugger, a sampling profiler,
SIGSTOP) ends the client's wait for an answer with EINTR. Those rows are sent again at once, half as many at a
time: who is stopped at a steady rhythm needs requests that end between two stops.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any, Protocol

from questdb import QuestDBError, QuestDBErrorCode, Sender, SenderError, SenderErrorCategory, TimestampNanos

from actors.market.rows import Row
from actors.runtime.errors import SinkError, SinkRefused, SinkUnavailable
from actors.sinks._questdb_address import Address
from actors.sinks._questdb_schema import SYMBOL, TABLE_OF, TIMESTAMP, Table

# A QWP message may have 2 MiB by default; a row has at most about 250 bytes.
ROWS_PER_REQUEST = 5_000
# Doubles and nanoseconds in binary: every server that has TIMESTAMP_NS speaks it.
_LINE_PROTOCOL = 2

_OURS = {
    QuestDBErrorCode.InvalidUtf8,
    QuestDBErrorCode.InvalidName,
    QuestDBErrorCode.InvalidTimestamp,
    QuestDBErrorCode.BatchTooLarge,
    QuestDBErrorCode.ServerSchemaMismatch,
}
_SCHEMA = {SenderErrorCategory.SchemaMismatch, SenderErrorCategory.ParseError}
INTERRUPTIONS_MAX = 30  # of one batch; 5,000 rows are single ones after 13
_INTERRUPTED = f"(os error {errno.EINTR})"
_INVALID_LINES = '"code":"invalid"'
_MESSAGE = re.compile(r'"message":"((?:[^"\\]|\\.)*)"')


class _Buffer(Protocol):
    def row(
        self,
        table_name: str,
        *,
        symbols: dict[str, str | None] | None,
        columns: dict[str, Any] | None,
        at: TimestampNanos,
    ) -> object: ...


class Encoder:
    """Writes the rows of one table into a buffer."""

    def __init__(self, table: Table) -> None:
        symbols = [column for column in table.columns if column.type == SYMBOL]
        values = [column for column in table.columns if column.type != SYMBOL and column.field != "ts"]
        self._table = table.name
        self._symbols = [column.name for column in symbols]
        self._values = [column.name for column in values]
        self._times = [column.name for column in values if column.type == TIMESTAMP]
        self._symbols_of = attrgetter(*(column.field for column in symbols))
        self._values_of = attrgetter(*(column.field for column in values))

    def encode(self, row: Row, buffer: _Buffer) -> None:
        """Append the row. Raises `SinkRefused` for a value that QuestDB has no place for."""
        values = dict(zip(self._values, self._values_of(row), strict=True))
        try:
            for name in self._times:
                values[name] = None if values[name] is None else TimestampNanos(values[name])
            symbols = dict(zip(self._symbols, self._symbols_of(row), strict=True))
            buffer.row(self._table, symbols=symbols, columns=values, at=TimestampNanos(row.ts))
        except (QuestDBError, OverflowError, TypeError, ValueError) as error:
            raise SinkRefused(f"a row of {self._table} cannot be written: {error}") from None


ENCODERS = {row_type: Encoder(table) for row_type, table in TABLE_OF.items()}


class Sending:
    """One connection at a time, made when it is needed."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        self.address = address
        self._timeout_ms = round(timeout_s * 1000)
        self._sender: Sender | None = None

    def send(self, rows: Sequence[Row]) -> None:
        """Returns when the server has all rows in its write-ahead log. Raises `SinkError`; then some of the
        rows may be there."""
        try:
            for start in range(0, len(rows), ROWS_PER_REQUEST):
                self._send_uninterrupted(rows[start : start + ROWS_PER_REQUEST])
        except SinkError:
            self._give_up()
            raise
        except QuestDBError as error:
            self._give_up()
            raise self._translated(error) from None

    def close(self) -> None:
        """Let go of the connection; it never raises. What was not acknowledged is the caller's."""
        sender, self._sender = self._sender, None
        if sender is not None:
            with suppress(QuestDBError):
                sender.close(flush=False)

    def _give_up(self) -> None:
        # Over HTTP each request stands alone; a WebSocket would send again by itself, later, out of order.
        if self.address.is_qwp:
            self.close()

    def _send_uninterrupted(self, rows: Sequence[Row]) -> None:
        start, size, chances = 0, len(rows), INTERRUPTIONS_MAX
        while start < len(rows):
            try:
                self._send_request(rows[start : start + size])
                start += size
            except QuestDBError as error:
                if _INTERRUPTED not in str(error) or not chances:
                    raise
                size, chances = max(1, size // 2), chances - 1

    def _send_request(self, rows: Sequence[Row]) -> None:
        sender = self._sender = self._sender or self._connected()
        buffer = sender.new_buffer()
        for row in rows:
            ENCODERS[type(row)].encode(row, buffer)
        if self.address.is_qwp:
            self._await_acknowledgement(sender, sender.flush_and_get_fsn(buffer))
        else:
            sender.flush(buffer, clear=False)

    def _await_acknowledgement(self, sender: Sender, frame: int | None) -> None:
        if frame is not None and not sender.await_acked_fsn(frame, self._timeout_ms):
            raise SinkUnavailable(f"{self.address} did not acknowledge within {self._timeout_ms / 1000:g} s")
        # A frame counts as completed when it was rejected, too.
        if rejection := sender.poll_error():
            raise self._rejected(rejection)

    def _connected(self) -> Sender:
        sender = self._qwp_sender() if self.address.is_qwp else self._line_sender()
        sender.establish()  # type: ignore[no-untyped-call]
        return sender

    def _line_sender(self) -> Sender:
        return Sender.from_conf(
            f"{self.address.scheme}::addr={self.address.location};",
            **self._credentials(),
            auto_flush=False,
            protocol_version=_LINE_PROTOCOL,
            request_timeout=self._timeout_ms,
            request_min_throughput=0,
            retry_timeout=0,
        )

    def _qwp_sender(self) -> Sender:
        return Sender.from_conf(
            f"{self.address.scheme}::addr={self.address.location};close_flush_timeout_millis=0;",
            **self._credentials(),
            auto_flush=False,
            auth_timeout=self._timeout_ms,
        )

    def _credentials(self) -> dict[str, Any]:
        given = {
            "username": self.address.username,
            "password": self.address.password,
            "tls_roots": self.address.tls_roots,
        }
        return {name: value for name, value in given.items() if value is not None}

    def _translated(self, error: QuestDBError) -> SinkError:
        words = str(error)
        if error.sender_error is not None:
            return self._rejected(error.sender_error)
        if error.code in _OURS or _INVALID_LINES in words:
            said = _MESSAGE.search(words)
            return SinkRefused(f"{self.address} refuses rows: {said[1] if said else words}")
        if error.code == QuestDBErrorCode.AuthError:
            return SinkUnavailable(f"{self.address} refuses the user name or password: {words}")
        return SinkUnavailable(f"{self.address} takes no rows: {words}")

    def _rejected(self, rejection: SenderError) -> SinkError:
        if rejection.category in _SCHEMA:
            return SinkRefused(f"{self.address} refuses rows: {rejection.message}")
        return SinkUnavailable(f"{self.address} takes no rows: {rejection.message}")
