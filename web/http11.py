"""Everything of Hypercorn that is not its public interface, in one place: what we use and what we change.

Pinned: hypercorn==0.18.0. Private names used (an upgrade must look at each; `tests/loopback/test_hostile.py`
fails loudly when one changed its meaning):

- `hypercorn.trio.tcp_server.TCPServer`: `run`, `_read_data`, `_close`, `_idle_timeout`, `protocol_send`,
  `_task_group`, `idle_task`
- `hypercorn.trio.task_group.TaskGroup`, `hypercorn.trio.worker_context.WorkerContext`
- `hypercorn.protocol.h11.H11Protocol`: `_check_protocol`, `_create_stream`, `_send_error_response`,
  `_send_h11_event`
- `hypercorn.protocol.h11.H11WSConnection`, `STREAM_ID`; `hypercorn.protocol.http_stream.HTTPStream`
- `hypercorn.protocol.events`, `hypercorn.events`, `hypercorn.utils.parse_socket_addr`

Changed: HTTP/2 does not exist (neither prior knowledge nor h2c), requests that would crash Hypercorn or
confuse a proxy are answered with 400, and a connection ends as soon as we have closed it.
"""

from __future__ import annotations

import binascii
import logging
import sys
from collections import Counter
from http import HTTPStatus
from typing import Any

import h11
import msgspec
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Request
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol, H11WSConnection
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.utils import parse_socket_addr

from web.quietlog import QuietLog
from web.transport import ClientStream
from web.wsstream import MESSAGE_BYTES_MAX, BoundedWSStream

HEADER_BYTES_MAX = 32 * 1024
CLOSING_S = 5.0
HANDSHAKE_HEADERS = {b"host", b"connection", b"upgrade", b"origin"}


class Connection(TCPServer):
    """One connection, from its first byte to its last. Cleartext and TLS look the same from here."""

    async def run(self) -> None:
        """Serve the connection until it ends. TLS, where there is any, is already established."""
        client = self.stream.socket
        try:
            async with TaskGroup() as self._task_group:
                self.protocol = Http11(  # type: ignore[assignment]
                    self.app,
                    self.config,
                    self.context,
                    self._task_group,
                    self.state,  # type: ignore[arg-type]
                    self.stream.secure,
                    parse_socket_addr(client.family, client.getpeername()),
                    parse_socket_addr(client.family, client.getsockname()),
                    self.protocol_send,
                )
                await self.idle_task.restart(self._task_group, self._idle_timeout)
                with trio.CancelScope() as self.reading:
                    await self._read_data()
                # Hypercorn leaves this timer running, and the connection alive, after the client left.
                await self.idle_task.stop()
        except OSError:
            pass
        finally:
            await self._close()

    async def protocol_send(self, event: Event) -> None:
        """Write, close, or start the idle timer. After the end nothing is read: a reader may be parked."""
        if isinstance(event, RawData):
            await super().protocol_send(event)
            if self.stream.lost:
                self.reading.cancel()
            return
        # Quart cancels the task that is in here as soon as it learns that the request is over: without
        # the shield neither the close nor the idle timer comes about, and the connection stays for ever.
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSING_S):
            await super().protocol_send(event)
        if isinstance(event, Closed):
            self.reading.cancel()


class BoundedHTTPStream(HTTPStream):
    """One request. Once its application has ended nothing is queued for it: nobody would take it out."""

    async def app_send(self, message: Any) -> None:
        """Take a message of the application; `None` says that it has ended."""
        if message is None:
            self.app_put = None  # type: ignore[assignment]
        await super().app_send(message)


class Http11(H11Protocol):
    """HTTP/1.0 and 1.1, and the WebSocket upgrade; nothing else."""

    async def _check_protocol(self, event: h11.Request) -> None:
        """Hypercorn switches to HTTP/2 here; we do not: an `Upgrade: h2c` is ignored, as RFC 9110 allows."""

    async def _create_stream(self, request: h11.Request) -> None:
        transport = self.connection_state.get("transport")
        if isinstance(transport, ClientStream):
            transport.asked = True
        status = refusal(request)
        if status is not None:
            await self._send_error_response(status)
            await self.send(Closed())
            return
        upgrade = wants_websocket(request)
        stream_class: type[BoundedHTTPStream | BoundedWSStream]
        stream_class = BoundedWSStream if upgrade else BoundedHTTPStream
        self.stream = stream_class(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        if upgrade:
            self.connection = H11WSConnection(self.connection)  # type: ignore[arg-type]
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=kept_headers(request, deflate=getattr(self.config, "websocket_deflate", False)),
                http_version=request.http_version.decode(),
                method=request.method.decode("ascii").upper(),
                raw_path=request.target,
                state=self.connection_state,
            )
        )
        self.keep_alive_requests += 1
        await self.context.mark_request()

    async def _send_error_response(self, status_code: int) -> None:
        """Refuse a request that is none, or that we do not take, as everything is refused: with a problem."""
        phrase = HTTPStatus(status_code).phrase
        document = {"type": "about:blank", "title": phrase, "status": status_code, "detail": f"{phrase}."}
        body = msgspec.json.encode(document)
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *self.config.response_headers("h11"),
        ]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
        await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())


