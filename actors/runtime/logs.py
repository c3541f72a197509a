"""Logs: one line per event on stderr, key=value at its end, and never a flood of the same."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)-7s %(message)s"


class OncePerMinute(logging.Filter):
    """Lets a message through a few times a minute, then counts what it holds back.

    A condition is what a log call's text and first argument say: the same fault of another feed is another
    condition. Debug messages pass.
    """

    LINES_PER_MINUTE = 3
    CONDITIONS_MAX = 2000

    def __init__(self) -> None:
        super().__init__()
        self._minute = 0
        self._lines: dict[object, int] = {}
        self._suppressed: dict[object, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if record.levelno <= logging.DEBUG:
            return True
        minute = int(record.created // 60)
        if minute != self._minute or len(self._lines) > self.CONDITIONS_MAX:
            self._minute, self._suppressed, self._lines = minute, self._lines, {}
        args = record.args if isinstance(record.args, tuple) else ()
        condition = (record.name, str(record.msg), str(args[0]) if args else "")
        count = self._lines[condition] = self._lines.get(condition, 0) + 1
        held_back = self._suppressed.pop(condition, 0) - self.LINES_PER_MINUTE
        if held_back > 0:
            record.msg = f"{record.getMessage()} suppressed={held_back}"
            record.args = ()
        return count <= self.LINES_PER_MINUTE


class OneLine(logging.Formatter):
    """Whatever a message holds, it stays on its line, and the lines of a traceback are indented: nobody
    forges a line, or orders a terminal about."""

    converter = staticmethod(time.gmtime)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line itself."""
        return _printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """What follows the line."""
        return "\n".join(f"    {_printable(line)}" for line in super().formatException(ei).split("\n"))


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )


def configure_logs(level: str) -> None:
    """Write logs of `level` and above to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(_FORMAT, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(OncePerMinute())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("tickwell").setLevel(level.upper())
