"""A real Redis on a free loopback port, which can be killed, frozen, emptied and started again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry

from tests.patience import PATIENCE_S
from tests.processes import free_port
from tests.sinks.server_process import ServerProcess


class RedisServer(ServerProcess):
    """One server and its folder; `options` are lines of its configuration. It saves every write, so that a
    kill loses none."""

    def __init__(self, root: Path, *options: str, tls: tuple[Path, Path, Path] | None = None) -> None:
        self.port, self.tls_port = free_port(), free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._root, self._options, self.log = root, options, root / "stdout"
        if tls is not None:
            certificate, key, roots = tls
            files = (f"tls-cert-file {certificate}", f"tls-key-file {key}", f"tls-ca-cert-file {roots}")
            self._options += (f"tls-port {self.tls_port}", *files, "tls-auth-clients no")

    def start(self, *more: str, wait: bool = True) -> None:
        """Returns when it answers, if that is waited for. `more` are options for this time."""
        program = shutil.which("redis-server")
        assert program is not None
        self._root.mkdir(parents=True, exist_ok=True)
        lines = [f"port {self.port}", "bind 127.0.0.1", "save ''", "appendonly yes", "appendfsync always"]
        lines += [f"dir {self._root}", *self._options, *more, ""]
        (self._root / "redis.conf").write_text("\n".join(lines))
        self._launch(program, str(self._root / "redis.conf"))
        if wait:
            self.await_answer()

    def empty(self) -> None:
        """It loses its data, while it is down."""
        assert self._child is None
        shutil.rmtree(self._root / "appendonlydir", ignore_errors=True)

    @contextmanager
    def asked(self) -> Iterator[Any]:
        """A plain client, as its users have one. Its annotations hold for asyncio, too, and help nobody."""
        client = Redis(
            port=self.port,
            decode_responses=True,
            socket_timeout=PATIENCE_S,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            yield client
        finally:
            client.close()

    def answers(self) -> bool:
        """Whether it does, or asks for a password."""
        try:
            with self.asked() as client:
                client.ping()
        except AuthenticationError:
            return True
        except RedisError:
            return False
        return True


@contextmanager
def running(root: Path, *options: str, tls: tuple[Path, Path, Path] | None = None) -> Iterator[RedisServer]:
    """A server; whatever is left of it is killed at the end. Skips where none can be had."""
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server: apt-get install redis-server")
    server = RedisServer(root, *options, tls=tls)
    try:
        server.start()
        yield server
    finally:
        server.kill()
