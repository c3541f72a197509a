"""A pseudo-terminal with a program on it, and what a person would see there."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pyte
import trio

from tests.patience import PATIENCE_S
from tests.processes import ROOT, environment

READ_BYTES = 65_536


class Terminal:
    """The screen of a program in a terminal of its own. `raw` is everything that it wrote."""

    def __init__(self, child: subprocess.Popen[bytes], master: int, columns: int, lines: int) -> None:
        self.child, self.raw = child, bytearray()
        self._master = master
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """The same in one."""
        return "\n".join(self.lines)

    def colour(self, words: str) -> str:
        """The colour of some words."""
        at, line = next((at, line) for at, line in enumerate(self._screen.display) if words in line)
        return str(self._screen.buffer[at][line.index(words) + self._wide_before(at, line, words)].fg)

    def marked(self) -> str:
        """The line under the cursor."""
        lines = enumerate(self._screen.display)
        return next((line for at, line in lines if self._screen.buffer[at][0].reverse), "")

    def _wide_before(self, at: int, line: str, words: str) -> int:
        """A wide character takes two cells, and is one in the text."""
        return sum(not self._screen.buffer[at][each].data for each in range(line.index(words)))

    async def pump(self) -> None:
        """Bring to the screen what the program writes, until it ends."""
        while True:
            await trio.lowlevel.wait_readable(self._master)
            try:
                data = os.read(self._master, READ_BYTES)
            except OSError:
                return
            self.raw += data
            self._stream.feed(data)

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Another size, as the window of a person gets it."""
        self._screen.resize(lines, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    async def until(self, condition: Callable[[], Any], seconds: float = PATIENCE_S) -> None:
        """Wait until the screen shows something."""
        with trio.move_on_after(seconds):
            while not condition():
                await trio.sleep(0.02)
            return
        raise AssertionError(f"after {seconds} s the screen shows:\n{self.text}")

    async def end(self) -> int:
        """Wait for the program's end: its exit code."""
        with trio.fail_after(PATIENCE_S):
            while self.child.poll() is None:
                await trio.sleep(0.02)
        return self.child.returncode


@asynccontextmanager
async def terminal(
    *arguments: str, columns: int = 80, lines: int = 24, **overrides: object
) -> AsyncIterator[Terminal]:
    """`python supervisor.py …` on a terminal of this size."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    usual = environment(TERM="xterm-256color", LC_ALL="C.UTF-8")
    usual.pop("NO_COLOR", None)
    child = subprocess.Popen(
        [sys.executable, "supervisor.py", *arguments],
        cwd=ROOT,
        env=usual | {name: str(value) for name, value in overrides.items()},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=_own_terminal,  # noqa: PLW1509 - as short as it must be, and no library of Python does it
    )
    os.close(slave)
    try:
        async with trio.open_nursery() as nursery:
            shown = Terminal(child, master, columns, lines)
            nursery.start_soon(shown.pump)
            yield shown
            nursery.cancel_scope.cancel()
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        child.wait()
        os.close(master)


def _own_terminal() -> None:
    """The terminal is the child's own, so that it hears of its signals."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
