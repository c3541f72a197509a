"""How a line of the log is written: for eyes, as key=value pairs (logfmt), or as JSON.

Whatever a message holds, it stays on its line, and nobody forges another line or field, or orders a terminal
about. What looks like a secret is hidden, should it ever get so far.

A message ends in its fields: `"%s is live symbols=%d"`. They are read off the format, which is ours, and not
off the text, which may hold anything.
"""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The request that a task works for, set by the web; empty elsewhere."""

_FIELDS = re.compile(r"(?: [a-z_]+=%[.\d]*[sdfgr])+$")
_RESERVED = {"ts", "level", "logger", "message", "request_id", "traceback"}
_PLAIN = re.compile(r'[^\s"=]+')
_HIDDEN = "(hidden)"
_SECRETS = [
    (re.compile(r"(tw_[a-z0-9][a-z0-9-]{0,31}_)[\w-]{16,}"), rf"\1{_HIDDEN}"),
    (re.compile(r"(\w://)[^\s/@]+@"), rf"\1{_HIDDEN}@"),
    (re.compile(r"(?i)\b(bearer |basic |(?:ticket|token|secret|password)=)[^\s&,;]+"), rf"\1{_HIDDEN}"),
]


def printable(text: str) -> str:
    """`text` with an escape in place of everything that does not print."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )


def harmless(text: str) -> str:
    """`text` on one line, without secrets."""
    for pattern, shown in _SECRETS:
        text = pattern.sub(shown, text)
    return printable(text)


class OneLine(logging.Formatter):
    """For eyes: time, level, message. The lines of a traceback are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line itself."""
        asked = f" request_id={REQUEST_ID.get()}" if REQUEST_ID.get() else ""
        return f"{time_of(record)} {record.levelname:<7} {harmless(record.message)}{asked}"

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """What follows the line."""
        return "\n".join(f"    {harmless(line)}" for line in super().formatException(ei).split("\n"))


class Structured(logging.Formatter):
    """For programs: one object a line, its traceback in it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        message, fields = taken_apart(record)
        told: dict[str, object] = {
            "ts": time_of(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": harmless(message),
            **fields,
        }
        if REQUEST_ID.get():
            told["request_id"] = REQUEST_ID.get()
        if record.exc_info:
            lines = self.formatException(record.exc_info).split("\n")
            told["traceback"] = "\n".join(harmless(line) for line in lines)
        return self.line(told)

    def line(self, told: dict[str, object]) -> str:
        """How the pairs are written."""
        return msgspec.json.encode(told).decode()


class Logfmt(Structured):
    """The same as key=value pairs."""

    def line(self, told: dict[str, object]) -> str:
        """Values with a space, a quote or a line break are quoted, as JSON quotes them."""
        return " ".join(f"{key}={_quoted(value)}" for key, value in told.items())


def _quoted(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if _PLAIN.fullmatch(text) else msgspec.json.encode(text).decode()


def time_of(record: logging.LogRecord) -> str:
    """When it was logged: `2026-11-21T20:30:00.123Z`."""
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def taken_apart(record: logging.LogRecord) -> tuple[str, dict[str, object]]:
    """The message without the fields at its end, and those; numbers stay numbers."""
    found = _FIELDS.search(record.msg) if isinstance(record.msg, str) else None
    if found is None or not isinstance(record.args, tuple):
        return record.getMessage(), {}
    pairs = [pair.partition("=") for pair in found[0].split()]
    names = [name for name, _, _ in pairs]
    if len(names) > len(record.args) or not _RESERVED.isdisjoint(names):
        return record.getMessage(), {}
    split = len(record.args) - len(names)
    values = [_value(place, each) for (_, _, place), each in zip(pairs, record.args[split:], strict=True)]
    words, args = record.msg[: found.start()], record.args[:split]
    message = words % args if args else words.replace("%%", "%")
    return message, dict(zip(names, values, strict=True))


def _value(place: str, value: object) -> object:
    """As precise as its place in the format (`%.1f`) has it."""
    if type(value) is int:
        return value
    return float(place % value) if type(value) is float else harmless(place % (value,))


FORMATS: dict[str, type[logging.Formatter]] = {"text": OneLine, "logfmt": Logfmt, "json": Structured}
