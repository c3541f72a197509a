"""The processes that read the embedded history: few at a time, each question within its time."""

from __future__ import annotations

import fcntl
import pickle
import subprocess
import sys
import weakref
from collections.abc import Hashable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import msgspec
import trio

from actors.runtime.errors import HistoryTimeout, SinkRefused, SinkUnavailable
from actors.sinks._sqlite_files import Damaged
from actors.sinks._sqlite_reader import ANSWER, ERROR, LENGTH, NOTHING, TIMEOUT, Question

T = TypeVar("T")

PROGRAM = (
    "import sys; sys.path[:] = sys.argv[2:]; from actors.sinks._sqlite_reader import main; main(sys.argv[1])"
)
PIPE_BYTES = 1 << 20  # a whole answer at once, where the system allows
START_WITHIN_S = 10.0
LATE_S = 1.0  # after its time a reader is not asked any more what holds it up
ERRORS = {kind.__name__: kind for kind in (SinkUnavailable, SinkRefused, Damaged)}


class _Gone(Exception):
    """A reader ended before its answer."""


class _Reader:
    """One process. It ends with us, whatever happens to us: its standard input does."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-c", PROGRAM, str(path.absolute()), *sys.path]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._ending = weakref.finalize(self, _end, self._process)
        self._questions = _stream(self._process.stdin)
        self._answers = _stream(self._process.stdout)

    async def until_ready(self) -> None:
        """Wait until it is there. Raises `_Gone`."""
        await self._answer()

    async def ask(self, message: bytes) -> tuple[bytes, bytes]:
        """The kind of the answer, and its bytes. Raises `_Gone`. Given up in between, it is of no use."""
        try:
            await self._questions.send_all(LENGTH.pack(len(message)) + message)
            return await self._answer()
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise _Gone from error

    async def _answer(self) -> tuple[bytes, bytes]:
        had = bytearray()
        while len(had) <= LENGTH.size or len(had) <= LENGTH.size + LENGTH.unpack_from(had)[0]:
            came = await self._answers.receive_some(PIPE_BYTES)
            if not came:
                raise _Gone
            had += came
        return bytes(had[LENGTH.size : LENGTH.size + 1]), bytes(had[LENGTH.size + 1 :])

    def end(self) -> None:
        """Stop it, in the middle of whatever it does."""
        self._ending()


def _stream(pipe: IO[bytes] | None) -> trio.lowlevel.FdStream:
    assert pipe is not None  # noqa: S101 - Popen made it
    file = fcntl.fcntl(pipe.fileno(), fcntl.F_DUPFD_CLOEXEC, 0)
    pipe.close()
    with suppress(AttributeError, OSError):
        fcntl.fcntl(file, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return trio.lowlevel.FdStream(file)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


class Readers:
    """`ask` has a question answered by a process. Readers never wait for the writer, nor it for them."""

    def __init__(self, path: Path, timeout_s: float, most: int) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._free = trio.Semaphore(most)
        self._idle: list[_Reader] = []
        self._closed = False

    async def ask(self, question: Question, kind: type[T], nothing: T) -> T:
        """The answer, which is of `kind`; `nothing` when there is no file yet, or no table in it.

        `question` is a function of a module, or a `partial` of one. Raises `HistoryTimeout`, also when all
        readers were busy for so long, and `SinkUnavailable` when the file cannot be read.
        """
        deadline = trio.current_time() + self._timeout_s
        with trio.move_on_at(deadline) as waiting:
            await self._free.acquire()
        if waiting.cancelled_caught:
            raise HistoryTimeout(f"all readers of {self._path} were busy for {self._timeout_s:g} s")
        try:
            said, body = await self._asked(question, deadline)
        finally:
            self._free.release()
        if said == NOTHING:
            return nothing
        if said == ANSWER:
            answer: T = _decoder(cast(Hashable, kind)).decode(body)
            return answer
        raise self._trouble(said, body)

    async def _asked(self, question: Question, deadline: float) -> tuple[bytes, bytes]:
        with suppress(_Gone):  # one that ended while nobody asked it
            return await self._asked_once(question, deadline)
        try:
            return await self._asked_once(question, deadline)
        except _Gone as error:
            raise SinkUnavailable(f"{self._path}: the process that reads it ends") from error

    async def _asked_once(self, question: Question, deadline: float) -> tuple[bytes, bytes]:
        if self._closed:
            raise SinkUnavailable("the history is closed")
        reader = self._idle.pop() if self._idle else None
        if reader is None:
            reader = await self._started()
            deadline = trio.current_time() + self._timeout_s  # a start takes nothing of a question's time
        answered = False
        try:
            with trio.move_on_at(deadline + LATE_S):
                message = pickle.dumps((question, max(0.0, deadline - trio.current_time())))
                answer = await reader.ask(message)
                answered = True
                return answer
            return TIMEOUT, b""
        finally:
            if answered and not self._closed:
                self._idle.append(reader)
            else:
                reader.end()

    async def _started(self) -> _Reader:
        reader = await trio.to_thread.run_sync(_Reader, self._path)
        is_ready = False
        try:
            with trio.move_on_after(START_WITHIN_S):
                await reader.until_ready()
                is_ready = True
                return reader
        finally:
            if not is_ready:
                reader.end()
        raise SinkUnavailable(
            f"{self._path}: the process that reads it takes longer than {START_WITHIN_S:g} s to start"
        )

    def _trouble(self, said: bytes, body: bytes) -> Exception:
        if said == TIMEOUT:
            return HistoryTimeout(f"the question took longer than {self._timeout_s:g} s")
        if said == ERROR:
            name, words = msgspec.msgpack.decode(body, type=tuple[str, str])
            return ERRORS[name](words)
        return RuntimeError(f"a question to history failed:\n{body.decode()}")

    def close(self) -> None:
        """Let go of the file; what is being asked still ends."""
        self._closed = True
        while self._idle:
            self._idle.pop().end()


@lru_cache(maxsize=64)
def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder[Any](kind)
