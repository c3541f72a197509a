"""One connection to NATS, and its end.

    trio │ asyncio, on its island
    ─────┼──────────────────────────────────────────────
    publish(messages) ──▶ buffer … flush ──▶ PONG          one crossing a batch: 3 µs a message, not 541
    inbox.take() ◀── deque ◀── callback                    no crossing: a callback may set an event of trio's

The client would connect again by itself, and lose what is published meanwhile without a word. It is not
let: a link that ends is over, and says so. What was published is with the server when `publish` returns, for
it waits for an answer behind the last message; when it raises, nobody knows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import ParamSpec, TypeVar

import trio
import trio_asyncio
from nats.aio.msg import Msg
from nats.errors import Error, SlowConsumerError

from actors.nats.address import Address
from actors.nats.client import CarefulClient
from actors.nats.errors import PERMISSIONS, translated
from actors.nats.island import island
from actors.nats.quotes import Message
from actors.runtime.errors import ConnectionLost, FeedError

NAME = "tickwell"
TIMEOUT_S = 2.0
PING_EVERY_S = 5
PINGS_UNANSWERED_MAX = 1
CLOSE_WITHIN_S = 1.0

FAILURES = (Error, OSError, TimeoutError)  # what the client raises when the world fails
_logger = logging.getLogger("tickwell.nats")
_P = ParamSpec("_P")
_Result = TypeVar("_Result")


@asynccontextmanager
async def linked(address: Address, timeout_s: float = TIMEOUT_S) -> AsyncIterator[Link]:
    """A connection, for as long as it is used: to the first of the servers that lets us in.

    Raises `FeedError`, of the last server, when there is none to be had within `timeout_s` each.
    """
    async with island() as loop:
        link = Link(address, timeout_s, loop)
        try:
            await link.connect()
            yield link
        finally:
            await link.aclose()


class Link:
    """`publish`, `subscribe`, and `until_lost`. `across` runs whatever else the client can do."""

    def __init__(self, address: Address, timeout_s: float, loop: trio_asyncio.BaseTrioEventLoop) -> None:
        self.client = CarefulClient(demands_tls=address.is_encrypted)
        self._address, self._timeout_s = address, timeout_s
        self._ended = trio.Event()
        self._loop = loop
        self._waiting: set[trio.CancelScope] = set()
        self._problem: Exception | None = None
        self._refusal: Exception | None = None
        self.missed = 0  # messages that the client itself had no room for

    @property
    def payload_bytes_max(self) -> int:
        """The largest message that the server takes."""
        return int(self.client.max_payload)

    async def connect(self) -> None:
        """Try one server after the other. Raises `FeedError`, of the last."""
        for url in self._address.urls[:-1]:
            with suppress(FeedError):
                return await self._connect(url)
            await self.aclose()
            self.client = CarefulClient(demands_tls=self._address.is_encrypted)
            self._ended, self._problem = trio.Event(), None
        return await self._connect(self._address.urls[-1])

    async def publish(self, messages: Sequence[Message]) -> None:
        """Returns when the server has them all. Raises `FeedError`; then it may have some."""
        await self.across(self._publish, messages)
        self._heed_refusal()

    async def subscribe(self, subject: str, put: Callable[[Message], None]) -> None:
        """Hand over what is published under a subject, such as to an `Inbox`. Raises `FeedError`."""

        async def take(message: Msg) -> None:
            put(Message(message.subject, message.data, message.headers))

        await self.across(self._subscribe, subject, take)
        self._heed_refusal()

    async def until_lost(self) -> None:
        """Wait for the end. Raises `FeedError`."""
        await self._ended.wait()
        raise self._lost()

    async def across(
        self, work: Callable[_P, Awaitable[_Result]], *arguments: _P.args, **options: _P.kwargs
    ) -> _Result:
        """The result of a coroutine function of the island. Raises `FeedError`, also when the connection ends
        meanwhile: the client itself would let whoever waits for an answer wait."""
        if self._ended.is_set():
            raise self._lost()
        with trio.CancelScope() as scope:
            self._waiting.add(scope)
            try:
                crossing = trio_asyncio.aio_as_trio(work, loop=self._loop)
                result: _Result = await crossing(*arguments, **options)
                return result
            except (*FAILURES, asyncio.CancelledError) as error:
                raise translated(self._problem or error, self._address, self._timeout_s) from None
            finally:
                self._waiting.discard(scope)
        raise self._lost()

    async def aclose(self) -> None:
        """Let go of the connection; it never raises."""
        with (
            trio.CancelScope(shield=True),
            trio.move_on_after(CLOSE_WITHIN_S),
            suppress(*FAILURES, asyncio.CancelledError),
        ):
            await trio_asyncio.aio_as_trio(self.client.close, loop=self._loop)()

    def _lost(self) -> FeedError:
        problem = self._problem or self.client.last_error
        if problem is None:
            return ConnectionLost(f"{self._address} has closed the connection")
        return translated(problem, self._address, self._timeout_s)

    def _heed_refusal(self) -> None:
        """A server says no beside its answers; by the time of the answer it has said so."""
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            raise translated(refusal, self._address, self._timeout_s)

    async def _connect(self, url: str) -> None:
        with trio.move_on_after(self._timeout_s) as within:
            await self.across(self._open, url)
        if within.cancelled_caught:
            raise translated(self._problem or TimeoutError(), self._address, self._timeout_s)

    # On the island

    async def _open(self, url: str) -> None:
        address = self._address
        await self.client.connect(
            url,
            name=NAME,
            user=address.username,
            password=address.password,
            token=address.token,
            tls=address.tls_context(),
            connect_timeout=self._timeout_s,  # type: ignore[arg-type]
            allow_reconnect=False,
            max_reconnect_attempts=1,  # it tries twice even so, and without end if told not to try
            reconnect_time_wait=0,
            ping_interval=PING_EVERY_S,
            max_outstanding_pings=PINGS_UNANSWERED_MAX,
            error_cb=self._on_error,
            closed_cb=self._on_closed,
        )
        self._problem = None

    async def _publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            headers = dict(message.headers) if message.headers else None
            await self.client.publish(message.subject, message.payload, headers=headers)
        await self.client.settle(self._timeout_s)

    async def _subscribe(self, subject: str, take: Callable[[Msg], Awaitable[None]]) -> None:
        await self.client.subscribe(subject, cb=take)
        await self.client.settle(self._timeout_s)

    async def _on_error(self, error: Exception) -> None:
        if not isinstance(error, FAILURES):
            _logger.error("NATS: a message could not be taken", exc_info=error)
        elif isinstance(error, SlowConsumerError):
            self.missed += 1
        elif PERMISSIONS in str(error).lower():
            self._refusal = error
        else:
            self._problem = error

    async def _on_closed(self) -> None:
        self._ended.set()
        for scope in self._waiting:
            scope.cancel()
