"""Trouble for a real Redis, which keeps tickers only."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from redis import Redis

from actors.sinks.base import Sink
from actors.sinks.redis import RedisSink
from tests.drills.paced_load import EXCHANGE, SYMBOLS, PacedLoad
from tests.drills.rigs import Trouble
from tests.drills.small_disk import SmallDisk
from tests.sinks.redis_server import RedisServer

PASSWORD = "right"
# A kill loses nothing that was written; a full disk does not end the server, as it would with `always`.
OPTIONS = (f"requirepass {PASSWORD}", "appendfsync no")
NAMESAKES = SYMBOLS[:3]


class RedisRig:
    """A server whose log is on a disk of its own."""

    def __init__(self, server: RedisServer, disk: SmallDisk) -> None:
        self._server, self._disk = server, disk
        self._password = PASSWORD
        self.name = f"Redis {self._ask('INFO', 'server')['redis_version']}"

    def reset(self) -> None:
        self._disk.free()
        self._server.ensure()
        self._require(PASSWORD)
        self._ask("FLUSHALL")

    def sink(self, timeout_s: float) -> Sink:
        return RedisSink(self._server.url.replace("//", f"//:{PASSWORD}@"), timeout_s=timeout_s)

    def kept(self, load: PacedLoad) -> list[int]:
        with self._client() as client:
            keys: Any = client.keys(f"timeseries:{EXCHANGE}:*")
            texts: list[bytes] = [text for key in keys for text in client.zrange(key, 0, -1)]
        return [load.number_at(int(msgspec.json.decode(text)["ts_ns"])) for text in texts]

    def told_missing(self) -> None:
        return None

    def troubles(self) -> Mapping[str, Trouble]:
        server = self._server
        return {
            "down at start": Trouble(server.kill, server.start),
            "killed mid-batch": Trouble(server.kill, server.start),
            "frozen": Trouble(server.freeze, server.thaw),
            "restarted empty": Trouble(self._kill_and_empty, server.start),
            "wrong password": Trouble(lambda: self._require("another"), lambda: self._require(PASSWORD)),
            "wrong schema": Trouble(self._take_names, self._give_names_back),
            "disk full": Trouble(self._disk.fill, self._disk.free),
        }

    def _client(self) -> closing[Any]:
        return closing(Redis(port=self._server.port, password=self._password, socket_timeout=20))

    def _ask(self, *command: str) -> Any:
        with self._client() as client:
            return client.execute_command(*command)

    def _require(self, password: str) -> None:
        self._ask("CONFIG", "SET", "requirepass", password)
        self._password = password

    def _kill_and_empty(self) -> None:
        self._server.kill()
        self._server.empty()

    def _take_names(self) -> None:
        """Somebody else has keys of the same names."""
        for key in _keys_of_namesakes():
            self._ask("SET", key, "somebody else's")

    def _give_names_back(self) -> None:
        self._ask("DEL", *_keys_of_namesakes())


def _keys_of_namesakes() -> list[str]:
    today = datetime.now(UTC).date()
    days = (today, today + timedelta(days=1))
    return [f"timeseries:{EXCHANGE}:FUTURES:{symbol}:{day}" for symbol in NAMESAKES for day in days]
