"""The bus on a Redis (7 or newer) or Valkey: the log is one stream, a node's note is a key that expires.

    PREFIX:bus:log      the stream; its ids are 0-1, 0-2, …, so that they are the positions
    PREFIX:bus:epoch    the name of this log; who empties the server takes it along
    PREFIX:bus:nodes    the names of nodes, of which those live that have a
    PREFIX:bus:node:N   note

Nothing is asked twice here: after a failure, whoever uses it connects anew.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from secrets import token_hex
from typing import Any, TypeVar

import trio
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from actors.bus.base import READ_MAX, Bus, Connect, Extent, Message
from actors.runtime.errors import BusUnavailable
from actors.sinks._redis_address import Address
from actors.sinks._redis_errors import translated
from actors.sinks._redis_sending import new_client

TIMEOUT_S = 3.0
FIELD = b"d"
_TOO_OLD = "Invalid stream ID"

_Result = TypeVar("_Result")


def redis_bus(url: str, prefix: str, messages_kept: int) -> Connect:
    """Connects to the bus under `prefix`; of its log about `messages_kept` are kept. Raises `SettingsError`
    for a URL that cannot be."""
    address = Address.parse(url)

    @asynccontextmanager
    async def connect() -> AsyncIterator[Bus]:
        bus = RedisBus(address, prefix, messages_kept)
        try:
            await bus.begin()
            yield bus
        finally:
            await bus.close()

    return connect


class RedisBus:
    """One connection; see `Bus`."""

    def __init__(self, address: Address, prefix: str, messages_kept: int) -> None:
        self._address, self._messages_kept = address, messages_kept
        self._log, self._epoch_key = f"{prefix}:bus:log", f"{prefix}:bus:epoch"
        self._nodes, self._note = f"{prefix}:bus:nodes", f"{prefix}:bus:node:"
        self._client = new_client(address, TIMEOUT_S)
        self._thread = trio.CapacityLimiter(1)
        self._epoch = ""

    async def begin(self) -> None:
        """Connect, and find the log or name a new one."""

        def ask(client: Redis) -> str:
            client.set(self._epoch_key, token_hex(6), nx=True)
            return _text(client.get(self._epoch_key))

        self._epoch = await self._ask(ask)

    async def extent(self) -> Extent:
        """What the log holds now."""

        def ask(client: Redis) -> Extent:
            try:
                about: Any = client.xinfo_stream(self._log)
            except ResponseError as error:
                if "no such key" not in str(error):
                    raise
                return Extent(self._epoch, 0, 0)
            newest = _position(about["last-generated-id"])
            first = about["first-entry"]
            return Extent(self._epoch, _position(first[0]) - 1 if first else newest, newest)

        return await self._ask(ask)

    async def publish(self, bodies: Sequence[bytes]) -> None:
        """Append messages, all in one journey."""

        def ask(client: Redis) -> None:
            with client.pipeline(transaction=False) as pipeline:
                for body in bodies:
                    kept = ("MAXLEN", "~", self._messages_kept)
                    pipeline.execute_command("XADD", self._log, *kept, "0-*", FIELD, body)  # type: ignore[no-untyped-call]
                pipeline.execute()

        await self._ask(ask)

    async def read(self, after: int, wait_s: float) -> list[Message]:
        """The next messages."""

        def ask(client: Redis) -> list[Any]:
            with client.pipeline(transaction=False) as pipeline:
                pipeline.get(self._epoch_key)
                block = ("BLOCK", max(1, int(wait_s * 1000)))
                streams = ("STREAMS", self._log, f"0-{after}")
                pipeline.execute_command("XREAD", "COUNT", READ_MAX, *block, *streams)  # type: ignore[no-untyped-call]
                return pipeline.execute()

        epoch, found = await self._ask(ask)
        if _text(epoch) != self._epoch:
            raise BusUnavailable(f"{self._address} has lost the log of the bus; a new one begins")
        entries = found[0][1] if found else []
        return [Message(_position(name), fields[FIELD]) for name, fields in entries]

    async def beat(self, node: str, body: bytes, ttl_s: float) -> None:
        """Leave a note."""

        def ask(client: Redis) -> None:
            with client.pipeline(transaction=False) as pipeline:
                pipeline.set(self._note + node, body, px=max(1, int(ttl_s * 1000)))
                pipeline.sadd(self._nodes, node)
                pipeline.execute()

        await self._ask(ask)

    async def leave(self, node: str) -> None:
        """Take it away."""

        def ask(client: Redis) -> None:
            with client.pipeline(transaction=False) as pipeline:
                pipeline.delete(self._note + node)
                pipeline.srem(self._nodes, node)
                pipeline.execute()

        await self._ask(ask)

    async def nodes(self) -> dict[str, bytes]:
        """The notes of all nodes that live. The name of one that does not is let go."""

        def ask(client: Redis) -> dict[str, bytes]:
            found: Any = client.smembers(self._nodes)
            names = sorted(map(_text, found))
            notes: list[Any] = client.mget([self._note + name for name in names]) if names else []
            known = {name: note for name, note in zip(names, notes, strict=True) if note is not None}
            if gone := [name for name in names if name not in known]:
                client.srem(self._nodes, *gone)
            return known

        return await self._ask(ask)

    async def close(self) -> None:
        """Let go of the connection; a thread that still waits on it ends with it."""
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(partial(_close, self._client))

    async def _ask(self, question: Callable[[Redis], _Result]) -> _Result:
        try:
            return await trio.to_thread.run_sync(
                partial(question, self._client), limiter=self._thread, abandon_on_cancel=True
            )
        except (RedisError, OSError) as error:
            if _TOO_OLD in str(error):
                words = f"{self._address} is too old for the bus: it needs Redis 7 or newer, or Valkey"
                raise BusUnavailable(words) from None
            raise BusUnavailable(str(translated(error, self._address, TIMEOUT_S))) from None


def _close(client: Redis) -> None:
    with suppress(RedisError, OSError):
        client.connection_pool.disconnect()


def _position(name: bytes | str) -> int:
    return int(_text(name).rpartition("-")[2])


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
