"""How the outside world is reached: a connection per feed, and REST beside it.

The files behind this one (`websocket`, `plain`, `rest`) are the only ones that know a client library; its
errors become `FeedError`s there. A connection is opened in three steps, name and TCP, TLS, upgrade, each
with a deadline of its own (`opening`): a server that accepts and then stays silent must not hold an
attempt for ever, and a bad certificate must be named as what it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

import trio

from actors.exchanges.base import Fetch
from actors.feed import plain, websocket
from actors.feed.opening import Stream, open_tcp, open_tls
from actors.feed.rest import open_rest
from actors.runtime.settings import MarketSettings


class Connection(Protocol):
    """One open WebSocket. Whatever goes wrong with it is a `ConnectionLost`."""

    async def receive(self) -> list[bytes]:
        """The next messages, at least one, in order."""

    async def send(self, payload: bytes) -> None:
        """Send one text message."""


class Rest(Protocol):
    """Asks one market's REST interface."""

    async def fetch(self, fetch: Fetch) -> bytes:
        """The body of the answer. Raises `FeedError` for anything but success."""


Upgrade = Callable[[Stream, str, str], AbstractAsyncContextManager[Connection]]
UPGRADES: dict[str, Upgrade] = {"batched": websocket.upgraded, "plain": plain.upgraded}


@asynccontextmanager
async def connect(url: str, upgraded: Upgrade = websocket.upgraded) -> AsyncIterator[Connection]:
    """An open connection to `url` (ws or wss). Raises `FeedError`s that say which step failed, and why."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "wss"
    port = parts.port or (443 if secure else 80)
    resource = parts.path + (f"?{parts.query}" if parts.query else "")
    tcp = await open_tcp(host, port)
    try:
        stream: Stream = await open_tls(tcp, host) if secure else tcp
        async with upgraded(stream, parts.netloc, resource) as connection:
            yield connection
    finally:
        await trio.aclose_forcefully(tcp)


def transport_for(settings: MarketSettings) -> Transport:
    """The real transport, read as the settings say."""
    upgraded = UPGRADES[settings.websocket]
    if settings.websocket == "batched":
        upgraded = partial(websocket.upgraded, coalesce_s=settings.read_coalesce_ms / 1000)
    return Transport(partial(connect, upgraded=upgraded))


@dataclass(frozen=True)
class Transport:
    """How the outside world is reached: the real thing by default, scripted in tests."""

    connect: Callable[[str], AbstractAsyncContextManager[Connection]] = connect
    open_rest: Callable[[str], AbstractAsyncContextManager[Rest]] = open_rest
