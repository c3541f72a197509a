"""A note beside an outbox that its process leaves behind when it dies.

It says until when everything that was accepted is safe, in the sink or on disk. Whoever opens the outbox next
knows from it that rows may be missing, and since when. A process that ends in order takes its note along.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from secrets import randbits

RUN = randbits(63)  # not the process id: in a container that may be the same at every start


class Presence:
    """`died_ns` before the first `vouch`, then that every second or so, at last `leave`.

    The calls block, but not for long: nothing is forced to the disk. What the disk refuses is let pass: the
    next process then looks for what is missing from an earlier moment on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def died_ns(self) -> int | None:
        """Until when the rows of another process are safe that has died here; `None` if there was none.

        0 when it died so badly that its note cannot be read.
        """
        try:
            words = self._path.read_text(encoding="ascii", errors="replace").split()
        except OSError:
            return None
        if len(words) != 2 or not all(word.isdecimal() for word in words):
            return 0
        return None if int(words[0]) == RUN else int(words[1])

    def vouch(self, safe_ns: int) -> None:
        """Everything that was accepted before this moment is safe."""
        note = f"{RUN:>20} {safe_ns:>20}\n".encode()
        # In one piece and over the old one: it is always one of the two, whenever we die.
        with suppress(OSError):
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                os.pwrite(file, note, 0)
            finally:
                os.close(file)

    def leave(self) -> None:
        """We end in order."""
        with suppress(OSError):
            self._path.unlink()
