"""The only file that knows a WebSocket or HTTP client library; their errors become `FeedError`s.

A connection is opened in three steps, name and TCP, TLS, upgrade, each with a deadline of its own: a
server that accepts and then stays silent must not hold an attempt for ever, and a bad certificate must be
named as what it is.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

import h11
import httpx
import trio
import trio_websocket
import wsproto.utilities

from actors.exchanges.base import Fetch
from actors.runtime.errors import ConnectionLost, FeedError, RateLimited, Rejected, leaf_errors

STEP_WITHIN_S = 5.0
CLOSE_WITHIN_S = 1.0
FETCH_WITHIN_S = 15.0
MESSAGE_BYTES_MAX = 8 * 1024 * 1024
ANSWER_BYTES_MAX = 64 * 1024 * 1024
MESSAGES_QUEUED = 1024

_FORBIDDEN_PATIENCE_S = 600.0

_LIBRARY_ERRORS = (
    trio_websocket.HandshakeError,
    trio_websocket.ConnectionClosed,
    wsproto.utilities.ProtocolError,
    h11.ProtocolError,
)

Stream: TypeAlias = trio.SocketStream | trio.SSLStream[trio.SocketStream]


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


class WebSocket:
    """A `Connection` through trio-websocket."""

    def __init__(self, websocket: Any) -> None:
        self._websocket = websocket

    async def receive(self) -> list[bytes]:
        """The next message, as a list."""
        try:
            message = await self._websocket.get_message()
        except trio_websocket.ConnectionClosed as error:
            raise ConnectionLost(_closing_words(error)) from None
        return [message.encode() if isinstance(message, str) else message]

    async def send(self, payload: bytes) -> None:
        """Send one text message."""
        try:
            await self._websocket.send_message(payload.decode())
        except trio_websocket.ConnectionClosed as error:
            raise ConnectionLost(_closing_words(error)) from None


def _closing_words(error: trio_websocket.ConnectionClosed) -> str:
    reason = error.reason
    if reason is None or reason.code == 1006:
        return "the connection was dropped without a word (1006)"
    return f"closed by the exchange with {reason.code}{': ' + reason.reason if reason.reason else ''}"


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Connection]:
    """An open connection to `url` (ws or wss). Raises `FeedError`s that say which step failed, and why."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "wss"
    port = parts.port or (443 if secure else 80)
    resource = parts.path + (f"?{parts.query}" if parts.query else "")
    tcp = await _open_tcp(host, port)
    try:
        stream: Stream = await _open_tls(tcp, host) if secure else tcp
        async with _upgraded(stream, parts.netloc, resource) as websocket:
            yield WebSocket(websocket)
    finally:
        await trio.aclose_forcefully(tcp)


async def _open_tcp(host: str, port: int) -> trio.SocketStream:
    try:
        with trio.fail_after(STEP_WITHIN_S):
            return await trio.open_tcp_stream(host, port)
    except trio.TooSlowError:
        raise ConnectionLost(f"{host}:{port} did not answer within {STEP_WITHIN_S:g} s") from None
    except OSError as error:
        raise ConnectionLost(f"cannot reach {host}:{port}: {_os_words(error)}") from error


def _os_words(error: OSError) -> str:
    """The cause that tells most: `open_tcp_stream` hides it in a group, one member per address."""
    cause = error.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    return str(cause or error)


async def _open_tls(stream: trio.SocketStream, host: str) -> trio.SSLStream[trio.SocketStream]:
    secure = trio.SSLStream(stream, ssl.create_default_context(), server_hostname=host, https_compatible=True)
    try:
        with trio.fail_after(STEP_WITHIN_S):
            await secure.do_handshake()
    except trio.TooSlowError:
        raise ConnectionLost(f"TLS with {host} took longer than {STEP_WITHIN_S:g} s") from None
    except trio.BrokenResourceError as error:
        raise ConnectionLost(f"TLS with {host} failed: {error.__cause__ or error}") from error
    return secure


