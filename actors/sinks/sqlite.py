"""The embedded history: one SQLite file, one writer, and readers that never wait for it.

`actors/sinks/_sqlite_schema.py` says how rows lie in it and why.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import NamedTuple, TypeVar

import trio

from actors.market.rows import BarRow, FundingRow, GapRow, Row, TickRow, TradeRow
from actors.market.storage import StorageReport
from actors.runtime.errors import SinkError, SinkUnavailable
from actors.sinks import _sqlite_funding, _sqlite_gaps, _sqlite_liquidations
from actors.sinks import _sqlite_reading as reading
from actors.sinks._sqlite_files import (
    LOCK_WAIT_S,
    Damaged,
    connect,
    identity,
    plain_errors,
    set_aside,
    size_of,
)
from actors.sinks._sqlite_readers import Readers
from actors.sinks._sqlite_retention import Retention, Sweeper
from actors.sinks._sqlite_schema import migrate
from actors.sinks._sqlite_stats import NO_STATS, stats
from actors.sinks._sqlite_writing import Writer
from actors.sinks.base import InstrumentKey, LiquidationsAsked, LiquidationsFound, Span, Stats

__all__ = ["Retention", "SqliteHistory", "SqliteSink"]

_logger = logging.getLogger("tickwell.history")

R = TypeVar("R", TickRow, TradeRow, BarRow, FundingRow, GapRow)

PAGE_ROWS = 1441  # a page of the web, and the one row more that tells whether there are any


class _Store(NamedTuple):
    """What is there while the file is open."""

    connection: Connection
    writer: Writer
    sweeper: Sweeper
    file: tuple[int, int] | None


class SqliteSink:
    """A `Sink`: each write is one transaction, each row is there once by its key.

    What a write has taken is durable when it returns, even against a loss of power (`synchronous=FULL`);
    `flush` has nothing left to wait for. After an error the next call opens the file anew. A damaged file is
    then set aside, and a new one begun; `report` and the log say so. What was written while somebody moved or
    deleted the file is `SinkUnavailable`, and goes into the new one.

    Old rows are deleted after writes, in slices of milliseconds.
    """

    def __init__(
        self,
        path: Path,
        retention: Retention,
        now_ns: Callable[[], int],
        *,
        name: str = "history",
        lock_wait_s: float = LOCK_WAIT_S,
    ) -> None:
        self.name = name
        self.report = StorageReport()
        self._path = path
        self._retention = retention
        self._now_ns = now_ns
        self._began_ns = now_ns()
        self._lock_wait_s = lock_wait_s
        self._thread = trio.CapacityLimiter(1)
        self._store: _Store | None = None
        self._swept = (0, 0)
        self._damaged = False
        self._set_aside: str | None = None

    async def open(self) -> None:
        """Open the file, make it where there is none, bring an older one to this version.

        Raises `SinkUnavailable`, and `SinkRefused` for a file of a newer version or another program.
        """
        await self._run(self._open)

    async def write(self, rows: Sequence[Row]) -> None:
        """All of the rows, or none. Raises `SinkUnavailable`; `SinkRefused` for a row that does not fit."""
        if rows:
            await self._run(self._write, rows)

    async def flush(self) -> None:
        """Every write is durable already."""
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """Close the file; it never raises."""
        await trio.to_thread.run_sync(self._close, limiter=self._thread)

    async def _run(self, work: Callable[..., object], *args: object) -> None:
        await trio.to_thread.run_sync(self._guarded, work, *args, limiter=self._thread)

    def _guarded(self, work: Callable[..., object], *args: object) -> None:
        try:
            with plain_errors(self._path):
                work(*args)
        except BaseException as error:
            self._damaged = self._damaged or isinstance(error, Damaged)
            self._close()
            raise

    def _open(self) -> _Store:
        self._close()
        if self._damaged:
            self._start_anew()
        try:
            return self._opened()
        except Damaged:
            self._start_anew()
            return self._opened()

    def _opened(self) -> _Store:
        with plain_errors(self._path):
            connection = connect(self._path, self._lock_wait_s)
            try:
                migrate(connection)
                writer = Writer(connection, self._began_ns)
                writer.end_gaps_of_earlier_runs()
            except BaseException:
                connection.close()
                raise
        self._store = _Store(connection, writer, Sweeper(writer, self._retention), identity(self._path))
        self._measure(self._store, None)
        return self._store

    def _start_anew(self) -> None:
        self._set_aside = str(set_aside(self._path, self._now_ns()))
        self._damaged = False
        _logger.error("%s is damaged; it is %s now, and a new one is begun", self._path, self._set_aside)

    def _write(self, rows: Sequence[Row]) -> None:
        store = self._store or self._open()
        now_ns = self._now_ns()
        store.writer.write(rows, now_ns)
        if identity(self._path) != store.file:  # what it takes now, nobody would find
            raise SinkUnavailable("the file was moved or deleted while it was in use; a new one is begun")
        self._measure(store, self._sweep(store.sweeper, len(rows), now_ns))

    def _sweep(self, sweeper: Sweeper, written: int, now_ns: int) -> str | None:
        """Rows are safe by now: trouble in sweeping is told, and tried again a round later."""
        try:
            with plain_errors(self._path):
                sweeper.sweep(written, now_ns)
        except SinkError as error:
            sweeper.rest(now_ns)
            _logger.warning("old rows could not be deleted: %s", error)
            return str(error)
        return self.report.problem if sweeper.resting(now_ns) else None

    def _measure(self, store: _Store, problem: str | None) -> None:
        sweeper, (swept, trimmed) = store.sweeper, self._swept
        self.report = StorageReport(
            file_bytes=size_of(self._path),
            wal_bytes=size_of(Path(f"{self._path}-wal")),
            used_bytes=sweeper.used_bytes(),
            free_bytes=sweeper.free_bytes(),
            swept_rows=swept + sweeper.swept_rows,
            trimmed_rows=trimmed + sweeper.trimmed_rows,
            set_aside=self._set_aside,
            problem=problem,
        )

    def _close(self) -> None:
        store, self._store = self._store, None
        self._swept = (self.report.swept_rows, self.report.trimmed_rows)
        if store is not None:
            with suppress(Exception):
                store.connection.close()


class SqliteHistory:
    """A `History` of the same file, read by few processes. Without a file there is nothing to tell.

    Raises `HistoryTimeout`, and `SinkUnavailable` when the file cannot be read. A cursor's tie-breaker is a
    trade's id, a gap's channel, and empty for all else.
    """

    def __init__(self, path: Path, timeout_s: float = 5.0, readers: int = 2) -> None:
        self._readers = Readers(path, timeout_s, readers)

    async def latest(self, exchange: str | None = None, market: str | None = None) -> list[TickRow]:
        """The newest tick of every instrument that is within the ticks' retention."""
        question = partial(reading.latest, exchange=exchange, market=market)
        return await self._readers.ask(question, list[TickRow], [])

    async def instruments(self) -> list[InstrumentKey]:
        """All that rows were ever kept of."""
        return await self._readers.ask(reading.instruments, list[InstrumentKey], [])

    def ticks(self, of: InstrumentKey, span: Span) -> AsyncIterator[list[TickRow]]:
        """The ticks of one instrument, in pages."""
        return self._pages(partial(reading.ticks, of=of), list[TickRow], span, lambda row: "")

    def trades(self, of: InstrumentKey, span: Span) -> AsyncIterator[list[TradeRow]]:
        """The trades of one instrument, in pages."""
        return self._pages(partial(reading.trades, of=of), list[TradeRow], span, lambda row: row.trade_id)

    def bars(self, of: InstrumentKey, interval_s: int, span: Span) -> AsyncIterator[list[BarRow]]:
        """The bars of one length of one instrument, in pages."""
        return self._pages(
            partial(reading.bars, of=of, interval_s=interval_s), list[BarRow], span, lambda row: ""
        )

    def funding(self, of: InstrumentKey, span: Span, every_ns: int = 0) -> AsyncIterator[list[FundingRow]]:
        """The funding rates of one instrument, or the last of each `every_ns`, in pages."""
        fetch = partial(_sqlite_funding.funding, of=of, every_ns=every_ns)
        return self._pages(fetch, list[FundingRow], span, lambda row: "")

    async def liquidations(self, asked: LiquidationsAsked) -> LiquidationsFound:
        """What the liquidations of a window come to."""
        question = partial(_sqlite_liquidations.liquidations, asked=asked)
        return await self._readers.ask(question, LiquidationsFound, _sqlite_liquidations.NOTHING)

    def gaps(self, of: InstrumentKey, span: Span) -> AsyncIterator[list[GapRow]]:
        """What is missing of one instrument, or of all of them, in pages."""
        return self._pages(partial(_sqlite_gaps.gaps, of=of), list[GapRow], span, lambda row: row.channel)

    async def stats(self, of: InstrumentKey, from_ns: int, to_ns: int) -> Stats:
        """What the ticks of [from_ns, to_ns) come to; exact, while ticks of its ends are kept."""
        first, last = (min(max(ts, 0), reading.NEVER_NS) for ts in (from_ns, to_ns))
        return await self._readers.ask(partial(stats, of=of, from_ns=first, to_ns=last), Stats, NO_STATS)

    def close(self) -> None:
        """Let go of the file. What is being asked still ends; asking again raises `SinkUnavailable`."""
        self._readers.close()

    async def _pages(
        self, fetch: Callable[..., list[R]], kind: type[list[R]], span: Span, tie_of: Callable[[R], str]
    ) -> AsyncIterator[list[R]]:
        """Each page is a question of its own: a slow taker holds nothing."""
        left, after = span.limit, span.after
        while left > 0:
            asked = reading.page_of(span, after, min(left, PAGE_ROWS))
            nothing: list[R] = []
            page = await self._readers.ask(partial(fetch, page=asked), kind, nothing)
            if page:
                yield page
            if len(page) < asked.limit:
                return
            left -= len(page)
            after = (page[-1].ts, tie_of(page[-1]))