def kept_headers(request: h11.Request, *, deflate: bool) -> list[tuple[bytes, bytes]]:
    """The headers that the application sees. Without `deflate` the offer to compress is not among them."""
    return [each for each in request.headers if deflate or each[0] != b"sec-websocket-extensions"]


def wants_websocket(request: h11.Request) -> bool:
    """Whether the request asks to become a WebSocket."""
    headers = dict(request.headers)
    tokens = [token.strip() for token in headers.get(b"connection", b"").lower().split(b",")]
    upgrade = headers.get(b"upgrade", b"").strip().lower()
    return request.method == b"GET" and b"upgrade" in tokens and upgrade == b"websocket"


def refusal(request: h11.Request) -> int | None:
    """The status to refuse a request with, before anything of it reaches Hypercorn; `None` lets it in."""
    if request.http_version not in (b"1.0", b"1.1"):
        return 505
    count = Counter(name for name, _ in request.headers)
    lengths = count[b"content-length"] + count[b"transfer-encoding"]
    if not request.target.startswith(b"/") or count[b"host"] > 1:
        return 400
    # Both lengths at once is how requests are smuggled past a proxy.
    if count[b"content-length"] and count[b"transfer-encoding"]:
        return 400
    for name, value in request.headers:
        plain = name in HANDSHAKE_HEADERS or name.startswith(b"sec-websocket-")
        if plain and not (value.isascii() and value.decode("ascii").isprintable()):
            return 400
    return 400 if wants_websocket(request) and (lengths or not handshake_is_sound(request, count)) else None


def handshake_is_sound(request: h11.Request, count: Counter[bytes]) -> bool:
    """Whether an upgrade carries exactly one version and one key of the right form (RFC 6455, 4.2.1)."""
    if any(count[name] != 1 for name in (b"sec-websocket-key", b"sec-websocket-version", b"host")):
        return False
    try:
        key = binascii.a2b_base64(dict(request.headers)[b"sec-websocket-key"], strict_mode=True)
    except binascii.Error:
        return False
    return len(key) == 16


class OneLineLogger:
    """Hypercorn's logger interface on our quiet log: no second handler, no traceback for hostile input."""

    def __init__(self, config: Config) -> None:
        self._quiet = QuietLog()

    async def access(self, *args: object) -> None:
        """Requests are not logged."""

    async def log(self, level: int, message: str, *args: Any, **kwargs: Any) -> None:
        """Write one line."""
        self._quiet.write(level, message, message % args if args else message)

    async def exception(self, message: str, *args: Any, **kwargs: Any) -> None:
        """Write one line that names the exception being handled."""
        error = sys.exc_info()[1]
        if error is None:
            await self.log(logging.WARNING, message, *args)
        else:
            self._quiet.failure(message, error)

    async def critical(self, message: str, *args: Any, **kwargs: Any) -> None:
        """Write one line."""
        await self.log(logging.CRITICAL, message, *args)

    async def error(self, message: str, *args: Any, **kwargs: Any) -> None:
        """Write one line."""
        await self.log(logging.ERROR, message, *args)

    async def warning(self, message: str, *args: Any, **kwargs: Any) -> None:
        """Write one line."""
        await self.log(logging.WARNING, message, *args)

    async def info(self, message: str, *args: Any, **kwargs: Any) -> None:
        """Write one line."""
        await self.log(logging.INFO, message, *args)

    async def debug(self, message: str, *args: Any, **kwargs: Any) -> None:
        """Write one line."""
        await self.log(logging.DEBUG, message, *args)


class HttpConfig(Config):
    """Hypercorn's settings, and whether WebSockets may be compressed."""

    websocket_deflate = True


def configuration(keep_alive_s: float, *, deflate: bool) -> HttpConfig:
    """Hypercorn's settings, as this server wants them."""
    config = HttpConfig()
    config.websocket_deflate = deflate
    config.logger_class = OneLineLogger  # type: ignore[assignment]
    config.include_server_header = False
    config.keep_alive_timeout = keep_alive_s
    config.h11_max_incomplete_size = HEADER_BYTES_MAX
    config.websocket_max_message_size = MESSAGE_BYTES_MAX
    return config
