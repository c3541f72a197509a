"""What every question shares: processes, their CPU time and memory, fair turns, medians, and tables.

CPU time is user + system of the whole process under test, read from outside through its CPU clock, which
counts nanoseconds (`/proc/<pid>/stat` counts hundredths of a second). Processes are ended by their own id.
"""

from __future__ import annotations

import http.client
import json
import os
import platform
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Values = dict[str, float]
SETTLED_WITHIN_S = 60.0


@dataclass(frozen=True)
class Plan:
    """How much to measure: everything, or what fits in a minute."""

    quick: bool = False

    def runs(self, full: int = 5, quick: int = 1) -> int:
        """How often each contestant has its turn."""
        return quick if self.quick else full

    def of(self, full: float, quick: float) -> float:
        """A number that is smaller when there is little time."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Bar:
    """What must be reached, and what was. `limit` None: nothing to compare with."""

    name: str
    reached: float
    limit: float | None
    unit: str = "×"

    @property
    def met(self) -> bool:
        """Whether the bar was reached."""
        return self.limit is None or self.reached <= self.limit

    def __str__(self) -> str:
        """One line of Markdown."""
        if self.limit is None:
            return f"{self.name}: {self.reached:.3g} {self.unit}"
        verdict = "met" if self.met else "**missed**"
        return (
            f"{self.name}: {self.reached:.3g} {self.unit}, must be ≤ {self.limit:.3g} {self.unit}: {verdict}"
        )


@dataclass
class Answer:
    """A question's answer: one table, the bars, and every run's numbers."""

    number: int
    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)

    def markdown(self) -> str:
        """The answer as people read it."""
        lines = [f"### {self.number}. {self.title}", "", *table(self.head, self.rows), ""]
        lines += [f"- {line}" for line in (*self.notes, *map(str, self.bars))]
        return "\n".join(lines) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    body = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(row) + " |" for row in body]


def interleaved(contestants: Mapping[str, Callable[[], Values]], runs: int) -> dict[str, list[Values]]:
    """Each contestant's values, taken in turns (A B C, A B C, …), so that noise meets all of them."""
    values: dict[str, list[Values]] = {name: [] for name in contestants}
    for run in range(runs):
        for name, measure in contestants.items():
            say(f"  {name} {run + 1}/{runs}")
            values[name].append(measure())
    return values


def say(text: str) -> None:
    """Tell whoever waits how far it is; the tables alone go to the standard output."""
    print(text, file=sys.stderr, flush=True)


def median(values: Sequence[Values], key: str) -> float:
    """The median of one number over all runs."""
    return statistics.median(each[key] for each in values)


def spread(values: Sequence[Values], key: str, digits: int = 1) -> str:
    """A median with the smallest and largest value."""
    numbers = [each[key] for each in values]
    return f"{statistics.median(numbers):.{digits}f} ({min(numbers):.{digits}f}-{max(numbers):.{digits}f})"


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def cpu_s(pid: int) -> float:
    """The CPU time of a process so far, user + system, all threads (see clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def resident_kb(pid: int) -> int:
    """The resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def unread_bytes(port: int) -> int:
    """What was sent over the connections of a loopback port, and nobody has read yet."""
    total = 0
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = row.split()
        if f"{port:04X}" in (local.partition(":")[2], remote.partition(":")[2]):
            total += sum(int(queue, 16) for queue in queues.split(":"))
    return total


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def raise_file_limit() -> int:
    """As many open files as the hard limit allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Process:
    """A Python child that talks in lines of JSON."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path) -> None:
        self.child, self.log, self.pid = child, log, child.pid

    def read(self) -> dict[str, Any]:
        """The next line that it says."""
        assert self.child.stdout is not None
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.child.args!r} ended:\n{self.log.read_text()[-3000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, word: str) -> dict[str, Any]:
        """Say a word and read the answer."""
        assert self.child.stdin is not None
        self.child.stdin.write(word.encode() + b"\n")
        self.child.stdin.flush()
        return self.read()


@contextmanager
def process(*arguments: object, **environment: object) -> Iterator[Process]:
    """`python ARGUMENTS` in the project's folder, ended by its own id at the latest when the block ends."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKWELL_")}
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        child = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=ROOT,
            env=kept | {name: str(value) for name, value in environment.items()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            yield Process(child, Path(log.name))
        finally:
            end(child)


def end(child: subprocess.Popen[bytes]) -> None:
    """End one child, kindly first."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(3)
    if child.poll() is None:
        child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def get_json(port: int, path: str) -> Any:
    """One GET request to a loopback port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def until(condition: Callable[[], bool], what: str, within_s: float = SETTLED_WITHIN_S) -> None:
    """Wait until `condition` holds; a refused connection means not yet."""
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        with suppress(OSError, http.client.HTTPException):
            if condition():
                return
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not happen within {within_s:g} s")


def machine() -> str:
    """What this ran on."""
    model = "unknown processor"
    with suppress(OSError, IndexError):
        model = Path("/proc/cpuinfo").read_text().split("model name")[1].split("\n")[0].strip("\t :")
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{len(os.sched_getaffinity(0))} cores of {model}, {memory_gb:.0f} GB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, loopback"
    )


def versions(names: Sequence[str]) -> str:
    """The versions of what was compared."""
    known = []
    for name in names:
        with suppress(metadata.PackageNotFoundError):
            known.append(f"{name} {metadata.version(name)}")
    return ", ".join(known)
