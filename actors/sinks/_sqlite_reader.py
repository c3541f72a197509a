"""A reader of the embedded history, in a process of its own: questions on its input, answers on its output.

SQLite lets go of the interpreter at every row. In a thread of a busy hub each row would wait for its turn,
and the hub for the rows; here a question costs the live picture nothing.

A message is its length and its bytes. A question is a function of a connection and the seconds that it may
take, as pickle, for both ends are the same program; an answer is one of `KINDS` and its bytes. The first says
that the process is there.
"""

from __future__ import annotations

import os
import pickle
import signal
import sqlite3
import struct
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import msgspec

from actors.runtime.errors import SinkError
from actors.sinks._sqlite_files import identity, plain_errors

Question: TypeAlias = Callable[[sqlite3.Connection], Any]

LENGTH = struct.Struct("<I")
ANSWER, NOTHING, TIMEOUT, ERROR, FAILURE, READY = KINDS = b"a", b"n", b"t", b"e", b"f", b"r"
# A running query asks about its time every so many steps of SQLite's machine: about once a millisecond.
STEPS = 20_000
LOCK_WAIT_S = 1.0


class Reader:
    """One connection to the file that is there now: another one may have taken its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: tuple[int, int] | None = None
        self._connection: sqlite3.Connection | None = None
        self._deadline_s = 0.0

    def reply(self, question: Question, within_s: float) -> tuple[bytes, bytes]:
        """What to say to a question: its answer, or what became of it."""
        self._deadline_s = time.monotonic() + within_s
        try:
            with plain_errors(self._path):
                connection = self._opened()
                return (NOTHING, b"") if connection is None else self._answered(connection, question)
        except SinkError as error:
            return ERROR, msgspec.msgpack.encode((type(error).__name__, str(error)))
        except Exception:
            return FAILURE, traceback.format_exc().encode()

    def _opened(self) -> sqlite3.Connection | None:
        file = identity(self._path)
        if self._connection is not None and file != self._file:
            self._connection.close()
            self._connection = None
        if self._connection is None and file is not None:
            self._connection, self._file = self._connect(), file
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        address = f"{self._path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(address, uri=True, timeout=LOCK_WAIT_S, isolation_level=None)
        connection.set_progress_handler(self._is_late, STEPS)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _is_late(self) -> bool:
        return time.monotonic() >= self._deadline_s

    def _answered(self, connection: sqlite3.Connection, question: Question) -> tuple[bytes, bytes]:
        """One picture of the whole file, whatever is written meanwhile."""
        connection.execute("BEGIN")
        try:
            if not connection.execute("PRAGMA user_version").fetchone()[0]:
                return NOTHING, b""  # its tables are being made
            return ANSWER, msgspec.msgpack.encode(question(connection))
        except sqlite3.OperationalError:
            if self._is_late():
                return TIMEOUT, b""
            raise
        finally:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")


def main(path: str) -> None:
    """Answer until whoever asks is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the hub, which then lets go of us
    # Whatever prints must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    reader, questions = Reader(Path(path)), sys.stdin.buffer
    say(answers, READY, b"")
    while message := received(questions):
        say(answers, *reader.reply(*pickle.loads(message)))  # noqa: S301 - of the hub that started us


def say(answers: BinaryIO, kind: bytes, body: bytes) -> None:
    """Send one answer."""
    answers.write(LENGTH.pack(len(body)) + kind + body)
    answers.flush()


def received(questions: BinaryIO) -> bytes:
    """The next message; empty at the end."""
    head = questions.read(LENGTH.size)
    return questions.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""
