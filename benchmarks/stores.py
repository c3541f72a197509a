"""Real servers on free loopback ports, with the settings that they come with where those matter."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.harness import free_port, until
from tests.sinks.fetch_questdb import NEWEST, NotToBeHad, jar, java

START_WITHIN_S = 60.0
APPLY_WITHIN_S = 120.0
STOP_WITHIN_S = 5.0
QUESTDB_LEFT_OUT = ("http.min.enabled", "pg.enabled", "line.tcp.enabled", "telemetry.enabled")


class Store:
    """A running server. `settle` waits until readers see all that was written; it returns the seconds."""

    def __init__(self, name: str, url: str, pid: int, settle: Callable[[], float]) -> None:
        self.name, self.url, self.pid, self.settle = name, url, pid, settle


@contextmanager
def questdb() -> Iterator[Store]:
    """The newest QuestDB that the tests use. Raises `NotToBeHad`."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        conf = Path(folder) / "conf"
        conf.mkdir()
        lines = [f"http.bind.to=127.0.0.1:{port}", *(f"{name}=false" for name in QUESTDB_LEFT_OUT)]
        (conf / "server.conf").write_text("\n".join(lines))
        command = [java(), "-Xmx2g", "-p", str(jar(NEWEST)), "-m", "io.questdb/io.questdb.ServerMain"]
        with server([*command, "-d", folder]) as child:
            until(lambda: bool(asked(port, "SELECT 1")), "QuestDB's start", START_WITHIN_S)
            yield Store(f"QuestDB {NEWEST}", f"http://127.0.0.1:{port}", child.pid, lambda: settle(port))


def settle(port: int) -> float:
    """Wait until QuestDB has applied its log. Returns how many seconds that took."""
    began_s = time.monotonic()
    waiting = "SELECT name FROM wal_tables() WHERE writerTxn < sequencerTxn"
    until(lambda: not asked(port, waiting), "QuestDB's log to be applied", APPLY_WITHIN_S)
    return time.monotonic() - began_s


def asked(port: int, statement: str) -> list[list[Any]]:
    """The rows of QuestDB's answer."""
    query = urllib.parse.urlencode({"query": statement})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/exec?{query}", timeout=10) as response:
        rows: list[list[Any]] = json.load(response)["dataset"]
        return rows


@contextmanager
def redis() -> Iterator[Store]:
    """The `redis-server` of this machine, which writes each second to disk. Raises `NotToBeHad`."""
    program = shutil.which("redis-server")
    if program is None:
        raise NotToBeHad("there is no redis-server on this machine")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        options = (
            "--port",
            port,
            "--bind",
            "127.0.0.1",
            "--dir",
            folder,
            "--appendonly",
            "yes",
            "--save",
            "",
        )
        with server([program, *map(str, options)]) as child:
            until(lambda: b"redis_version" in told(port), "Redis's start", START_WITHIN_S)
            version = told(port).split(b"redis_version:")[1].split(b"\r")[0].decode()
            yield Store(f"Redis {version}", f"redis://127.0.0.1:{port}", child.pid, lambda: 0.0)


def told(port: int) -> bytes:
    """What a Redis says about itself."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"INFO server\r\n")
        return connection.recv(65_536)


@contextmanager
def server(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A server, ended by its own id."""
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield child
        finally:
            child.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                child.wait(STOP_WITHIN_S)
            child.kill()
            child.wait()


STORES = {"questdb": questdb, "redis": redis}
