"""The newest prices in Redis, Valkey or Dragonfly, for programs that read them there: `RedisSink` writes,
`RedisLatest` reads back what it knew at last.

A cache, not the history: how much of it outlives the server is what that server is told to save. It keeps
ticks only. `docs/redis.md` tells the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import trio

from actors.market.rows import Row, TickRow
from actors.sinks._redis_address import Address
from actors.sinks._redis_latest import newest
from actors.sinks._redis_script import Keep
from actors.sinks._redis_sending import Line, Sending

__all__ = ["Keep", "RedisLatest", "RedisSink"]

_Result = TypeVar("_Result")


class RedisSink:
    """A `Sink`. `url` is `redis://user:password@host:6379/0`, or `rediss://…` for TLS; see `Address`.

    Keys of `bare_exchange` do not carry its name. No single answer is waited for longer than `timeout_s`.
    Where a key is there and not of our type, `write` raises `SinkRefused` with its name; all other keys are
    written all the same. Rows that are no ticks are left out.
    """

    kinds = frozenset[type[Row]]({TickRow})

    def __init__(
        self,
        url: str,
        keep: Keep | None = None,
        *,
        bare_exchange: str = "",
        name: str = "redis",
        timeout_s: float = 2.0,
    ) -> None:
        self.name = name
        self._sending = Sending(Address.parse(url), keep or Keep(), bare_exchange, timeout_s)
        self._thread = trio.CapacityLimiter(1)

    async def open(self) -> None:
        """Connect. Raises `SinkUnavailable`."""
        await self._in_thread(self._sending.open)

    async def write(self, rows: Sequence[Row]) -> None:
        """Returns when Redis has them; a failure leaves them with the caller, who gives them again."""
        await self._in_thread(lambda: self._sending.send(rows))

    async def flush(self) -> None:
        """Nothing is left to do: `write` waits for the server."""
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """Let go of the connection."""
        with trio.CancelScope(shield=True):
            await self._in_thread(self._sending.close)

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await trio.to_thread.run_sync(work, limiter=self._thread)


class RedisLatest:
    """What Redis knew at last, for a hub that starts: `latest` of `History` and nothing else."""

    def __init__(self, url: str, *, bare_exchange: str = "", timeout_s: float = 1.0) -> None:
        self._address, self._bare_exchange, self._timeout_s = Address.parse(url), bare_exchange, timeout_s

    async def latest(self, exchange: str | None, market: str | None) -> list[TickRow]:
        """The newest tick of every instrument. Raises `SinkUnavailable`.

        Whoever waits no longer is let go at once; the thread ends by its time limit.
        """
        line = Line(self._address, self._timeout_s)

        def ask() -> list[TickRow]:
            try:
                return line.ask(lambda client: newest(client, self._bare_exchange, exchange, market))
            finally:
                line.close()

        return await trio.to_thread.run_sync(ask, abandon_on_cancel=True)
