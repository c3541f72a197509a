"""History in QuestDB, for who has outgrown the embedded one: `QuestDBSink` writes, `QuestDBHistory` reads.

What `write` returned for is in the server's write-ahead log: it survives the server's process, and power
cuts as far as QuestDB's `cairo.commit.mode` goes (by default it leaves that to the operating system). Readers
see it a moment later, when the log was applied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio
from msgspec.structs import replace

from actors.market.rows import GapRow, Row
from actors.runtime.errors import SinkError, SinkRefused
from actors.sinks._questdb_address import Address
from actors.sinks._questdb_history import QuestDBHistory
from actors.sinks._questdb_http import Doors
from actors.sinks._questdb_questions import end_open_gaps
from actors.sinks._questdb_schema import GAPS, TABLE_OF, Table
from actors.sinks._questdb_sending import Sending
from actors.sinks._questdb_tables import prepare, speaks_qwp

__all__ = ["QuestDBHistory", "QuestDBSink"]

# No server stops, loses its tables and starts again in less.
TABLES_KNOWN_FOR_S = 1.0


class QuestDBSink:
    """A `Sink`. `url` is `http://user:password@host:9000`, or `ws://…` to write in QWP to a server that takes
    it (10.0 or later), and in lines to any other; each `open` looks which it is. See `Address`. No single
    request waits for the server longer than `timeout_s`, whatever it does.

    A table that is there and not ours is refused with its rows: where such are among them, `write` raises
    `SinkRefused` with both schemas; the rows of other tables are taken all the same.

    A gap that was open when an earlier run ended is over when this one began (`began_ns`): nobody else would
    ever say so.
    """

    def __init__(
        self, url: str, *, name: str = "questdb", timeout_s: float = 10.0, began_ns: int = 0
    ) -> None:
        self.name = name
        self._began_ns = began_ns
        self._has_ended_gaps = not began_ns
        self._address = Address.parse(url)
        self._doors = Doors(self._address, timeout_s)
        self._timeout_s = timeout_s
        self._sending = Sending(self._address, timeout_s)
        self._thread = trio.CapacityLimiter(1)
        self._misfits: dict[Table, str] = {}
        self._known_at: float | None = None

    async def open(self) -> None:
        """See that it is a server for us; make the tables that are missing. Raises `SinkUnavailable`."""
        async with self._doors.open() as server:
            takes_qwp = await speaks_qwp(server)
        await self._write_to(self._address if takes_qwp else self._address.over_http())
        await self._see_tables()

    async def write(self, rows: Sequence[Row]) -> None:
        """Returns when they are durable; a failure leaves them with the caller, who gives them again."""
        if not rows:
            return
        await self._know_tables()
        self._refuse_misfits(rows)
        try:
            await self._end_gaps_of_earlier_runs()
            await self._in_thread(lambda: self._sending.send([self._ended(row) for row in rows]))
        except SinkError:
            self._known_at = None
            raise

    async def flush(self) -> None:
        """Nothing is left to do: `write` waits for the server."""
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """Let go of the connection."""
        self._known_at = None
        with trio.CancelScope(shield=True):
            await self._in_thread(self._sending.close)

    async def _write_to(self, address: Address) -> None:
        if address != self._sending.address:
            await self._in_thread(self._sending.close)
            self._sending = Sending(address, self._timeout_s)

    async def _know_tables(self) -> None:
        if self._known_at is None or trio.current_time() - self._known_at > TABLES_KNOWN_FOR_S:
            await self._see_tables()

    async def _see_tables(self) -> None:
        self._known_at = None
        async with self._doors.open() as server:
            self._misfits = await prepare(server)
        self._known_at = trio.current_time()

    async def _end_gaps_of_earlier_runs(self) -> None:
        """Once: those that are there. What still waits to be written is ended by `_ended`."""
        if not self._has_ended_gaps and GAPS not in self._misfits:
            async with self._doors.open() as server:
                await server.ask(end_open_gaps(self._began_ns))
            self._has_ended_gaps = True

    def _ended(self, row: Row) -> Row:
        if type(row) is GapRow and row.to_ts is None and row.ts < self._began_ns:
            return replace(row, to_ts=self._began_ns)
        return row

    def _refuse_misfits(self, rows: Sequence[Row]) -> None:
        if self._misfits:
            tables = {TABLE_OF[kind] for kind in {type(row) for row in rows}}
            words = [self._misfits[table] for table in self._misfits if table in tables]
            if words:
                raise SinkRefused("; ".join(words))

    async def _in_thread(self, work: Callable[[], None]) -> None:
        await trio.to_thread.run_sync(work, limiter=self._thread)
