"""Opening a stream to a server, in steps that each end in time and say what was wrong."""

from __future__ import annotations

import ssl
from typing import TypeAlias

import trio

from actors.runtime.errors import ConnectionLost, FeedError, RateLimited, Rejected

STEP_WITHIN_S = 5.0
MESSAGE_BYTES_MAX = 8 * 1024 * 1024

# An exchange that forbids means the address that asks: asking sooner makes it last longer.
_FORBIDDEN_PATIENCE_S = 600.0
_PATIENCE_S = 60.0

Stream: TypeAlias = trio.SocketStream | trio.SSLStream[trio.SocketStream]


async def open_tcp(host: str, port: int) -> trio.SocketStream:
    """A TCP connection. Raises `ConnectionLost`."""
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


async def open_tls(
    stream: trio.SocketStream, host: str, trust: ssl.SSLContext | None = None
) -> trio.SSLStream[trio.SocketStream]:
    """TLS on a connection, the certificate checked by those of `trust`. Raises `ConnectionLost`."""
    trust = trust or ssl.create_default_context()
    secure = trio.SSLStream(stream, trust, server_hostname=host, https_compatible=True)
    try:
        with trio.fail_after(STEP_WITHIN_S):
            await secure.do_handshake()
    except trio.TooSlowError:
        raise ConnectionLost(f"TLS with {host} took longer than {STEP_WITHIN_S:g} s") from None
    except trio.BrokenResourceError as error:
        raise ConnectionLost(f"TLS with {host} failed: {error.__cause__ or error}") from error
    return secure


def status_error(host: str, status: int, retry_after: str | None) -> FeedError:
    """The `FeedError` that an HTTP status stands for."""
    patience_s = float(retry_after) if retry_after and retry_after.isdigit() else None
    words = f"{host} answered with HTTP {status}"
    if status in (418, 429):
        return RateLimited(words, retry_after_s=_PATIENCE_S if patience_s is None else patience_s)
    if status == 403:
        return Rejected(words, retry_after_s=max(patience_s or 0.0, _FORBIDDEN_PATIENCE_S))
    if 400 <= status < 500:
        return Rejected(words, retry_after_s=patience_s)
    return ConnectionLost(words, retry_after_s=patience_s)
