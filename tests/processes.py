"""Tickwell and its simulated exchanges as processes of their own, on free loopback ports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import trio

from simulator import addresses
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parent.parent
# Long enough that whoever ends within `PATIENCE_S` was not made to, which loses what it had in hand.
NEVER_FORCED = {"TICKWELL_SUPERVISOR_SHUTDOWN_GRACE_S": 300}


_HELD: list[socket.socket] = []


def free_port() -> int:
    """A port that nobody listens on, and that the system gives to nobody else while this process lives.

    It stays bound. On Linux whoever names it may listen there all the same, as long as both sockets may share
    an address (`SO_REUSEADDR`, as any server asks for) and this one does not listen.
    """
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    port = int(probe.getsockname()[1])
    if sys.platform == "linux":
        _HELD.append(probe)
    else:
        probe.close()
    return port


def until_it_answers(child: subprocess.Popen[bytes], answers: Callable[[], bool], log: Path) -> None:
    """Returns when a program answers; of another program that can only be asked again and again. Fails, with
    the end of its log, when it has ended or takes too long."""
    deadline_s = time.monotonic() + PATIENCE_S
    while child.poll() is None and time.monotonic() < deadline_s:
        if answers():
            return
        time.sleep(0.02)
    ended = (
        f"ended with {child.poll()}" if child.poll() is not None else f"did not answer within {PATIENCE_S} s"
    )
    raise AssertionError(f"{child.args!r} {ended}:\n{log.read_text(errors='replace')[-2000:]}")


def environment(**overrides: object) -> dict[str, str]:
    """The environment of a child process: ours, without settings of Tickwell's, and with `overrides`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKWELL_")}
    return kept | {name: str(value) for name, value in overrides.items()}


@contextmanager
def process(*arguments: str, log: Path, **overrides: object) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process of the project; killed by its own id if it still runs at the end."""
    with log.open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment(**overrides),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
            if child.stdout:
                child.stdout.close()


class SimulatorProcess:
    """`python -m simulator`, and the door through which a test makes it fail."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        self.child = child
        self.port = int(json.loads(child.stdout.readline())["port"])
        self.url = f"http://127.0.0.1:{self.port}"

    async def inject(self, **fault: object) -> None:
        """Make something fail from now on."""
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            (await client.post(f"{self.url}/control/fault", json=fault)).raise_for_status()

    async def heal(self) -> None:
        """Let everything work again."""
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            (await client.post(f"{self.url}/control/heal")).raise_for_status()

    async def connections(self, venue: str) -> set[int]:
        """The numbers of all connections to a venue."""
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            told = (await client.get(f"{self.url}/control/state")).json()["connections"]
        return {each["number"] for each in told if each["venue"] == venue}


@contextmanager
def simulator(tmp_path: Path, *arguments: str) -> Iterator[SimulatorProcess]:
    """Simulated exchanges in a process of their own."""
    with process("-m", "simulator", *arguments, log=tmp_path / "simulator.log") as child:
        yield SimulatorProcess(child)


class HubProcess:
    """`python supervisor.py`, as a user runs it."""

    def __init__(self, child: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.child, self.port, self.log = child, port, log
        self.url, self.stream_url = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"

    async def get(self, path: str) -> httpx.Response:
        """One GET request."""
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            return await client.get(self.url + path)

    async def status(self) -> dict[str, Any]:
        """What `/ws/realtime/status` answers."""
        answer: dict[str, Any] = (await self.get("/ws/realtime/status")).json()
        return answer

    async def states(self) -> dict[str, str]:
        """The state of every market."""
        return {
            f"{each['exchange']}:{each['market']}": each["state"] for each in (await self.status())["markets"]
        }

    async def until_listening(self) -> None:
        """Wait until the web answers."""
        with trio.fail_after(PATIENCE_S):
            while self.child.poll() is None:
                try:
                    await self.get("/livez")
                    return
                except httpx.TransportError:
                    await trio.sleep(0.05)
        raise AssertionError(f"the hub ended with {self.child.returncode}:\n{self.log.read_text()}")

    async def until_states(self, state: str, *markets: str) -> None:
        """Wait until the markets (or all of them) are in `state`."""
        with trio.fail_after(PATIENCE_S):
            while True:
                states = await self.states()
                if states and all(states[market] == state for market in markets or states):
                    return
                await trio.sleep(0.05)

    async def until_it_catches(self, number: int) -> None:
        """Wait until a signal would not simply end it: the interpreter itself takes its time to start."""
        with trio.fail_after(PATIENCE_S):
            while not caught_by(self.child.pid) >> (number - 1) & 1:
                await trio.sleep(0.01)

    async def signal_and_wait(self, number: int = signal.SIGTERM) -> int:
        """Send a signal. Returns the exit code."""
        self.child.send_signal(number)
        return await self.until_ended()

    async def until_ended(self) -> int:
        """Wait until it has ended. Returns the exit code."""
        return await trio.to_thread.run_sync(self.child.wait, PATIENCE_S)


def caught_by(pid: int) -> int:
    """The signals that a process has handlers for, as Linux tells them: bit 0 is signal 1."""
    status = Path(f"/proc/{pid}/status").read_text()
    [mask] = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return int(mask, 16)


@contextmanager
def hub(
    tmp_path: Path, simulator_port: int | None, *arguments: str, **overrides: object
) -> Iterator[HubProcess]:
    """The hub on the shipped settings, with the exchanges of a simulator, or the real ones."""
    port, log = free_port(), tmp_path / "hub.log"
    given: dict[str, object] = {"TICKWELL_WEB_PORT": port, "TICKWELL_DATA_DIRECTORY": tmp_path / "data"}
    for exchange, urls in addresses(simulator_port).items() if simulator_port else ():
        given |= {f"TICKWELL_EXCHANGE_{exchange}_{key}".upper(): url for key, url in urls.items()}
    with process("supervisor.py", *arguments, log=log, **(given | overrides)) as child:
        yield HubProcess(child, port, log)
