"""A real NATS on a free loopback port, which can be killed, frozen and started again."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import free_port
from tests.sinks.server_process import ServerProcess


class NatsServer(ServerProcess):
    """One server and its folder; `lines` are of its configuration. With `jetstream` it keeps streams."""

    def __init__(self, root: Path, *lines: str, jetstream: bool = False) -> None:
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._root, self._lines, self.log = root, lines, root / "log"
        if jetstream:
            self._lines += (f'jetstream {{ store_dir: "{root}", max_file_store: 256MB }}',)

    def start(self) -> None:
        """Returns when it answers."""
        program = shutil.which("nats-server")
        assert program is not None
        self._root.mkdir(parents=True, exist_ok=True)
        configuration = self._root / "nats.conf"
        configuration.write_text("\n".join([f'listen: "127.0.0.1:{self.port}"', *self._lines, ""]))
        self._launch(program, "-c", str(configuration))
        self.await_answer()

    def answers(self) -> bool:
        """Whether it greets who connects."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                return connection.recv(4096).startswith(b"INFO ")
        except OSError:
            return False


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
