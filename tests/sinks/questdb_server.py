"""A real QuestDB on a free loopback port, which can be killed, frozen, emptied and started again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from tests.patience import PATIENCE_S
from tests.processes import free_port
from tests.sinks.fetch_questdb import NEWEST, NotToBeHad, jar, java
from tests.sinks.server_process import ServerProcess

LOG_ERRORS = "writers=stdout\nw.stdout.class=io.questdb.log.LogConsoleWriter\nw.stdout.level=ERROR,CRITICAL\n"
JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
REHEARSAL = (
    "CREATE TABLE rehearsal (ts TIMESTAMP, name SYMBOL, price DOUBLE) TIMESTAMP(ts) PARTITION BY DAY WAL"
    " DEDUP UPSERT KEYS(ts, name)",
    "INSERT INTO rehearsal VALUES (1, 'one', 1.0), (2, 'two', 2.0)",
    "SELECT name, sum(price) FROM rehearsal WHERE price > 0 ORDER BY name LIMIT 1",
)


class QuestDBServer(ServerProcess):
    """One server and its folder. `user` and `password` are what it asks for, if anything; `settings` are more
    of its own, with `_` for each dot. `classes` tells the JVM what to do with an archive of classes."""

    def __init__(
        self,
        version: str,
        root: Path,
        *,
        user: str = "",
        password: str = "",
        classes: str = "",
        **settings: str,
    ) -> None:
        self.version = version
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._root, self.log = root, root / "stdout"
        self._auth = (user, password) if user else None
        self._command = [
            java(), *JVM, classes or loaded_classes(version), "-p", str(jar(version)),
            "-m", "io.questdb/io.questdb.ServerMain", "-d", str(root),
        ]  # fmt: skip
        self._settings = {
            "http.bind.to": f"127.0.0.1:{self.port}",
            "http.min.enabled": "false",
            "pg.enabled": "false",
            "line.tcp.enabled": "false",
            "telemetry.enabled": "false",
            "shared.worker.count": "2",
            # After each request its threads would go round and round for a while, in case there is another.
            "shared.worker.yield.threshold": "1",
            "shared.worker.nap.threshold": "5",
            "shared.worker.sleep.threshold": "20",
            "shared.worker.sleep.timeout": "2",
            # Small files, small pages.
            "cairo.writer.data.append.page.size": "128K",
            "cairo.wal.writer.data.append.page.size": "128K",
            "cairo.system.writer.data.append.page.size": "128K",
            "cairo.system.wal.writer.data.append.page.size": "128K",
            "cairo.o3.column.memory.size": "128K",
            "dev.mode.enabled": "true",  # lets a test suspend a table
            "http.user": user,
            "http.password": password,
            **{name.replace("_", "."): value for name, value in settings.items()},
        }

    def guard(self, user: str, password: str) -> None:
        """Ask for these from the next start on."""
        self._auth = (user, password)
        self._settings |= {"http.user": user, "http.password": password}

    def start(self) -> None:
        """Returns when it answers."""
        conf = self._root / "conf"
        conf.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={value}\n" for name, value in self._settings.items() if value]
        (conf / "server.conf").write_text("".join(lines), encoding="utf-8")
        (conf / "log.conf").write_text(LOG_ERRORS, encoding="utf-8")
        self._launch(*self._command)
        self.await_answer()

    def answers(self) -> bool:
        """Whether it takes questions."""
        try:
            self.query("SELECT 1")
        except httpx.HTTPError:
            return False
        return True

    def stop(self) -> None:
        """As SIGTERM does it; returns when it is gone."""
        assert self._child is not None
        self._child.terminate()
        self._child.wait(5 * PATIENCE_S)  # it may have an archive of its classes to write
        self._child = None

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
            timeout=PATIENCE_S,
            trust_env=False,
        )
        answer = response.json()
        assert "error" not in answer, answer
        return answer.get("dataset", [])  # type: ignore[no-any-return]

    def settle(self) -> None:
        """Returns when readers see everything that was written."""
        deadline = time.monotonic() + PATIENCE_S
        while self.query("SELECT name FROM wal_tables() WHERE writerTxn < sequencerTxn"):
            assert time.monotonic() < deadline, "QuestDB does not apply its log"
            time.sleep(0.01)

    def drop_everything(self) -> None:
        """No table is left."""
        for (name,) in self.query("SELECT table_name FROM tables()"):
            self.query(f'DROP TABLE "{name}"')


@cache
def loaded_classes(version: str) -> str:
    """What lets the JVM map QuestDB's classes instead of loading them, which is half of the time of a start.

    The archive is made once per machine, beside the server, of the version that is started often.
    """
    archive = jar(version).with_suffix(".jsa")
    if version == NEWEST and not archive.exists():
        _archive_classes(version, archive)
    return f"-XX:SharedArchiveFile={archive}" if archive.exists() else "-Xshare:auto"


def _archive_classes(version: str, archive: Path) -> None:
    """A server starts, does a little of everything and stops, and its JVM writes down what that took."""
    with TemporaryDirectory(dir=archive.parent) as folder:
        made = Path(folder) / archive.name
        server = QuestDBServer(version, Path(folder) / "root", classes=f"-XX:ArchiveClassesAtExit={made}")
        try:
            server.start()
            for statement in REHEARSAL:
                server.query(statement)
            server.settle()
            server.drop_everything()
            server.stop()
        finally:
            server.kill()
        if made.exists():
            made.replace(archive)


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
