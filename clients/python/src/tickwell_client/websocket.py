"""One WebSocket on an anyio byte stream: the same on Trio and asyncio.

wsproto knows the protocol; this file moves its bytes. What one read brings is handed on together.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TypeAlias

import anyio
from anyio.abc import ByteStream
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.extensions import Extension, PerMessageDeflate
from wsproto.utilities import ProtocolError as WireError

from tickwell_client.address import Address
from tickwell_client.errors import ConnectionFailed, ConnectionLost, ProtocolError, Refused
from tickwell_client.version import __version__
from tickwell_client.wire import Payload

RECEIVE_BYTES = 256 * 1024
MESSAGE_BYTES_MAX = 64 * 1024 * 1024
CLOSE_WITHIN_S = 0.5
TRY_LATER = (408, 425, 429)
NEVER_AGAIN = (1002, 1003, 1007, 1008, 1009, 1010)

Dial: TypeAlias = Callable[[Address], Awaitable[ByteStream]]
_GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError)


async def dial(address: Address, context: ssl.SSLContext | None = None) -> ByteStream:
    """A connection over TCP, and TLS if the address says so. Raises `ConnectionFailed`."""
    try:
        if not address.is_secure:
            return await anyio.connect_tcp(address.host, address.port)
        return await anyio.connect_tcp(
            address.host, address.port, ssl_context=context, tls=True, tls_standard_compatible=False
        )
    except (*_GONE, ssl.SSLError) as error:
        raise ConnectionFailed(f"{address} cannot be reached: {error}") from error


class WebSocket:
    """One open WebSocket. One task receives; any may send."""

    def __init__(self, stream: ByteStream, protocol: WSConnection) -> None:
        self._stream = stream
        self._protocol = protocol
        self._turn = anyio.Lock()
        self._parts: list[Payload] = []
        self._part_bytes = 0
        self._ended: ConnectionLost | None = None

    async def receive(self) -> list[Payload]:
        """Every whole message that is there, at least one, in order. Raises `ConnectionLost`."""
        while True:
            if messages := await self._take():
                return messages
            if self._ended is not None:
                raise self._ended
            try:
                self._protocol.receive_data(await self._stream.receive(RECEIVE_BYTES))
            except _GONE:
                self._ended = ConnectionLost("the connection was dropped without a word (1006)")
            except WireError as error:
                raise ProtocolError(f"the hub does not speak WebSocket: {error}") from error

    async def send(self, payload: Payload) -> None:
        """Send one message: text or bytes. Raises `ConnectionLost`."""
        await self._write(TextMessage(payload) if isinstance(payload, str) else BytesMessage(payload))

    async def aclose(self, code: int = 1000) -> None:
        """Say goodbye if that is possible quickly, and close."""
        with anyio.move_on_after(CLOSE_WITHIN_S, shield=True):
            with suppress(ConnectionLost):
                await self._write(CloseConnection(code))
        with anyio.CancelScope(shield=True), suppress(*_GONE):
            await anyio.aclose_forcefully(self._stream)

    async def _write(self, event: Event) -> None:
        async with self._turn:
            try:
                await self._stream.send(self._protocol.send(event))
            except (*_GONE, WireError):
                raise self._ended or ConnectionLost("the connection is closed (1006)") from None

    async def _take(self) -> list[Payload]:
        """The messages among what was read; what else it demands is done."""
        messages: list[Payload] = []
        for event in self._protocol.events():
            if isinstance(event, TextMessage | BytesMessage):
                self._collect(event, messages)
            elif isinstance(event, Ping):
                await self._write(event.response())
            elif isinstance(event, CloseConnection):
                self._ended = _ended_by(event)
                with anyio.move_on_after(CLOSE_WITHIN_S), suppress(ConnectionLost):
                    await self._write(event.response())
                break
        return messages

    def _collect(self, event: TextMessage | BytesMessage, messages: list[Payload]) -> None:
        data = event.data if isinstance(event.data, str) else bytes(event.data)
        self._part_bytes += len(data)
        if self._part_bytes > MESSAGE_BYTES_MAX:
            raise ProtocolError(f"the hub sent a message of more than {MESSAGE_BYTES_MAX} bytes")
        self._parts.append(data)
        if event.message_finished:
            parts, self._parts, self._part_bytes = self._parts, [], 0
            messages.append(data if len(parts) == 1 else data[:0].join(parts))  # type: ignore[arg-type]


def _ended_by(event: CloseConnection) -> ConnectionLost:
    words = f"closed by the hub with {event.code}{f': {event.reason}' if event.reason else ''}"
    return ConnectionLost(words, code=int(event.code), reason=event.reason or "")


def verdict(error: ConnectionFailed) -> ConnectionFailed | Refused:
    """What the end of a connection means: `Refused` if coming back as we are will not help."""
    if isinstance(error, ConnectionLost) and (error.code in NEVER_AGAIN or 4500 <= error.code < 5000):
        return Refused(str(error), code=error.code, reason=error.reason)
    return error


async def upgrade(
    stream: ByteStream,
    address: Address,
    subprotocol: str,
    compression: bool,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> WebSocket:
    """The WebSocket that the hub makes of `stream`. Raises `ConnectionFailed`, `Refused`."""
    protocol = WSConnection(ConnectionType.CLIENT)
    extensions: list[Extension] = [PerMessageDeflate()] if compression else []
    sent = {"user-agent": f"tickwell-client/{__version__}", **headers}
    request = Request(
        host=address.authority,
        target=address.path,
        subprotocols=[subprotocol],
        extensions=extensions,
        extra_headers=[(name.encode(), value.encode()) for name, value in sent.items()],
    )
    try:
        await stream.send(protocol.send(request))
        accepted = await _answer(stream, protocol, address)
    except (*_GONE, WireError) as error:
        raise ConnectionFailed(f"{address} did not upgrade to WebSocket: {error!r}") from error
    if accepted.subprotocol != subprotocol:
        spoken = accepted.subprotocol or "no sub-protocol"
        raise Refused(f"{address} speaks {spoken}, not {subprotocol}", code=1002)
    return WebSocket(stream, protocol)


async def _answer(stream: ByteStream, protocol: WSConnection, address: Address) -> AcceptConnection:
    rejection: RejectConnection | None = None
    words = bytearray()
    while True:
        protocol.receive_data(await stream.receive(RECEIVE_BYTES))
        for event in protocol.events():
            if isinstance(event, AcceptConnection):
                return event
            if isinstance(event, RejectConnection):
                rejection = event
            elif isinstance(event, RejectData):
                words += event.data
            if rejection and (not rejection.has_body or getattr(event, "body_finished", False)):
                raise _rejected(address, rejection, words)


def _rejected(address: Address, event: RejectConnection, words: bytearray) -> ConnectionFailed | Refused:
    text = f"{address} answered {event.status_code} instead of upgrading"
    if words:
        text += f": {words[:500].decode('utf-8', 'replace')}"
    if 400 <= event.status_code < 500 and event.status_code not in TRY_LATER:
        return Refused(text, code=event.status_code)
    headers = {bytes(name).lower(): bytes(value) for name, value in event.headers}
    wait = headers.get(b"retry-after", b"")
    return ConnectionFailed(text, retry_after_s=float(wait) if wait.isdigit() else None)
