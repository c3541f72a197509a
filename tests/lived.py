"""Time as processes lived it: a clock that stands still while they wait for a processor.

How soon a price is told to be old, and how soon a trade is safe, are questions of seconds, and the tests
share their machine with others that may keep a processor from the hub for seconds. That is not its doing.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_right
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

SAMPLE_S = 0.05
NS_PER_S = 1e9


class LivedClock:
    """How much of the time since a moment the threads of these processes did not wait for a processor: ours
    too, for it is here that the time is taken.

    The time by which the sampling itself comes late counts as waited for, too: then the whole machine stood
    still. Where the system does not tell (`schedstat` is Linux's) that is all. With `disks` it also stands
    still while a thread of these processes waits for one, but not while one of ours does.
    """

    def __init__(self, *pids: int, disks: bool = False) -> None:
        self._pids = {os.getpid(), *pids}
        self._writers = {*pids} if disks else set[int]()
        self._stopping = Event()
        self._thread = Thread(target=self._sample, daemon=True)
        self._delays_ns = self._told()
        self._times_s, self._waited_s = [time.monotonic()], [0.0]

    def __enter__(self) -> LivedClock:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def since_s(self, moment_s: float) -> float:
        """How long it is since this moment of `time.monotonic`, without what was waited for."""
        return self.between_s(moment_s, time.monotonic())

    def between_s(self, start_s: float, end_s: float) -> float:
        """How long it was from one moment to another, without what was waited for."""
        return max(end_s - start_s - (self._waited_until_s(end_s) - self._waited_until_s(start_s)), 0.0)

    def _waited_until_s(self, moment_s: float) -> float:
        count = len(self._times_s)
        index = max(bisect_right(self._times_s, moment_s, hi=count) - 1, 0)
        waited_s = self._waited_s[index]
        if index == count - 1 and not self._stopping.is_set():  # what held us up held up the sampling, too
            waited_s += max(moment_s - self._times_s[index] - SAMPLE_S, 0.0)
        return waited_s

    @property
    def lived_s(self) -> float:
        """How long it is since the clock began to go, without what was waited for."""
        return self.since_s(self._times_s[0])

    def _sample(self) -> None:
        while not self._stopping.wait(SAMPLE_S):
            now_s, told = time.monotonic(), self._told()
            late_s = now_s - self._times_s[-1] - SAMPLE_S
            more_ns = sum(delay_ns - self._delays_ns.get(task, 0) for task, delay_ns in told.items())
            disk_s = now_s - self._times_s[-1] if any(map(waits_for_a_disk, self._writers)) else 0.0
            self._waited_s.append(self._waited_s[-1] + max(late_s, more_ns / NS_PER_S, disk_s))
            self._times_s.append(now_s)
            self._delays_ns = told

    def _told(self) -> dict[Path, int]:
        """For how long each thread has waited, able to run, since it began."""
        told = {}
        for pid in self._pids:
            for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with suppress(OSError):  # it has ended meanwhile
                    told[stat] = int(stat.read_text().split()[1])
        return told


def waits_for_a_disk(pid: int) -> bool:
    """Whether a thread of a process is in a sleep that nothing interrupts, which is that of who waits for a
    disk."""
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            if stat.read_text().rpartition(")")[2].split()[0] == "D":
                return True
    return False
