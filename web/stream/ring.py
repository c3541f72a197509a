"""What happened once, in the order in which it was told, as far back as a bound allows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from web.stream.decoding import Format

ENCODED_ENTRIES_MAX = 64

Encode: TypeAlias = Callable[[str, Any], bytes]  # of a key and a record


class Entry:
    """What one tick brought: its records by key. What was encoded of it once need not be again."""

    __slots__ = ("count", "encoded", "items", "offset")

    def __init__(self, offset: int, items: Mapping[str, Sequence[Any]]) -> None:
        self.offset = offset
        self.items = items
        self.count = sum(map(len, items.values()))
        self.encoded: dict[tuple[str, Format, tuple[str, ...] | None], list[bytes]] = {}

    def keys_among(self, keys: Collection[str]) -> list[str]:
        """Those of `keys` that have records here, at the price of the smaller of the two."""
        if len(keys) < len(self.items):
            return [key for key in keys if key in self.items]
        return [key for key in self.items if key in keys]

    def of(self, key: str, format: Format, fields: tuple[str, ...] | None, encode: Encode) -> list[bytes]:  # noqa: A002
        """The records of a key, encoded."""
        name = (key, format, fields)
        found = self.encoded.get(name)
        if found is None:
            found = self.encoded[name] = [encode(key, record) for record in self.items[key]]
        return found


class Ring:
    """The newest entries, with at most `records_max` records together, or else one entry.

    Whoever has everything up to an offset of at least `floor` has missed nothing. `began_ns` is when it began
    to be filled, by our clock.
    """

    def __init__(self, records_max: int) -> None:
        self.records_max = records_max
        self.restart(0, 0)

    def restart(self, offset: int, now_ns: int) -> None:
        """Know nothing of what was told up to `offset`."""
        self.records = 0
        self.floor = offset
        self.began_ns = now_ns
        self.entries: deque[Entry] = deque()

    def append(self, offset: int, items: Mapping[str, Sequence[Any]]) -> None:
        """Add what a tick brought, and let go of the oldest."""
        entry = Entry(offset, items)
        self.entries.append(entry)
        self.records += entry.count
        if len(self.entries) > ENCODED_ENTRIES_MAX:
            self.entries[-ENCODED_ENTRIES_MAX - 1].encoded.clear()
        while self.records > self.records_max and len(self.entries) > 1:
            gone = self.entries.popleft()
            self.records -= gone.count
            self.floor = gone.offset

    def after(self, offset: int) -> list[Entry]:
        """The entries that are newer than `offset`, oldest first."""
        found: list[Entry] = []
        for entry in reversed(self.entries):
            if entry.offset <= offset:
                break
            found.append(entry)
        found.reverse()
        return found
