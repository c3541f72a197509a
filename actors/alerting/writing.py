"""What happened, on its way to disk: written as soon as the disk takes it, and then sent."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import trio

from actors.alerting.courier import Caller, Courier
from actors.alerting.database import LedgerError
from actors.alerting.ledger import Entry, Ledger

UNWRITTEN_MAX = 10_000
BATCH = 500
RETRY_S = 1.0
_logger = logging.getLogger("tickwell.alerts")


class Writing:
    """At most `UNWRITTEN_MAX` happenings wait in memory; the oldest go first, and `dropped` counts them.
    `trouble` is why the disk takes nothing."""

    def __init__(
        self, ledger: Ledger, couriers: Mapping[str, Courier], call: Caller, now_ns: Callable[[], int]
    ) -> None:
        self.unwritten: deque[Entry] = deque()
        self.dropped = 0
        self.trouble: str | None = None
        self._ledger, self._couriers, self._call, self._now_ns = ledger, couriers, call, now_ns
        self._woken = trio.Event()
        self._is_open = False

    async def open(self) -> None:
        """Open the file, once. Raises `LedgerError` or `StartError`."""
        if self._is_open:
            return
        aside = await self._call(self._ledger.open)
        if aside is not None:
            _logger.error("alerts: the file was damaged, and is %s now", aside)
        forgotten = await self._call(partial(self._ledger.forget_others, tuple(self._couriers)))
        if forgotten:
            _logger.warning("alerts: %d notifications waited for notifiers that are no more", forgotten)
        for name, count in (await self._call(self._ledger.waiting)).items():
            self._couriers[name].waiting = count
        self._is_open, self.trouble = True, None

    def add(self, entries: Sequence[Entry]) -> None:
        """Have these written."""
        self.unwritten.extend(entries)
        while len(self.unwritten) > UNWRITTEN_MAX:
            self.unwritten.popleft()
            self.dropped += 1
        self._woken.set()

    async def run(self) -> None:
        """Write what comes, for as long as the hub runs."""
        while True:
            await self._woken.wait()
            self._woken = trio.Event()
            while self.unwritten:
                if not await self.write():
                    await trio.sleep(RETRY_S)

    async def write(self) -> bool:
        """Write some of what waits. Returns whether the disk took it."""
        entries = [self.unwritten[place] for place in range(min(BATCH, len(self.unwritten)))]
        try:
            await self.open()
            dropped = await self._call(partial(self._ledger.write, entries, self._now_ns()))
        except LedgerError as error:
            if self.trouble is None:
                _logger.error("alerts: what happens cannot be kept: %s", error)
            self.trouble = str(error)
            return False
        self.trouble = None
        for entry in entries:
            if self.unwritten and self.unwritten[0] is entry:
                self.unwritten.popleft()
        for entry in entries:
            for name in entry.notify:
                self._couriers[name].waiting += 1
        for name, count in dropped.items():
            self._couriers[name].waiting -= count
            self._couriers[name].dropped["full"] += count
        for name in {name for entry in entries for name in entry.notify}:
            self._couriers[name].wake()
        return True

    async def close(self) -> None:
        """Write what there is, and let go of the file."""
        while self.unwritten and await self.write():
            pass
        self._is_open = False
        await self._call(self._ledger.close)
