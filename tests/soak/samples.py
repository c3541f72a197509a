"""What is measured of a hub while it runs, from outside: its process, its metrics, its status."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import trio
from prometheus_client.parser import text_string_to_metric_families

from tests.loopback.siege import memory_mib, processor_s
from tests.processes import HubProcess

Sums = Mapping[str, float]
TLS = ssl.create_default_context()  # never used, and slow to make for every sample


@dataclass
class Watch:
    """Samples of a hub, one every `every_s`. `off_balance` counts rows of sinks that were not accounted for,
    over all samples; `asked` are our own requests."""

    tickwell: HubProcess
    every_s: float
    times_s: list[float] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    loop_lag_max_s: float = 0.0
    off_balance: int = 0
    asked: int = 0

    async def look_for_ever(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.look()
            await trio.sleep(self.every_s)

    async def until_taken(self, count: int) -> None:
        """Wait until there are so many samples."""
        while len(self.times_s) < count:
            await trio.sleep(0.1)

    async def look(self) -> None:
        """Take a sample."""
        pid = self.tickwell.child.pid
        sums = await self.sums()
        self.times_s.append(trio.current_time())
        self.memory_mib.append(memory_mib(pid))
        self.descriptors.append(descriptors_of(pid))
        self.loop_lag_max_s = max(self.loop_lag_max_s, sums["tickwell_loop_lag_max_seconds"])
        self.off_balance += abs(int(unaccounted(sums)))

    async def sums(self) -> Sums:
        """Every metric, its samples added up. A connection of its own, as every request of ours."""
        self.asked += 1
        with trio.CancelScope(shield=True):  # so that what is counted comes about
            async with httpx.AsyncClient(timeout=60, verify=TLS) as client:
                answer = await client.get(f"{self.tickwell.url}/metrics")
        return added_up(answer.text)

    def processor_s(self) -> float:
        """The processor time that the hub has used."""
        return processor_s(self.tickwell.child.pid)


def descriptors_of(pid: int) -> int:
    """How many files, sockets and pipes a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def added_up(text: str) -> Sums:
    """The samples of a scrape, added up by name."""
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
    return sums


def unaccounted(sums: Sums) -> float:
    """Rows that were accepted for sinks, and are neither written, nor waiting, nor counted as dropped."""
    parts = ("written_rows_total", "in_hand_rows", "outbox_rows", "dropped_rows_total")
    return sums["tickwell_sink_accepted_rows_total"] - sum(sums[f"tickwell_sink_{part}"] for part in parts)