@asynccontextmanager
async def _upgraded(stream: Stream, host: str, resource: str) -> AsyncIterator[Any]:
    # The library's reader runs in our nursery, and what goes wrong in it comes out here.
    try:
        async with trio.open_nursery() as nursery:
            websocket = await _upgrade(nursery, stream, host, resource)
            try:
                yield websocket
            finally:
                with trio.move_on_after(CLOSE_WITHIN_S, shield=True):
                    await websocket.aclose()
                nursery.cancel_scope.cancel()
    except* _LIBRARY_ERRORS as group:
        raise _in_our_words(host, leaf_errors(group)[0]) from group


async def _upgrade(nursery: trio.Nursery, stream: Stream, host: str, resource: str) -> Any:
    try:
        with trio.fail_after(STEP_WITHIN_S):
            return await trio_websocket.wrap_client_stream(
                nursery,
                stream,
                host,
                resource,
                message_queue_size=MESSAGES_QUEUED,
                max_message_size=MESSAGE_BYTES_MAX,
                receive_buffer_size=None,
            )
    except trio.TooSlowError:
        raise ConnectionLost(f"{host} did not upgrade to WebSocket within {STEP_WITHIN_S:g} s") from None


def _in_our_words(host: str, error: BaseException) -> FeedError:
    if isinstance(error, trio_websocket.ConnectionRejected):
        return _refusal(host, error.status_code, dict(error.headers or ()))
    return ConnectionLost(f"{host} did not speak WebSocket: {error!r}")


def _refusal(host: str, status: int, headers: dict[bytes, bytes]) -> FeedError:
    names = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
    return status_error(host, status, names.get("retry-after"))


def status_error(host: str, status: int, retry_after: str | None) -> FeedError:
    """The `FeedError` that an HTTP status stands for."""
    patience_s = float(retry_after) if retry_after and retry_after.isdigit() else None
    words = f"{host} answered with HTTP {status}"
    if status in (418, 429):
        return RateLimited(words, retry_after_s=patience_s if patience_s is not None else 60.0)
    if status == 403:
        return Rejected(words, retry_after_s=patience_s or _FORBIDDEN_PATIENCE_S)
    if 400 <= status < 500:
        return Rejected(words, retry_after_s=patience_s)
    return ConnectionLost(words, retry_after_s=patience_s)


@asynccontextmanager
async def open_rest(base_url: str) -> AsyncIterator[Rest]:
    """A REST client for one market."""
    limits = httpx.Limits(max_connections=4, max_keepalive_connections=1)
    async with httpx.AsyncClient(timeout=FETCH_WITHIN_S, limits=limits, follow_redirects=False) as client:
        yield HttpRest(client, base_url)


class HttpRest:
    """A `Rest` through httpx."""

    def __init__(self, client: httpx.AsyncClient, base_url: str) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")

    async def fetch(self, fetch: Fetch) -> bytes:
        """The body of the answer. Raises `FeedError` for anything but success."""
        url = self._base_url + fetch.path
        method = "GET" if fetch.body is None else "POST"
        headers = {"content-type": "application/json"} if fetch.body is not None else {}
        host = urlsplit(url).netloc
        try:
            async with self._client.stream(method, url, content=fetch.body, headers=headers) as response:
                if not response.is_success:
                    raise status_error(host, response.status_code, response.headers.get("retry-after"))
                return await _read(response, host)
        except httpx.TimeoutException:
            raise ConnectionLost(f"{host} did not answer within {FETCH_WITHIN_S:g} s") from None
        except httpx.HTTPError as error:
            raise ConnectionLost(f"cannot ask {host}: {error or type(error).__name__}") from error


@dataclass(frozen=True)
class Transport:
    """How the outside world is reached: the real thing by default, scripted in tests."""

    connect: Callable[[str], AbstractAsyncContextManager[Connection]] = connect
    open_rest: Callable[[str], AbstractAsyncContextManager[Rest]] = open_rest


async def _read(response: httpx.Response, host: str) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise ConnectionLost(f"{host} answered with more than {ANSWER_BYTES_MAX} bytes")
    return bytes(body)
