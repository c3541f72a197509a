"""One connection to a hub, from its welcome until it ends.

It is opened in steps, each with a deadline of its own: a server that accepts and then stays silent must not
hold an attempt for ever.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
)
from wsproto.utilities import ProtocolError

from actors.feed.opening import STEP_WITHIN_S, Stream, open_tcp, open_tls
from actors.runtime.errors import FeedError, leaf_errors
from commands.stream.address import Address
from commands.stream.messages import VERSION, Codec, Frame, HubLost, HubRefused, Welcome

MESSAGE_BYTES_MAX = 64 * 1024 * 1024
MESSAGES_QUEUED = 8
RECEIVE_BYTES = 64 * 1024
SILENT_HEARTBEATS = 2  # so many heartbeats long nothing at all: the connection is dead
CLOSE_WITHIN_S = 0.5
CLOSED_ABNORMALLY = 1006
TRY_LATER = (408, 425, 429)
NEVER_AGAIN = (1002, 1003, 1007, 1008, 1009, 1010)


class Connection:
    """An open connection. Iterate over its frames: that ends with `HubLost` or `HubRefused`, never else."""

    def __init__(self, websocket: WebSocketConnection, codec: Codec, welcome: Welcome) -> None:
        self.welcome = welcome
        self.codec = codec
        self._websocket = websocket
        self._last_req_id = 0
        self._silence_s = welcome.heartbeat_ms / 1000 * SILENT_HEARTBEATS

    async def ask(self, method: str, params: Mapping[str, Any]) -> int:
        """Send a request. Returns its number, which the answer bears. Raises `HubLost`."""
        self._last_req_id += 1
        message = {"method": method, "params": params, "req_id": self._last_req_id}
        try:
            await self._websocket.send_message(self.codec.encode(message))
        except ConnectionClosed as closed:
            raise ended_by(closed) from None
        return self._last_req_id

    async def aclose(self) -> None:
        """Say goodbye, if that is possible quickly."""
        with trio.move_on_after(CLOSE_WITHIN_S, shield=True), suppress(ConnectionClosed):
            await self._websocket.aclose()

    def __aiter__(self) -> Connection:
        return self

    async def __anext__(self) -> Frame:
        with trio.move_on_after(self._silence_s):
            try:
                return self.codec.read(await self._websocket.get_message(), Frame)
            except ConnectionClosed as closed:
                raise ended_by(closed) from None
        raise HubLost(f"the hub has been silent for {self._silence_s:g} s")


@asynccontextmanager
async def connected(address: Address, codec: Codec) -> AsyncIterator[Connection]:
    """A connection while the block runs. Raises `HubLost`, `HubRefused`."""
    async with opened(address) as stream:
        failure: BaseException | None = None
        try:
            async with trio.open_nursery() as nursery:
                try:
                    websocket = await upgraded(nursery, stream, address, codec)
                    yield Connection(websocket, codec, await greeting(websocket, codec))
                except Exception as error:
                    failure = error  # so that it leaves the nursery as it came, not in a group
                finally:
                    nursery.cancel_scope.cancel()
        except ExceptionGroup as group:  # what the library's own task met
            failure = failure or meaning_of(leaf_errors(group)[0], address)
        if failure is not None:
            raise failure


@asynccontextmanager
async def opened(address: Address) -> AsyncIterator[Stream]:
    """TCP, and TLS where the address says so. Raises `HubLost`."""
    try:
        tcp = await open_tcp(address.host, address.port)
    except FeedError as error:
        raise HubLost(str(error)) from error
    try:
        try:
            stream: Stream = await open_tls(tcp, address.host) if address.is_secure else tcp
        except FeedError as error:
            raise HubLost(str(error)) from error
        yield stream
    finally:
        await trio.aclose_forcefully(tcp)


async def upgraded(
    nursery: trio.Nursery, stream: Stream, address: Address, codec: Codec
) -> WebSocketConnection:
    """The WebSocket that the hub makes of `stream`. Raises `HubLost`, `HubRefused`; an upgrade that the hub
    declines fails in the nursery."""
    websocket = None
    with trio.move_on_after(STEP_WITHIN_S):
        websocket = await wrap_client_stream(
            nursery,
            stream,
            address.authority,
            address.path,
            subprotocols=[codec.subprotocol],
            extra_headers=[(name.encode(), value.encode()) for name, value in address.headers.items()],
            message_queue_size=MESSAGES_QUEUED,
            max_message_size=MESSAGE_BYTES_MAX,
            receive_buffer_size=RECEIVE_BYTES,
        )
    if websocket is None:
        raise HubLost(f"{address.authority} did not become a WebSocket within {STEP_WITHIN_S:g} s")
    if websocket.subprotocol != codec.subprotocol:
        raise HubRefused(f"{address} is no Tickwell hub that speaks {codec.subprotocol}")
    return websocket


async def greeting(websocket: WebSocketConnection, codec: Codec) -> Welcome:
    """The hub's first message. Raises `HubLost`, `HubRefused`."""
    frame = None
    with trio.move_on_after(STEP_WITHIN_S):
        try:
            frame = codec.read(await websocket.get_message(), Frame)
        except ConnectionClosed as closed:
            raise ended_by(closed) from None
    if frame is None or (frame.channel, frame.type) != ("system", "welcome"):
        raise HubLost("the hub did not say welcome")
    welcome = codec.read(frame.data, Welcome)
    if welcome.protocol != VERSION:
        raise HubRefused(
            f"the hub speaks version {welcome.protocol} of the protocol, this is version {VERSION}"
        )
    return welcome


def meaning_of(error: BaseException, address: Address) -> BaseException:
    """What a failed upgrade means."""
    if isinstance(error, ConnectionRejected):
        return rejected(error)
    if isinstance(
        error, HandshakeError | ProtocolError | trio.BrokenResourceError | trio.ClosedResourceError
    ):
        return HubLost(f"{address.authority} does not speak WebSocket: {error!r}")
    return error


def rejected(rejection: ConnectionRejected) -> HubLost | HubRefused:
    """What an HTTP status in place of the upgrade means."""
    words = f"it answered {rejection.status_code} instead of upgrading"
    if rejection.body:
        words += f": {rejection.body[:300].decode('utf-8', 'replace').strip()}"
    if 400 <= rejection.status_code < 500 and rejection.status_code not in TRY_LATER:
        return HubRefused(words)
    headers = {bytes(name).lower(): bytes(value) for name, value in rejection.headers}
    wait = headers.get(b"retry-after", b"")
    return HubLost(words, retry_after_s=float(wait) if wait.isdigit() else 0.0)


def ended_by(closed: ConnectionClosed) -> HubLost | HubRefused:
    """What the end of an open connection means."""
    if closed.reason is None or closed.reason.code == CLOSED_ABNORMALLY:
        return HubLost("the connection was dropped without a word")
    code, reason = int(closed.reason.code), closed.reason.reason
    words = f"the hub closed the connection with {code}{f': {reason}' if reason else ''}"
    return HubRefused(words) if code in NEVER_AGAIN or 4500 <= code < 5000 else HubLost(words)
