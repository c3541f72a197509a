"""A `Connection` through trio-websocket: the plain way, one message at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import h11
import trio
import trio_websocket
import wsproto.utilities

from actors.feed import opening
from actors.feed.opening import Stream, status_error
from actors.runtime.errors import ConnectionClosed, ConnectionLost, FeedError, leaf_errors

CLOSE_WITHIN_S = 1.0
MESSAGES_QUEUED = 1024

_LIBRARY_ERRORS = (
    trio_websocket.HandshakeError,
    trio_websocket.ConnectionClosed,
    wsproto.utilities.ProtocolError,
    h11.ProtocolError,
)


class PlainWebSocket:
    """One open WebSocket, read and written by trio-websocket."""

    def __init__(self, websocket: Any) -> None:
        self._websocket = websocket

    async def receive(self) -> list[bytes]:
        """The next message, as a list."""
        try:
            message = await self._websocket.get_message()
        except trio_websocket.ConnectionClosed as error:
            raise ConnectionClosed(_closing_words(error)) from None
        return [message.encode() if isinstance(message, str) else message]

    async def send(self, payload: bytes) -> None:
        """Send one text message."""
        try:
            await self._websocket.send_message(payload.decode())
        except trio_websocket.ConnectionClosed as error:
            raise ConnectionClosed(_closing_words(error)) from None


def _closing_words(error: trio_websocket.ConnectionClosed) -> str:
    reason = error.reason
    if reason is None or reason.code == 1006:
        return "the connection was dropped without a word (1006)"
    return f"closed by the exchange with {reason.code}{': ' + reason.reason if reason.reason else ''}"


@asynccontextmanager
async def upgraded(stream: Stream, host: str, resource: str) -> AsyncIterator[PlainWebSocket]:
    """The WebSocket that `host` makes of `stream` while the block runs. Raises `FeedError`."""
    # The library's reader runs in our nursery, and what goes wrong in it comes out here.
    try:
        async with trio.open_nursery() as nursery:
            websocket = await _upgrade(nursery, stream, host, resource)
            try:
                yield PlainWebSocket(websocket)
            finally:
                with trio.move_on_after(CLOSE_WITHIN_S, shield=True):
                    await websocket.aclose()
                nursery.cancel_scope.cancel()
    except* _LIBRARY_ERRORS as group:
        raise _in_our_words(host, leaf_errors(group)[0]) from group


async def _upgrade(nursery: trio.Nursery, stream: Stream, host: str, resource: str) -> Any:
    try:
        with trio.fail_after(opening.STEP_WITHIN_S):
            return await trio_websocket.wrap_client_stream(
                nursery,
                stream,
                host,
                resource,
                message_queue_size=MESSAGES_QUEUED,
                max_message_size=opening.MESSAGE_BYTES_MAX,
                receive_buffer_size=None,
            )
    except trio.TooSlowError:
        raise ConnectionLost(
            f"{host} did not upgrade to WebSocket within {opening.STEP_WITHIN_S:g} s"
        ) from None


def _in_our_words(host: str, error: BaseException) -> FeedError:
    if isinstance(error, trio_websocket.ConnectionRejected):
        return _refusal(host, error.status_code, dict(error.headers or ()))
    return ConnectionLost(f"{host} did not speak WebSocket: {error!r}")


def _refusal(host: str, status: int, headers: dict[bytes, bytes]) -> FeedError:
    names = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
    return status_error(host, status, names.get("retry-after"))
