"""The terminal: its size, its keys, and a screen of which only the lines that changed are written."""

from __future__ import annotations

import codecs
import locale
import os
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import trio

from commands.console.cells import Line
from commands.console.keys import read_keys
from commands.subscribing.output import Output

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l\x1b[2J", "\x1b[0m\x1b[?25h\x1b[?1049l"
COLOURED = {"dim": "90", "bold": "1", "up": "32", "down": "31", "warn": "33", "head": "1;4"}
COLOURLESS = {"dim": "2", "bold": "1", "up": "", "down": "", "warn": "1", "head": "1;4"}
ASCII = str.maketrans(
    {
        "↗": "^", "↘": "v", "→": "-", "🟢": "o ", "🟡": "! ", "🔴": "x ", "⚪": "?", "▼": "v", "▲": "^",
        "−": "-", "–": "-", "…": "~", "·": ".", "×": "x", "▏": "_", "�": "?",
    }
)  # fmt: skip
ESC = "\x1b"
ESCAPE_WITHIN_S = 0.05  # what follows an escape so soon belongs to it
READ_BYTES = 1024
END_OF_FILE = "\x04"


class Screen:
    """What stands on the terminal. `paint` brings it up to date."""

    def __init__(self, descriptor: int, *, is_coloured: bool, is_unicode: bool) -> None:
        self._output = Output(descriptor)
        self._descriptor = descriptor
        self._codes = COLOURED if is_coloured else COLOURLESS
        self._is_unicode = is_unicode
        self._painted: list[str] = []
        self._size = (0, 0)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are now."""
        columns, lines = os.get_terminal_size(self._descriptor)
        return (columns, lines) if columns and lines else (80, 24)

    async def paint(self, lines: Sequence[Line], size: tuple[int, int]) -> None:
        """Show these lines. Raises `ReaderGone`, `OSError`."""
        out = []
        if size != self._size:
            out, self._painted, self._size = ["\x1b[0m\x1b[2J"], [], size
        written = [self._written(line) for line in lines]
        for number, text in enumerate(written):
            if number >= len(self._painted) or self._painted[number] != text:
                out.append(f"\x1b[{number + 1};1H{text}\x1b[K")
        self._painted = written
        if out:
            await self._output.write("".join(out).encode("utf-8" if self._is_unicode else "ascii", "replace"))

    def _written(self, line: Line) -> str:
        parts = []
        for text, style in line.spans:
            codes = ";".join(filter(None, ["0", self._codes.get(style, ""), "7" * line.is_marked]))
            parts.append(f"\x1b[{codes}m{text if self._is_unicode else text.translate(ASCII)}")
        return "".join(parts) + "\x1b[0m"


class Keyboard:
    """Keys as they are pressed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    async def keys(self) -> list[str]:
        """The next keys, at least one; `end-of-file` when the terminal is gone."""
        while True:
            await trio.lowlevel.wait_readable(self._descriptor)
            text = self._read()
            if text.endswith((ESC, ESC + "[", ESC + "O")):
                with trio.move_on_after(ESCAPE_WITHIN_S):
                    await trio.lowlevel.wait_readable(self._descriptor)
                    text += self._read()
            if keys := read_keys(text):
                return keys

    def _read(self) -> str:
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except OSError:
            data = b""
        return self._decoder.decode(data) if data else END_OF_FILE


@contextmanager
def taken(keyboard: int, screen: int) -> Iterator[None]:
    """The terminal as a screen of ours while the block runs; as it was before, however that ends."""
    before = termios.tcgetattr(keyboard)
    mode = termios.tcgetattr(keyboard)
    mode[3] &= ~(termios.ICANON | termios.ECHO)
    mode[6][termios.VSUSP] = bytes(
        [os.fpathconf(keyboard, "PC_VDISABLE")]
    )  # nothing would give the shell its screen back
    try:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, mode)
        os.write(screen, ENTER.encode())
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)
        os.write(screen, LEAVE.encode())


def is_unicode() -> bool:
    """Whether the terminal's language has more than ASCII."""
    return codecs.lookup(locale.getpreferredencoding(False)).name == "utf-8"
