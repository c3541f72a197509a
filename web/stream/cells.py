"""One record, the tick that brought it, and what was encoded of it: once for each way of telling it."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import count
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct

from actors.market.tick import Record
from web.stream.decoding import Format
from web.stream.ladder import Ladder, snapshot_record, update_record
from web.stream.records import changed_fields, encode_record, ticker_body, ticker_record
from web.stream.shapes import identity

Fields: TypeAlias = tuple[str, ...] | None


class Style(NamedTuple):
    """How records are told."""

    format: Format
    fields: Fields = None


PLAIN = Style("json")


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
        names = {name: getattr(self.record, name) for name in identity(self.record.__class__)}
        return encode_record({**names, **changed}, style.format)


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


class TickerCell(Cell):
    """A ticker as it stands on its board, where the greater part of it is encoded already. Its record as a
    stream tells it is made only for who wants it in another way than whole and in JSON."""

    __slots__ = ("_made",)

    def __init__(self, key: str, record: Record, offset: int) -> None:
        super().__init__(key, None, record, offset)
        self._made: Struct | None = None

    def made(self) -> Struct:
        """The record as a stream tells it."""
        if self._made is None:
            self._made = ticker_record(self.record.ticker)
        return self._made

    def tells(self, record: Record) -> bool:
        """Whether it tells the same as another record of its board."""
        mine, other = self.record, record
        return mine.body == other.body and _changes(mine.ticker) == _changes(other.ticker)

    def _whole(self, style: Style) -> bytes:
        if style == PLAIN:
            return ticker_body(self.record)
        return encode_record(self.made(), style.format, style.fields)

    def _since(self, before: Cell, style: Style) -> bytes:
        told = before.made() if isinstance(before, TickerCell) else before.record
        changed = changed_fields(told, self.made(), style.fields)
        return encode_record(changed, style.format) if len(changed) > 1 else b""


# What a ticker tells beside the body that it shares with the realtime sockets, and what follows from it.
_changes = attrgetter("change_1m", "change_5m", "change_1h")


def has_news(before: Struct, after: Struct, fields: tuple[str, ...]) -> bool:
    """Whether any of these fields differ."""
    return any(getattr(before, name) != getattr(after, name) for name in fields)
