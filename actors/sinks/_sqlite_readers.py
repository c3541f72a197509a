"""Connections that only read, and the threads that use them: few at a time, each question within its time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from actors.runtime.errors import HistoryTimeout, SinkUnavailable
from actors.sinks._sqlite_files import identity, plain_errors

T = TypeVar("T")

# A running query asks about its time every so many steps of SQLite's machine: about once a millisecond.
STEPS = 20_000
LOCK_WAIT_S = 1.0


class _Stopped(Exception):
    """A question was ended before its answer."""


class _Reader:
    """One connection, and when what it does now has to end."""

    def __init__(self, path: Path, clock: trio.abc.Clock) -> None:
        self.connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=LOCK_WAIT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        self.file = identity(path)
        self.deadline = 0.0
        self.stopped = False
        self._clock = clock
        self.connection.set_progress_handler(self._must_stop, STEPS)
        self.connection.execute("PRAGMA query_only = ON")

    def _must_stop(self) -> bool:
        self.stopped = self._clock.current_time() >= self.deadline or _nobody_waits()
        return self.stopped

    def answer(self, question: Callable[[sqlite3.Connection], T], deadline: float) -> T:
        """One picture of the whole file, whatever is written meanwhile."""
        self.deadline, self.stopped = deadline, False
        self.connection.execute("BEGIN")
        try:
            return question(self.connection)
        finally:
            with suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")


class Readers:
    """`ask` runs a question in a thread. Readers never wait for the writer, nor it for them."""

    def __init__(self, path: Path, timeout_s: float, most: int) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._free = trio.Semaphore(most)
        self._threads = trio.CapacityLimiter(most)
        self._idle: list[_Reader] = []
        self._closed = False

    async def ask(self, question: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        """The answer; `nothing` when there is no file yet.

        Raises `HistoryTimeout`, also when all readers were busy for so long, and `SinkUnavailable` when the
        file cannot be read.
        """
        deadline = trio.current_time() + self._timeout_s
        with trio.move_on_at(deadline) as waiting:
            await self._free.acquire()
        if waiting.cancelled_caught:
            raise HistoryTimeout(f"all readers of {self._path} were busy for {self._timeout_s:g} s")
        try:
            return await self._ask(question, nothing, deadline)
        finally:
            self._free.release()

    async def _ask(self, question: Callable[[sqlite3.Connection], T], nothing: T, deadline: float) -> T:
        work = partial(self._answered, trio.lowlevel.current_clock(), question, nothing, deadline)
        with plain_errors(self._path):
            try:
                return await trio.to_thread.run_sync(work, limiter=self._threads)
            except _Stopped as error:
                await trio.lowlevel.checkpoint_if_cancelled()
                raise HistoryTimeout(f"the question took longer than {self._timeout_s:g} s") from error

    def _answered(
        self,
        clock: trio.abc.Clock,
        question: Callable[[sqlite3.Connection], T],
        nothing: T,
        deadline: float,
    ) -> T:
        """In a thread: take a reader, ask, and put it back."""
        reader = self._reader(clock)
        if reader is None:
            return nothing
        try:
            return reader.answer(question, deadline)
        except sqlite3.OperationalError as error:
            if reader.stopped:
                raise _Stopped from error
            raise
        finally:
            self._put_back(reader)

    def _reader(self, clock: trio.abc.Clock) -> _Reader | None:
        """A reader of the file that is there now: another one may have taken its place."""
        file = identity(self._path)
        if self._closed:
            raise SinkUnavailable("the history is closed")
        while self._idle:
            reader = self._idle.pop()
            if reader.file == file:
                return reader
            reader.connection.close()
        return _Reader(self._path, clock) if file is not None else None

    def _put_back(self, reader: _Reader) -> None:
        if self._closed:
            reader.connection.close()
        else:
            self._idle.append(reader)

    def close(self) -> None:
        """Let go of the file; what is being asked still ends."""
        self._closed = True
        while self._idle:
            self._idle.pop().connection.close()


def _nobody_waits() -> bool:
    """Whether whoever asked went away. Only in a thread that Trio started."""
    try:
        trio.from_thread.check_cancelled()
    except trio.Cancelled:
        return True
    return False
