"""A hub as its client sees it: one connection that is made again whenever it is lost."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import anyio
import msgspec

from tickwell_client import kinds
from tickwell_client.address import authorization, parse
from tickwell_client.backoff import Backoff
from tickwell_client.channels import Channels
from tickwell_client.errors import (
    ConnectionFailed,
    ConnectionLost,
    HubClosed,
    Refused,
    RequestTimeout,
    TickwellError,
)
from tickwell_client.events import Batch
from tickwell_client.feed import Feed, feed_for
from tickwell_client.kinds import Kind
from tickwell_client.link import Link, error_of
from tickwell_client.opening import Options, opened
from tickwell_client.records import Ticker
from tickwell_client.subscription import OnGap, Subscription
from tickwell_client.websocket import Dial, verdict
from tickwell_client.websocket import dial as dial_tcp
from tickwell_client.wire import Codec, Envelope, Format, Heartbeat, Welcome

R = TypeVar("R")
log = logging.getLogger("tickwell_client")


class Hub(Channels):
    """An open hub: subscribe to its channels, ask it things. `connect` makes one."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._feeds: dict[Feed[Any], None] = {}
        self._link: Link | None = None
        self._failure: TickwellError | None = None
        self._changed = anyio.Event()
        self._welcome: Welcome | None = None
        self.reconnects = 0

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection now."""
        return self._link is not None

    @property
    def welcome(self) -> Welcome:
        """What the hub said of itself, on the newest connection: version, epoch, limits."""
        if self._welcome is None:
            raise ConnectionFailed("the hub was not reached yet")
        return self._welcome

    @property
    def heartbeat(self) -> Heartbeat:
        """How late we are, as the hub sees it."""
        return self._link.heartbeat if self._link else Heartbeat()

    async def ping(self) -> float:
        """The seconds that a message takes to the hub and back, both programs included."""
        began = anyio.current_time()
        await self.request("ping")
        return anyio.current_time() - began

    async def latest(self, *selectors: str) -> dict[str, Ticker]:
        """The newest ticker of each instrument that is meant, by key. Raises `RequestError`."""
        async with self.tickers(*selectors) as tickers:
            while not isinstance(await tickers.next_event(), Batch):
                pass
            return tickers.latest

    async def history(
        self, channel: str, key: str, *, limit: int = 100, interval: str | None = None
    ) -> list[Any]:
        """The newest `trades`, `bars` or `liquidations` that the hub has in memory, oldest first.

        `interval` is for bars. For what lies further back there is `Rest`. Raises `RequestError`.
        """
        params: dict[str, Any] = {"channel": channel, "key": key, "limit": limit}
        if interval is not None:
            params["interval"] = interval
        told = await self.request("history", params)
        kind: Any = kinds.KNOWN[channel].record if channel in kinds.KNOWN else dict
        return [msgspec.convert({"key": key, **each}, kind) for each in told["data"]]

    async def subscriptions(self) -> list[dict[str, Any]]:
        """What the hub sends us over this connection, as it sees it."""
        told = await self.request("subscriptions")
        found: list[dict[str, Any]] = told["subscriptions"]
        return found

    async def request(self, method: str, params: Any = None) -> Any:
        """Ask the hub anything that `docs/protocol.md` knows. Waits for a connection if there is none.

        Raises `RequestError`, `RequestTimeout`, `Refused`, and `ConnectionFailed` if the connection is lost
        meanwhile.
        """
        answers: list[Envelope | TickwellError] = []
        answered = anyio.Event()

        def done(answer: Envelope | TickwellError) -> None:
            answers.append(answer)
            answered.set()

        with anyio.move_on_after(self._options.request_within_s):
            link = await self.until_connected()
            req_id = link.send(method, params, done, is_awaited=True)
            try:
                await answered.wait()
            finally:
                link.forget(req_id)
        if not answers:
            raise RequestTimeout(f"no answer to {method} within {self._options.request_within_s:g} s")
        if isinstance(answers[0], TickwellError):
            raise answers[0]
        if not answers[0].success:
            raise error_of(answers[0])
        return self._options.codec.read(answers[0].result, object)

    async def until_connected(self) -> Link:
        """Wait until there is a connection, and get it. Raises `Refused`, `HubClosed`."""
        while self._link is None:
            if self._failure is not None:
                raise self._failure
            await self._changed.wait()
        return self._link

    # For `Subscription`

    def add(self, feed: Feed[Any]) -> None:
        """Have a feed served, now and after each reconnection."""
        if self._failure is not None:
            raise self._failure
        self._feeds = {each: None for each in self._feeds if not each.is_abandoned} | {feed: None}
        if self._link is not None:
            self._link.subscribe(feed)

    def remove(self, feed: Feed[Any]) -> None:
        """A feed is wanted no more."""
        self._feeds.pop(feed, None)
        feed.is_abandoned = True
        feed.fail(HubClosed("this subscription is closed"))
        feed.mailbox.clear()
        if self._link is not None:
            self._link.unsubscribe(feed)

    async def change(self, feed: Feed[Any], params: dict[str, Any]) -> None:
        """Change the options of a feed, here and at the hub."""
        sub = feed.accepted.sub if feed.accepted else None
        await self.request("set", {"sub": sub, **params})
        feed.params = feed.params | params

    def _subscription(self, kind: Kind[R], params: dict[str, Any], on_gap: OnGap = "log") -> Subscription[R]:
        params = {"channel": kind.channel, **params}
        return Subscription(self, feed_for(kind, params, self._options.events_max), on_gap)

    # The connection

    async def run(self, give_up_at: float) -> None:
        """Stay connected. A hub that was never reached is given up at that time of the loop's clock."""
        backoff = self._options.backoff()
        while self._failure is None:
            began = anyio.current_time()
            try:
                ended = verdict(await self._live())
            except (ConnectionFailed, Refused) as error:
                ended = error
            backoff.lived(anyio.current_time() - began)
            if isinstance(ended, Refused) or (self._welcome is None and anyio.current_time() >= give_up_at):
                self.fail(ended)
                return
            self.reconnects += self._welcome is not None
            pause_s = max(backoff.pause_s(), ended.retry_after_s or 0.0)
            log.warning("%s: %s; again in %.1f s", self._options.address, ended, pause_s)
            await anyio.sleep(pause_s)

    def fail(self, error: TickwellError) -> None:
        """It is over: whoever waits is told."""
        self._failure = self._failure or error
        for feed in self._feeds:
            feed.fail(self._failure)
        self._tell_change()

    async def _live(self) -> ConnectionFailed:
        """One connection, until it ends. Returns why it did; raises why it could not begin."""
        async with opened(self._options) as link:
            return await self._carry(link)
        raise AssertionError("`opened` swallows nothing")

    async def _carry(self, link: Link) -> ConnectionFailed:
        """Serve everybody over `link`."""
        self._link, self._welcome = link, link.welcome
        for feed in list(self._feeds):
            if not feed.is_abandoned and feed.failure is None:
                link.subscribe(feed)
        self._tell_change()
        error: ConnectionFailed = ConnectionLost("the connection was closed by us", code=1000)
        try:
            error = await link.run()
        finally:
            self._link = None
            link.end(error)
            for feed in self._feeds:
                feed.down(error)
        return error

    def _tell_change(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


@asynccontextmanager
async def connect(
    url: str,
    *,
    format: Format = "json",  # noqa: A002
    compression: bool = False,
    events_max: int = 10_000,
    wait_s: float = 0.0,
    request_within_s: float = 10.0,
    ssl_context: ssl.SSLContext | None = None,
    dial: Dial | None = None,
    backoff: Callable[[], Backoff] = Backoff,
    token: str = "",
) -> AsyncIterator[Hub]:
    """An open `Hub` while the block runs, on Trio or asyncio.

    `url` is such as `ws://127.0.0.1:8765` (or `http`, `wss`, `https`, or a host alone). `format` is `json` or
    `msgpack`. `compression` spares the network and costs the processor: not worth it within one machine.
    `events_max` bounds what waits of a channel whose every record counts. `wait_s` is how long to wait for a
    hub that does not run yet; afterwards the connection is made again for ever. `dial` opens the byte stream,
    if not TCP. `token` is shown to a hub that wants one.

    Raises `ValueError` for a `url` or a `token` that means nothing, `ConnectionFailed` if the hub cannot be
    reached at first, and `Refused` if it will not have us.
    """
    options = Options(
        parse(url),
        Codec(format),
        compression,
        events_max,
        request_within_s,
        dial or partial(dial_tcp, context=ssl_context),
        backoff,
        token,
    )
    authorization(token)
    hub, failure = Hub(options), None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hub.run, anyio.current_time() + wait_s)
        try:
            await hub.until_connected()
            yield hub
        except (Exception, KeyboardInterrupt) as error:
            failure = error  # so that it leaves the task group as it came, not in a group
        finally:
            hub.fail(HubClosed("the block of connect() has ended"))
            tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
