"""A real NATS on a free loopback port, which can be killed, frozen and started again."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import free_port
from tests.sinks.server_process import ServerProcess

START_WITHIN_S = 20


class NatsServer(ServerProcess):
    """One server and its folder; `lines` are of its configuration. With `jetstream` it keeps streams."""

    def __init__(self, root: Path, *lines: str, jetstream: bool = False) -> None:
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._root, self._lines = root, lines
        if jetstream:
            self._lines += (f'jetstream {{ store_dir: "{root}", max_file_store: 256MB }}',)

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._child is not None

    def ensure(self) -> None:
        """It runs, whatever a test has left behind."""
        if self._child is None:
            self.start()

    def start(self) -> None:
        """Returns when it answers."""
        program = shutil.which("nats-server")
        assert program is not None
        self._root.mkdir(parents=True, exist_ok=True)
        configuration = self._root / "nats.conf"
        configuration.write_text("\n".join([f'listen: "127.0.0.1:{self.port}"', *self._lines, ""]))
        with (self._root / "log").open("ab") as log:
            self._child = subprocess.Popen(
                [program, "-c", str(configuration)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._await_answer()

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline:
            assert self._child is not None
            assert self._child.poll() is None, (self._root / "log").read_text(errors="replace")[-2000:]
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    if connection.recv(4096).startswith(b"INFO "):
                        return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"nats-server did not start within {START_WITHIN_S} s")


@contextmanager
def running(root: Path, *lines: str, jetstream: bool = False) -> Iterator[NatsServer]:
    """A server; whatever is left of it is killed at the end. Skips where none can be had."""
    if shutil.which("nats-server") is None:
        pytest.skip("no nats-server: apt-get install nats-server")
    server = NatsServer(root, *lines, jetstream=jetstream)
    try:
        server.start()
        yield server
    finally:
        server.kill()
