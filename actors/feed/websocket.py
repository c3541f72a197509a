"""A `Connection` on a bare stream: everything that one read holds is one batch.

Our parser reads (`frames`), because a message costs it a fraction of a microsecond; wsproto does
everything else: the handshake, what we send, and what a ping or a close demands.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from actors.feed import opening
from actors.feed.frames import FrameError, FrameParser
from actors.feed.opening import Stream, status_error
from actors.runtime.errors import ConnectionClosed, ConnectionLost

RECEIVE_BYTES = 64 * 1024
HEAD_BYTES_MAX = 32 * 1024
CLOSE_WITHIN_S = 0.5

_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


class WebSocket:
    """One open WebSocket. `rest` is what came with the handshake's answer.

    Between two reads it lets `coalesce_s` pass, so that a busy market wakes us less often and brings more at
    once. What comes after a longer silence is read at once.
    """

    def __init__(self, stream: Stream, protocol: WSConnection, rest: bytes, coalesce_s: float) -> None:
        self._stream = stream
        self._coalesce_s = coalesce_s
        self._protocol = protocol
        self._parser = FrameParser(opening.MESSAGE_BYTES_MAX)
        self._rest = rest
        self._end: ConnectionLost | None = None
        self._turn = trio.Lock()

    async def receive(self) -> list[bytes]:
        """Every message that is there, at least one, in order."""
        if self._end is not None:
            raise self._end
        if self._coalesce_s:
            await trio.sleep(self._coalesce_s)
        while True:
            data, self._rest = self._rest or await self._read(), b""
            try:
                messages = self._parser.receive(data)
            except FrameError as error:
                await self._say(CloseConnection(error.code, "protocol error"))
                raise
            if self._parser.controls:
                await self._obey_after(messages)
            if messages:
                return messages

    async def send(self, payload: bytes) -> None:
        """Send one text message."""
        await self._write(TextMessage(payload.decode()))

    async def close(self) -> None:
        """Say goodbye, and do not wait for the answer: whoever closes has stopped listening."""
        await self._say(CloseConnection(1000))

    async def _read(self) -> bytes:
        try:
            data = bytes(await self._stream.receive_some(RECEIVE_BYTES))
        except _GONE:
            data = b""
        if not data:
            raise ConnectionClosed("the connection was dropped without a word (1006)")
        return data

    async def _write(self, event: Event) -> None:
        async with self._turn:
            try:
                await self._stream.send_all(self._protocol.send(event))
            except (*_GONE, ProtocolError):
                raise ConnectionClosed("the connection is closed") from None

    async def _say(self, event: Event) -> None:
        with trio.move_on_after(CLOSE_WITHIN_S, shield=True), suppress(ConnectionLost):
            await self._write(event)

    async def _obey_after(self, messages: list[bytes]) -> None:
        """Obey; what ends the connection is told with the next call if messages came before it."""
        try:
            await self._obey()
        except ConnectionLost as error:
            if not messages:
                raise
            self._end = error

    async def _obey(self) -> None:
        """Do what the control frames demand."""
        controls, self._parser.controls = self._parser.controls, []
        for frame in controls:
            try:
                self._protocol.receive_data(frame)
                events = list(self._protocol.events())
            except ProtocolError as error:
                raise FrameError(str(error)) from None
            for event in events:
                if isinstance(event, Ping):
                    await self._write(event.response())
                elif isinstance(event, CloseConnection):
                    await self._say(event.response())
                    raise ConnectionClosed(_closing_words(event))


def _closing_words(event: CloseConnection) -> str:
    return f"closed by the exchange with {event.code}{': ' + event.reason if event.reason else ''}"


@asynccontextmanager
async def upgraded(
    stream: Stream, host: str, resource: str, coalesce_s: float = 0.0
) -> AsyncIterator[WebSocket]:
    """The WebSocket that `host` makes of `stream` while the block runs. Raises `FeedError`."""
    try:
        with trio.fail_after(opening.STEP_WITHIN_S):
            websocket = await _shake_hands(stream, host, resource, coalesce_s)
    except trio.TooSlowError:
        words = f"{host} did not upgrade to WebSocket within {opening.STEP_WITHIN_S:g} s"
        raise ConnectionLost(words) from None
    except (*_GONE, ProtocolError) as error:
        raise ConnectionLost(f"{host} did not speak WebSocket: {error!r}") from error
    try:
        yield websocket
    finally:
        await websocket.close()


async def _shake_hands(stream: Stream, host: str, resource: str, coalesce_s: float) -> WebSocket:
    protocol = WSConnection(ConnectionType.CLIENT)
    await stream.send_all(protocol.send(Request(host=host, target=resource)))
    head, rest = await _read_head(stream, host)
    protocol.receive_data(head)
    for event in protocol.events():
        if isinstance(event, AcceptConnection):
            return WebSocket(stream, protocol, rest, coalesce_s)
        if isinstance(event, RejectConnection):
            headers = {name.lower(): value.decode("latin-1") for name, value in event.headers}
            raise status_error(host, event.status_code, headers.get(b"retry-after"))
    raise ConnectionLost(f"{host} did not speak WebSocket")


async def _read_head(stream: Stream, host: str) -> tuple[bytes, bytes]:
    """The head of the server's answer, and what came behind it."""
    data = bytearray()
    while b"\r\n\r\n" not in data:
        if len(data) > HEAD_BYTES_MAX:
            raise ConnectionLost(f"{host} did not speak WebSocket: its answer has no end")
        piece = await stream.receive_some(RECEIVE_BYTES)
        if not piece:
            raise ConnectionLost(f"{host} closed the connection instead of upgrading it")
        data += piece
    end = data.index(b"\r\n\r\n") + 4
    return bytes(data[:end]), bytes(data[end:])
