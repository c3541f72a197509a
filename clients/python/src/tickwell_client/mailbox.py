"""What waits here for whoever iterates over a subscription. Both kinds are bounded.

`Every` keeps all that happened, in order. When it is full, the client stops reading its socket until there is
room: then the hub knows that we are slow, and tells what we missed. `Newest` keeps the newest record of each
key, so that it never holds more than the subscription has keys.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import anyio

from tickwell_client.events import Batch, Down, Event, Gap, Up

R = TypeVar("R")
OVERFULL = 4  # times the bound: room for what comes while an answer is awaited
NOTICES_MAX = 256
KEYS_MAX = 100_000


class Mailbox(ABC, Generic[R]):
    """Events in, events or single records out. Nothing here waits but `wait`."""

    def __init__(self) -> None:
        self._changed: anyio.Event | None = None

    @abstractmethod
    def put(self, event: Event[R]) -> None:
        """Something happened."""

    @abstractmethod
    def event(self) -> Event[R] | None:
        """The next event, if there is one."""

    @abstractmethod
    def next(self) -> R | Gap | None:
        """The next record, or the gap before it."""

    @abstractmethod
    def clear(self) -> None:
        """Nobody will come for it."""

    @property
    @abstractmethod
    def is_full(self) -> bool:
        """Whether the next event should wait."""

    @property
    def is_overfull(self) -> bool:
        """Whether the next event must wait."""
        return self.is_full

    async def wait(self) -> None:
        """Wait until something was put or taken."""
        if self._changed is None:
            self._changed = anyio.Event()
        await self._changed.wait()

    def notify(self) -> None:
        """Wake whoever waits."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None


class Every(Mailbox[R]):
    """Every event once, in order; full when it holds `records_max` records or more."""

    def __init__(self, records_max: int) -> None:
        super().__init__()
        self._records_max = records_max
        self._events: deque[Event[R]] = deque()
        self._begun: deque[R] = deque()  # what is left of a batch that is taken record by record
        self._count = 0

    @property
    def is_full(self) -> bool:
        return self._count >= self._records_max

    @property
    def is_overfull(self) -> bool:
        return self._count >= self._records_max * OVERFULL

    def put(self, event: Event[R]) -> None:
        self._count += _weight(event)
        self._events.append(event)
        self.notify()

    def event(self) -> Event[R] | None:
        if self._begun:
            rest, self._begun = list(self._begun), deque()
            return self._taken(Batch("update", rest))
        return self._taken(self._events.popleft()) if self._events else None

    def next(self) -> R | Gap | None:
        while not self._begun and self._events:
            event = self._events.popleft()
            if isinstance(event, Batch):
                self._begun.extend(event.records)
                self._count -= 0 if event.records else 1
            else:
                self._taken(event)
                if isinstance(event, Gap):
                    return event
        if not self._begun:
            return None
        self._count -= 1
        self._wake_below_bound()
        return self._begun.popleft()

    def clear(self) -> None:
        self._events.clear()
        self._begun.clear()
        self._count = 0
        self.notify()

    def _taken(self, event: Event[R]) -> Event[R]:
        self._count -= _weight(event)
        self._wake_below_bound()
        return event

    def _wake_below_bound(self) -> None:
        if self._count <= self._records_max // 2:
            self.notify()


class Newest(Mailbox[R]):
    """The newest record of each key, in the order in which the keys changed first.

    Never full: beyond `keys_max` (bars that nobody takes) the oldest goes, and counts as conflated.
    """

    def __init__(self, key_of: Callable[[R], str], keys_max: int = KEYS_MAX) -> None:
        super().__init__()
        self._key_of = key_of
        self._keys_max = keys_max
        self._records: dict[str, R] = {}
        self._removed: dict[str, None] = {}
        self._notices: deque[Event[R]] = deque(maxlen=NOTICES_MAX)
        self._newest: Batch[R] | None = None
        self._is_snapshot = False
        self.conflated = 0

    @property
    def is_full(self) -> bool:
        return False

    def put(self, event: Event[R]) -> None:
        if isinstance(event, Batch):
            self._merge(event)
        else:
            self._notices.append(event)
        self.notify()

    def _merge(self, batch: Batch[R]) -> None:
        if batch.kind == "snapshot":
            self.conflated += len(self._records)
            self._records.clear()
            self._removed.clear()
            self._is_snapshot = True
        if batch.removed:
            self._remove(batch.removed)
        for record in batch.records:
            key = self._key_of(record)
            self.conflated += key in self._records
            if self._removed:
                self._removed.pop(subject_of(record), None)
            self._records[key] = record
        while len(self._records) > self._keys_max:
            del self._records[next(iter(self._records))]
            self.conflated += 1
        self._newest = batch

    def _remove(self, keys: list[str]) -> None:
        """All that waits of these instruments: of derived values and the like, one has several."""
        gone = dict.fromkeys(keys)
        kept = ((key, each) for key, each in self._records.items() if subject_of(each) not in gone)
        self._records = dict(kept)
        self._removed |= gone

    def event(self) -> Event[R] | None:
        if self._notices:
            return self._notices.popleft()
        if self._newest is None or not (self._records or self._removed or self._is_snapshot):
            return None
        newest, self._newest = self._newest, None
        batch = Batch(
            "snapshot" if self._is_snapshot else "update",
            list(self._records.values()),
            list(self._removed),
            newest.offset,
            newest.epoch,
            newest.ts_out,
        )
        self._records.clear()
        self._removed.clear()
        self._is_snapshot = False
        return batch

    def next(self) -> R | Gap | None:
        while self._notices:
            notice = self._notices.popleft()
            if isinstance(notice, Gap):
                return notice
        if not self._records:
            self._removed.clear()
            self._is_snapshot = False
            return None
        return self._records.pop(next(iter(self._records)))

    def clear(self) -> None:
        self._records.clear()
        self._removed.clear()
        self._notices.clear()
        self._newest = None
        self.notify()


def subject_of(record: Any) -> str:
    """The key that a record is about; empty for what has none, such as the whole result of a screener."""
    return str(getattr(record, "key", ""))


def _weight(event: Batch[R] | Gap | Down | Up) -> int:
    """So many records an event counts for: an empty one takes room too."""
    return max(1, len(event.records)) if isinstance(event, Batch) else 1
