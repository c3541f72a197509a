"""A bar where somebody watches, a line now and then where a log does, nothing where silence was asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TextIO

BAR_CHARACTERS = 24
DRAW_EVERY_NS = 100_000_000
LINE_EVERY_NS = 10_000_000_000
CLEAR = "\r\x1b[2K"


class Bar:
    """`show` how far it is as often as there is news; `clear` before anything else is printed."""

    def __init__(self, stream: TextIO, now_ns: Callable[[], int], *, quiet: bool = False) -> None:
        self._stream = stream
        self._now_ns = now_ns
        self._quiet = quiet
        self._is_terminal = stream.isatty()
        self._every_ns = DRAW_EVERY_NS if self._is_terminal else LINE_EVERY_NS
        self._begun_ns = now_ns()
        self._due_ns = self._begun_ns + self._every_ns
        self._is_drawn = False

    def show(self, share: float, words: Callable[[], str]) -> None:
        """`share` is what is done, 0 to 1. `words` are asked for only if they are shown."""
        now_ns = self._now_ns()
        if self._quiet or now_ns < self._due_ns:
            return
        self._due_ns = now_ns + self._every_ns
        if self._is_terminal:
            line = f"{drawn(share)} {share:4.0%} {words()}{self._left(share, now_ns)}"
            self._print(f"{CLEAR}{line[: shutil.get_terminal_size().columns - 1]}")
            self._is_drawn = True
        else:
            self._print(f"{share:.0%} {words()}\n")

    def clear(self) -> None:
        """Take the bar off the screen."""
        if self._is_drawn:
            self._print(CLEAR)
            self._is_drawn = False

    def _left(self, share: float, now_ns: int) -> str:
        """How long it still takes, once that can be guessed."""
        passed_s = (now_ns - self._begun_ns) / 1e9
        if share < 0.02 or passed_s < 2:
            return ""
        left_s = int(passed_s / share * (1 - share))
        return f" · {left_s // 3600}:{left_s // 60 % 60:02}:{left_s % 60:02} left"

    def _print(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def drawn(share: float) -> str:
    """The bar itself."""
    full = round(min(1.0, max(0.0, share)) * BAR_CHARACTERS)
    return "█" * full + "░" * (BAR_CHARACTERS - full)


def size(size_bytes: float) -> str:
    """Bytes as people read them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.3g} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.3g} TB"
