"""From an address to an open `Link`: dial, upgrade, welcome, each with its own time-out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import ByteStream

from tickwell_client.address import Address, authorization
from tickwell_client.backoff import Backoff
from tickwell_client.errors import ConnectionFailed, ProtocolError, Refused
from tickwell_client.link import Link
from tickwell_client.websocket import Dial, WebSocket, dial, upgrade
from tickwell_client.wire import VERSION, Codec, Welcome

STEP_WITHIN_S = 10.0


@dataclass(frozen=True)
class Options:
    """How a hub is talked to; see `connect`."""

    address: Address
    codec: Codec
    compression: bool = False
    events_max: int = 10_000
    request_within_s: float = 10.0
    dial: Dial = dial
    backoff: Callable[[], Backoff] = Backoff
    token: str = field(default="", repr=False)


@asynccontextmanager
async def opened(options: Options) -> AsyncIterator[Link]:
    """A connection while the block runs. Raises `ConnectionFailed`, `Refused`."""
    stream = await _dialled(options)
    try:
        websocket = await _upgraded(stream, options)
        try:
            yield await _greeted(websocket, options)
        finally:
            await websocket.aclose()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.aclose_forcefully(stream)


async def _dialled(options: Options) -> ByteStream:
    with anyio.move_on_after(STEP_WITHIN_S):
        return await options.dial(options.address)
    raise ConnectionFailed(f"{options.address} did not answer within {STEP_WITHIN_S:g} s")


async def _upgraded(stream: ByteStream, options: Options) -> WebSocket:
    with anyio.move_on_after(STEP_WITHIN_S):
        subprotocol, headers = options.codec.subprotocol, authorization(options.token)
        return await upgrade(stream, options.address, subprotocol, options.compression, headers)
    raise ConnectionFailed(f"{options.address} did not become a WebSocket within {STEP_WITHIN_S:g} s")


async def _greeted(websocket: WebSocket, options: Options) -> Link:
    with anyio.move_on_after(STEP_WITHIN_S):
        first, *early = [options.codec.envelope(each) for each in await websocket.receive()]
        if (first.channel, first.type) != ("system", "welcome"):
            raise ProtocolError("the hub's first message is no welcome")
        welcome = options.codec.read(first.data, Welcome)
        if welcome.protocol != VERSION:
            words = f"the hub speaks version {welcome.protocol}, this client version {VERSION}"
            raise Refused(words, code=1002)
        return Link(websocket, options.codec, welcome, early)
    raise ConnectionFailed(f"{options.address} did not say welcome within {STEP_WITHIN_S:g} s")
