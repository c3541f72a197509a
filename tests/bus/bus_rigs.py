"""Real servers under a bus, each behind the same handles."""

from __future__ import annotations

from itertools import count
from typing import Protocol

from actors.bus.base import Connect
from actors.bus.nats import nats_bus
from actors.bus.redis import redis_bus
from actors.nats.address import Address
from actors.nats.link import linked
from tests.nats.nats_server import NatsServer
from tests.sinks.redis_server import RedisServer

_numbers = count(1)


class BusRig(Protocol):
    """One server, and a prefix that no other rig has."""

    prefix: str

    def connect(self, prefix: str | None = None, *, kept: int = 10_000) -> Connect:
        """Opens connections."""

    def refused(self, secret: str) -> Connect:
        """Opens none: the server does not know this password."""

    async def lose_log(self) -> None:
        """The log is gone, and the server goes on."""

    def kill(self) -> None:
        """The server is gone."""

    def start(self) -> None:
        """It is there again, with what it had."""

    def freeze(self) -> None:
        """It takes connections, and answers nothing."""

    def thaw(self) -> None:
        """It goes on."""


class RedisRig:
    def __init__(self, server: RedisServer) -> None:
        server.ensure()
        self.prefix, self._server = f"test{next(_numbers)}", server

    def connect(self, prefix: str | None = None, *, kept: int = 10_000) -> Connect:
        return redis_bus(self._server.url, prefix or self.prefix, kept)

    def refused(self, secret: str) -> Connect:
        return redis_bus(self._server.url.replace("://", f"://nobody:{secret}@"), self.prefix, 10)

    async def lose_log(self) -> None:
        with self._server.asked() as client:
            client.flushall()

    def kill(self) -> None:
        self._server.kill()

    def start(self) -> None:
        self._server.start()

    def freeze(self) -> None:
        self._server.freeze()

    def thaw(self) -> None:
        self._server.thaw()


class NatsRig:
    def __init__(self, server: NatsServer) -> None:
        server.ensure()
        self.prefix, self._server = f"test{next(_numbers)}", server

    def connect(self, prefix: str | None = None, *, kept: int = 10_000) -> Connect:
        return nats_bus(self._server.url, prefix or self.prefix, kept)

    def refused(self, secret: str) -> Connect:
        return nats_bus(self._server.url.replace("right", secret), self.prefix, 10)

    async def lose_log(self) -> None:
        async with linked(Address.parse(self._server.url)) as link:
            streams = link.client.jetstream()
            await link.across(streams.delete_stream, f"{self.prefix}_log")
            async with self.connect()():
                pass  # another node makes a new one

    def kill(self) -> None:
        self._server.kill()

    def start(self) -> None:
        self._server.start()

    def freeze(self) -> None:
        self._server.freeze()

    def thaw(self) -> None:
        self._server.thaw()
