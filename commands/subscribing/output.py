"""Standard output as a place that may be slow, full or gone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import trio

PIECE_BYTES = 4096  # what a pipe takes whole, once it says that it takes anything


class ReaderGone(Exception):
    """Whoever read our output has had enough, such as `head`."""


class Output:
    """Writes to a file descriptor without ever holding up anything else.

    It stays a blocking one: others may share it, such as the shell that started us.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        mode = os.fstat(descriptor).st_mode
        self._is_pipe = stat.S_ISFIFO(mode)
        self._may_block = (
            not stat.S_ISREG(mode) and os.fstat(descriptor).st_rdev != Path(os.devnull).stat().st_rdev
        )

    async def write(self, data: bytes) -> None:
        """Write all of it. Raises `ReaderGone`, and `OSError` where there is no room."""
        for piece in pieces(data):
            left = piece
            while left:
                if self._may_block:
                    await trio.lowlevel.wait_writable(self._descriptor)
                left = left[self._write(left) :]

    def _write(self, piece: bytes) -> int:
        try:
            return os.write(self._descriptor, piece)
        except BrokenPipeError:
            raise ReaderGone from None

    async def until_gone(self) -> None:
        """Wait until nobody reads what we write: known at once, also while there is nothing to write."""
        if not self._is_pipe:
            await trio.sleep_forever()
        # The writing end of a pipe has nothing to be read: what wakes us is that its other end was closed.
        await trio.lowlevel.wait_readable(self._descriptor)


def pieces(data: bytes) -> Iterator[bytes]:
    """`data` in pieces that end with a line where that is possible, so that a pipe holds whole lines."""
    begin = 0
    while len(data) - begin > PIECE_BYTES:
        end = data.rfind(b"\n", begin, begin + PIECE_BYTES) + 1 or begin + PIECE_BYTES
        yield data[begin:end]
        begin = end
    yield data[begin:]
