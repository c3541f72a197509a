"""A log that hostile clients cannot flood: one line each, a few per minute and kind, the rest counted."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import trio

LINES_PER_MINUTE = 5
KINDS_MAX = 200
TEXT_CHARACTERS_MAX = 300


@dataclass
class Window:
    """What one kind of line did in the running minute."""

    began_s: float
    lines: int = 0
    suppressed: int = 0


@dataclass
class QuietLog:
    """Writes at most `LINES_PER_MINUTE` lines per kind and minute, and says how many it left out."""

    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("tickwell.web"))
    _windows: dict[str, Window] = field(default_factory=dict)

    def write(self, level: int, kind: str, text: str, *, traceback: bool = False) -> None:
        """Log `text` as one line. `kind` is what it is counted by; `traceback` adds the one being handled."""
        suppressed = self._admit(kind)
        if suppressed is None:
            return
        note = f" ({suppressed} more of these were not logged)" if suppressed else ""
        self.logger.log(level, "%s%s", one_line(text), note, exc_info=traceback)

    def failure(self, doing: str, error: BaseException, level: int = logging.WARNING) -> None:
        """Log what `error` is about, group members included, as one line."""
        leaves = list(leaf_errors(error))
        named = "; ".join(f"{type(leaf).__name__}: {leaf}" for leaf in leaves[:3])
        self.write(level, f"{doing}:{type(leaves[0]).__name__}", f"{doing}: {named}")

    def _admit(self, kind: str) -> int | None:
        now_s = trio.current_time()
        window = self._windows.get(kind)
        if window is None or now_s - window.began_s >= 60:
            if window is None and len(self._windows) >= KINDS_MAX:
                self._windows.clear()
            self._windows[kind] = Window(now_s, lines=1)
            return window.suppressed if window else 0
        if window.lines >= LINES_PER_MINUTE:
            window.suppressed += 1
            return None
        window.lines += 1
        return 0


def one_line(text: str) -> str:
    """`text` without anything that could forge a second log line, and not longer than a line should be."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text[: TEXT_CHARACTERS_MAX + 1])
    return clean if len(clean) <= TEXT_CHARACTERS_MAX else clean[:TEXT_CHARACTERS_MAX] + "…"


def leaf_errors(error: BaseException) -> list[BaseException]:
    """The exceptions inside a group, however deep; an exception that is no group is its own leaf."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for member in error.exceptions for leaf in leaf_errors(member)]
    return [error]
