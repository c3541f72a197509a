"""From what somebody wrote to a rule: strictly, and what is wrong is named by its field."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from actors.market.alerts.rules import Rule

_PLACE = re.compile(r"(?P<words>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?", re.DOTALL)
_OWN = re.compile(r"`(?P<field>\w+)` = (?P<value>.*): expected (?P<expected>.*)", re.DOTALL)
_FIELD = re.compile(r"(missing required|unknown) field `(?P<field>[^`]*)`")
VALUE_SHOWN_MAX = 64


class RuleError(ValueError):
    """A rule that cannot be: `field` is its place, such as `when.value`, `expected` what would be right."""

    def __init__(self, field: str, value: str, expected: str) -> None:
        self.field, self.value, self.expected = field, value, expected
        super().__init__(f"{field}{f' = {value}' if value else ''}: expected {expected}")


def read_rule(given: Any, *, strict: bool = True) -> Rule:
    """The rule in decoded JSON; unless `strict`, texts may stand for numbers. Raises `RuleError`."""
    try:
        return msgspec.convert(given, Rule, strict=strict)
    except msgspec.ValidationError as error:
        raise _told(str(error), given) from None


def _told(message: str, given: Any) -> RuleError:
    place = _PLACE.fullmatch(message)
    words, path = (place["words"], place["path"] or "") if place else (message, "")
    own = _OWN.fullmatch(words)
    if own is not None:
        return RuleError(_joined(path, own["field"]), own["value"], own["expected"])
    named = _FIELD.search(words)
    if named is not None:
        wanted = "a value" if "missing" in words else "no such field"
        return RuleError(_joined(path, named["field"]), "", wanted)
    return RuleError(path or "rule", _shown(given, path), words.removeprefix("Expected "))


def _joined(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


def _shown(given: Any, path: str) -> str:
    """The value at a place, as far as it can be found."""
    value = given
    for part in path.split("."):
        name = part.partition("[")[0]
        value = value.get(name) if isinstance(value, dict) else None
    if value is None or isinstance(value, dict | list):
        return ""
    text = repr(value)
    return text if len(text) <= VALUE_SHOWN_MAX else f"{text[:VALUE_SHOWN_MAX]}…"
