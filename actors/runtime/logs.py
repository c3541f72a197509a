"""Logs: one line per event on stderr, and never a flood of the same; `logformats` says how it is written."""

from __future__ import annotations

import logging
import re
import sys
from dataclasses import dataclass, field

from actors.runtime.logformats import FORMATS, printable

__all__ = ["OncePerMinute", "configure_logs", "printable"]

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass
class _Told:
    """What one kind of line said in the running minute, and how many of its lines were held back."""

    texts: set[str] = field(default_factory=set)
    held_back: int = 0


class OncePerMinute(logging.Filter):
    """Lets each condition through once a minute, and counts what it holds back.

    A condition is what a line says, whatever its numbers are. Lines that differ in more than their first
    argument are of one kind (a thousand topics of one feed), of which a few may come. Debug messages pass.
    """

    CONDITIONS_OF_A_KIND = 3
    KINDS_MAX = 2000

    def __init__(self) -> None:
        super().__init__()
        self._minute = 0
        self._told: dict[object, _Told] = {}
        self._told_before: dict[object, _Told] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if record.levelno <= logging.DEBUG:
            return True
        minute = int(record.created // 60)
        if minute != self._minute or len(self._told) > self.KINDS_MAX:
            self._minute, self._told_before, self._told = minute, self._told, {}
        args = record.args if isinstance(record.args, tuple) else ()
        kind = (record.name, str(record.msg), str(args[0]) if args else "")
        text = _NUMBER.sub("0", _text_of(record))
        told = self._told.setdefault(kind, _Told())
        before = self._told_before.pop(kind, None)
        if before is not None and before.held_back:
            _add_field(record, "suppressed", before.held_back)
        if text in told.texts or len(told.texts) >= self.CONDITIONS_OF_A_KIND:
            told.held_back += 1
            return False
        told.texts.add(text)
        return True


def _text_of(record: logging.LogRecord) -> str:
    """What it says; of a line whose arguments do not fit, its format."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return str(record.msg)


def _add_field(record: logging.LogRecord, name: str, value: int) -> None:
    """Put another field at the end of the line."""
    if isinstance(record.args, tuple) and isinstance(record.msg, str):
        words = record.msg if record.args else record.msg.replace("%", "%%")
        record.msg, record.args = f"{words} {name}=%d", (*record.args, value)
    else:
        record.msg, record.args = f"{_text_of(record)} {name}={value}", ()


def configure_logs(level: str, log_format: str = "text") -> None:
    """Write logs of `level` and above to stderr, in one of `FORMATS`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMATS[log_format]())
    handler.addFilter(OncePerMinute())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("tickwell").setLevel(level.upper())
