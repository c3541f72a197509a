"""A real QuestDB on a free loopback port, which can be killed, frozen, emptied and started again."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import free_port
from tests.sinks.fetch_questdb import NotToBeHad, jar, java
from tests.sinks.server_process import ServerProcess

START_WITHIN_S = 60
APPLY_WITHIN_S = 20


class QuestDBServer(ServerProcess):
    """One server and its folder. `user` and `password` are what it asks for, if anything; `settings` are more
    of its own, with `_` for each dot."""

    def __init__(
        self, version: str, root: Path, *, user: str = "", password: str = "", **settings: str
    ) -> None:
        self.version = version
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._root = root
        self._auth = (user, password) if user else None
        self._child: subprocess.Popen[bytes] | None = None
        self._command = [
            java(), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-p", str(jar(version)),
            "-m", "io.questdb/io.questdb.ServerMain", "-d", str(root),
        ]  # fmt: skip
        self._settings = {
            "http.bind.to": f"127.0.0.1:{self.port}",
            "http.min.enabled": "false",
            "pg.enabled": "false",
            "line.tcp.enabled": "false",
            "telemetry.enabled": "false",
            "shared.worker.count": "2",
            "dev.mode.enabled": "true",  # lets a test suspend a table
            "http.user": user,
            "http.password": password,
            **{name.replace("_", "."): value for name, value in settings.items()},
        }

    def guard(self, user: str, password: str) -> None:
        """Ask for these from the next start on."""
        self._auth = (user, password)
        self._settings |= {"http.user": user, "http.password": password}

    def ensure(self) -> None:
        """It runs, whatever a test has left behind."""
        if self._child is None:
            self.start()

    def start(self) -> None:
        """Returns when it answers."""
        conf = self._root / "conf"
        conf.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={value}\n" for name, value in self._settings.items() if value]
        (conf / "server.conf").write_text("".join(lines), encoding="utf-8")
        with (self._root / "stdout").open("ab") as log:
            self._child = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self._await_answer()

    def empty(self) -> None:
        """It loses its data, while it is down."""
        assert self._child is None
        shutil.rmtree(self._root / "db", ignore_errors=True)

    def query(self, statement: str) -> list[list[Any]]:
        """The rows of an answer."""
        response = httpx.get(
            f"{self.url}/exec",
            params={"query": statement},
            auth=self._auth,
            timeout=APPLY_WITHIN_S,
            trust_env=False,
        )
        answer = response.json()
        assert "error" not in answer, answer
        return answer.get("dataset", [])  # type: ignore[no-any-return]

    def settle(self) -> None:
        """Returns when readers see everything that was written."""
        deadline = time.monotonic() + APPLY_WITHIN_S
        while self.query("SELECT name FROM wal_tables() WHERE writerTxn < sequencerTxn"):
            assert time.monotonic() < deadline, "QuestDB does not apply its log"
            time.sleep(0.01)

    def drop_everything(self) -> None:
        """No table is left."""
        for (name,) in self.query("SELECT table_name FROM tables()"):
            self.query(f'DROP TABLE "{name}"')

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline:
            assert self._child is not None
            assert self._child.poll() is None, (self._root / "stdout").read_text(errors="replace")[-2000:]
            try:
                self.query("SELECT 1")
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"QuestDB {self.version} did not start within {START_WITHIN_S} s")


@contextmanager
def running(version: str, root: Path, **options: str) -> Iterator[QuestDBServer]:
    """A server; whatever is left of it is killed at the end. Skips where none can be had."""
    try:
        server = QuestDBServer(version, root, **options)
    except NotToBeHad as reason:
        pytest.skip(f"no QuestDB: {reason}")
    try:
        server.start()
        yield server
    finally:
        server.kill()
