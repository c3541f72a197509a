"""The HTTP interface as values: what is asked, and what an answer means. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct

from tickwell_client.errors import ProtocolError, RestError

T = TypeVar("T")
Moment: TypeAlias = datetime | int | str
Value: TypeAlias = str | int | float | bool | Sequence[str] | datetime | None


class Meta(Struct, frozen=True):
    """What an answer says of itself, as far as pages go."""

    has_more: bool = False
    next_cursor: str | None = None


class Body(Struct, frozen=True):
    """Every answer."""

    data: Raw
    meta: Meta = Meta()


class Problem(Struct, frozen=True):
    """Every error (RFC 9457)."""

    detail: str = ""
    title: str = ""
    code: str | None = None
    errors: list[dict[str, Any]] = []


@dataclass(frozen=True)
class Question(Generic[T]):
    """A path, its parameters, and the type of the answer's `data`."""

    path: str
    kind: type[T]
    params: Mapping[str, str]

    def read(self, status: int, body: bytes) -> tuple[T, Meta]:
        """What an answer means. Raises `RestError`, and `ProtocolError` for what cannot be read."""
        if status >= 400:
            raise problem(status, body)
        try:
            answer = msgspec.json.decode(body, type=Body)
            return msgspec.json.decode(answer.data, type=self.kind), answer.meta
        except msgspec.MsgspecError as error:
            raise ProtocolError(f"the answer to {self.path} cannot be read: {error}") from error


def question(path: str, kind: type[T], **params: Value) -> Question[T]:
    """A question; parameters that are `None` or empty are left out, and `from_` means `from`."""
    said = {name.rstrip("_"): text(value) for name, value in params.items() if value not in (None, "", ())}
    return Question(path, kind, said)


def text(value: Value) -> str:
    """A parameter as the address has it. Raises `ValueError` for a time without a time zone."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone: datetime.now(UTC) would be right")
        return str(int(value.timestamp() * 1000))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return ",".join(value)
    return str(value)


def part(value: str) -> str:
    """A key or symbol as a part of a path."""
    return quote(value, safe=":@")


def problem(status: int, body: bytes) -> RestError:
    """The exception of an answer that says no."""
    try:
        found = msgspec.json.decode(body, type=Problem)
    except msgspec.MsgspecError:
        return RestError(status, None, body[:200].decode("utf-8", "replace"), [])
    return RestError(status, found.code, found.detail or found.title, found.errors)
