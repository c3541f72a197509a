"""From the bytes of a message to plain values, of which nothing can surprise: JSON and MessagePack alike.

Both formats can say what nobody should: a key twice, NaN, half a character, binary, endless integers. All of
that is refused here, so that whatever is accepted can also be written back in either format.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import isfinite
from typing import Any, Literal, NoReturn, TypeAlias

import msgpack

Format: TypeAlias = Literal["json", "msgpack"]

NESTING_MAX = 16
INTEGER_MAX = 2**53  # beyond it, JavaScript reads another number
SHOWN_MAX = 60


class Unreadable(ValueError):
    """A message that is no message, in words."""


def decode(message: str | bytes | None, format: Format) -> dict[str, Any]:  # noqa: A002
    """The object that a message is. Raises `Unreadable`, and nothing else."""
    try:
        value = _from_json(message) if format == "json" else _from_msgpack(message)
    except Unreadable:
        raise
    except UnicodeDecodeError:
        raise Unreadable("it holds a text that is not UTF-8") from None
    except RecursionError:
        raise Unreadable(f"it is nested more than {NESTING_MAX} deep") from None
    except ValueError as error:
        words = str(error)[:100] or "it ends too early or holds an unknown code"
        raise Unreadable(f"it is not {_NAMES[format]}: {words}") from None
    if not isinstance(value, dict):
        raise Unreadable(f"it is {named(value)}, not an object")
    check(value)
    return value


def check(value: Any) -> None:
    """Raise `Unreadable` for what one of the two formats could not write, and for depth without end."""
    level: list[Any] = [value]
    for _ in range(NESTING_MAX + 1):
        level = [inner for each in level for inner in _checked(each)]
        if not level:
            return
    raise Unreadable(f"it is nested more than {NESTING_MAX} deep")


def named(value: Any) -> str:
    """What kind of value it is, in the words of JSON."""
    return next((words for kind, words in _KINDS.items() if isinstance(value, kind)), type(value).__name__)


def shown(value: Any) -> str:
    """A value as an error shows it: short, and in one line."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"


def _from_json(message: str | bytes | None) -> Any:
    if not message:
        raise Unreadable("it is empty")
    if not isinstance(message, str):
        raise Unreadable("it is a binary message; this connection speaks JSON, in text messages")
    return json.loads(message, object_pairs_hook=_object, parse_constant=_no_constant)


def _from_msgpack(message: str | bytes | None) -> Any:
    if not message:
        raise Unreadable("it is empty")
    if isinstance(message, str):
        raise Unreadable("it is a text message; this connection speaks MessagePack, in binary messages")
    return msgpack.unpackb(
        message, raw=False, strict_map_key=True, object_pairs_hook=_object, ext_hook=_no_extension
    )


def _object(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Unreadable(f"it has the key {shown(str(name))} twice in one object")
        found[name] = value
    return found


def _no_constant(word: str) -> NoReturn:
    raise Unreadable(f"{word} is no number")


def _no_extension(code: int, _: bytes) -> NoReturn:
    raise Unreadable(f"extension type {code} of MessagePack is not used here")


def _checked(value: Any) -> Iterable[Any]:
    """The values inside a value, which itself is fine."""
    if isinstance(value, dict):
        return (*value, *value.values())
    if isinstance(value, list):
        return value
    wrong = _wrong(value)
    if wrong:
        raise Unreadable(wrong)
    return ()


def _wrong(value: Any) -> str:
    if isinstance(value, str):
        return "" if value.isascii() or _is_whole(value) else "it holds half a character (a lone surrogate)"
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return "" if abs(value) <= INTEGER_MAX else f"an integer is beyond {INTEGER_MAX}"
    if isinstance(value, float):
        return "" if isfinite(value) else f"{value} is no number"
    return f"a value is {named(value)}; there are objects, arrays, texts, numbers, booleans and null"


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_NAMES: dict[Format, str] = {"json": "JSON", "msgpack": "MessagePack"}
_KINDS: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a text",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
    bytes: "binary",
}
