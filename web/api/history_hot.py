"""What was just answered, for whoever asks the same within a second: a hot question is asked once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

import trio

T = TypeVar("T")
FRESH_NS = 1_000_000_000
KEPT_MAX = 32


class Hot:
    """The newest values by their question, for a second each. Whoever asks while one is made waits for it;
    if making it fails or is given up, the next makes it."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._kept: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._locks: dict[Hashable, trio.Lock] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """The value of `key`, made by `make` only if there is no fresh one."""
        lock = self._locks.setdefault(key, trio.Lock())
        try:
            async with lock:
                if self._is_fresh(key):
                    value: T = self._kept[key][1]
                    return value
                value = await make()
                self._keep(key, value)
                return value
        finally:
            if not lock.locked():
                self._locks.pop(key, None)

    def _is_fresh(self, key: Hashable) -> bool:
        kept = self._kept.get(key)
        return kept is not None and 0 <= self._now_ns() - kept[0] < FRESH_NS

    def _keep(self, key: Hashable, value: Any) -> None:
        for old in [each for each in self._kept if not self._is_fresh(each)]:
            del self._kept[old]
        self._kept[key] = (self._now_ns(), value)
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
