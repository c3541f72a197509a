"""One record, the tick that brought it, and what was encoded of it: once for each way of telling it."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import count
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct

from web.stream.decoding import Format
from web.stream.ladder import Ladder, snapshot_record, update_record
from web.stream.records import changed_fields, encode_record

Fields: TypeAlias = tuple[str, ...] | None
IDENTITY = ("start", "channel")  # what tells records of one key apart


class Style(NamedTuple):
    """How records are told."""

    format: Format
    fields: Fields = None


class Cell:
    """The newest record of a key, or of a part of it: one bar, one channel. `offset` is when it came,
    `serial` tells it from all others."""

    __slots__ = ("_encoded", "key", "offset", "part", "record", "serial")
    _serials = count()

    def __init__(self, key: str, part: Hashable, record: Any, offset: int) -> None:
        self.key = key
        self.part = part
        self.record = record
        self.offset = offset
        self.serial = next(self._serials)
        self._encoded: dict[Hashable, bytes] = {}

    def whole(self, style: Style) -> bytes:
        """The record."""
        found = self._encoded.get(style)
        if found is None:
            found = self._encoded[style] = self._whole(style)
        return found

    def since(self, before: Cell, style: Style) -> bytes:
        """What changed since the client was told `before`; empty for nothing that it would see."""
        name = (style, before.serial)
        found = self._encoded.get(name)
        if found is None:
            found = self._encoded[name] = self._since(before, style)
        return found

    def _whole(self, style: Style) -> bytes:
        return encode_record(self.record, style.format, style.fields)

    def _since(self, before: Cell, style: Style) -> bytes:
        changed = changed_fields(before.record, self.record, style.fields)
        if len(changed) < 2:
            return b""
        names = {name: getattr(self.record, name) for name in IDENTITY if hasattr(self.record, name)}
        return encode_record({"key": self.key, **names, **changed}, style.format)


class BookCell(Cell):
    """The best levels of a book. Its version is the tick that changed it."""

    __slots__ = ("depth",)

    def __init__(self, key: str, ladder: Ladder, depth: int, offset: int) -> None:
        super().__init__(key, None, ladder, offset)
        self.depth = depth

    def _whole(self, style: Style) -> bytes:
        record = snapshot_record(self.key, self.record, self.depth, self.offset)
        return encode_record(record, style.format, style.fields)

    def _since(self, before: Cell, style: Style) -> bytes:
        record = update_record(self.key, before.record, self.record, self.depth, self.offset, before.offset)
        return b"" if record is None else encode_record(record, style.format, style.fields)


def has_news(before: Struct, after: Struct, fields: tuple[str, ...]) -> bool:
    """Whether any of these fields differ."""
    return any(getattr(before, name) != getattr(after, name) for name in fields)
