"""Opening the port and reading the TLS files, with errors that say what to do about them."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
from pathlib import Path

import trio

from actors.runtime.errors import StartError
from actors.runtime.settings import WebSettings

BACKLOG = 4096
ACCEPTED_AT_ONCE = 64
ADVICE = {
    errno.EADDRINUSE: "the port is in use: stop the other program, or set another `port` in [web]",
    errno.EACCES: "not permitted: ports below 1024 need a privilege; set a higher `port` in [web]",
    errno.EPERM: "not permitted: ports below 1024 need a privilege; set a higher `port` in [web]",
    errno.EADDRNOTAVAIL: "this machine has no such address: correct `host` in [web]",
}


async def open_listeners(settings: WebSettings) -> list[trio.SocketListener]:
    """Listen where the settings say; `StartError` says in one line why that cannot be."""
    where = f"web: cannot listen on {settings.host}:{settings.port}"
    try:
        return await trio.open_tcp_listeners(settings.port, host=settings.host or None, backlog=BACKLOG)
    except socket.gaierror as error:
        raise StartError(f"{where}: no such host ({error.strerror}); correct `host` in [web]") from error
    except OSError as error:
        advice = ADVICE.get(error.errno or 0, f"{error.strerror or error}")
        raise StartError(f"{where}: {advice}") from error


class Arrivals:
    """The connections that come to one listener, inside a `with` block.

    Trio takes one in each turn of its loop. A turn with thousands of clients is long, so a crowd would wait
    in the system's queue until that overflows, and then nobody gets in: here all who are waiting come in at
    once.
    """

    def __init__(self, listener: trio.SocketListener) -> None:
        self._listener = listener
        self._socket = socket.socket(fileno=os.dup(listener.socket.fileno()))
        self._socket.setblocking(False)

    def __enter__(self) -> Arrivals:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    async def next(self) -> list[trio.SocketStream]:
        """At least one, and at most `ACCEPTED_AT_ONCE`. Raises `OSError` when the first of them cannot be
        had."""
        found = [await self._listener.accept()]
        with contextlib.suppress(OSError):
            while len(found) < ACCEPTED_AT_ONCE:
                accepted, _ = self._socket.accept()
                found.append(trio.SocketStream(trio.socket.from_stdlib_socket(accepted)))
        return found


def addresses(listeners: list[trio.SocketListener]) -> list[tuple[str, int]]:
    """Host and port of every listener, the port as the system chose it."""
    return [listener.socket.getsockname()[:2] for listener in listeners]


def tls_context(settings: WebSettings) -> ssl.SSLContext | None:
    """The TLS context that the settings ask for, `None` for plain HTTP; `StartError` for files of no use."""
    if not settings.tls_certificate:
        if settings.tls_key:
            raise StartError("web: `tls_key` is set without `tls_certificate` in [web]: set both or none")
        return None
    certificate, key = settings.tls_certificate, settings.tls_key or settings.tls_certificate
    for name, path in (("tls_certificate", certificate), ("tls_key", key)):
        check_readable(name, path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # A password prompt on the terminal would hang the start; the empty answer makes it an error.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        reason = error.reason or error.args[-1]
        raise StartError(
            f"web: {certificate} and {key} are not a PEM certificate and its unencrypted key ({reason}): "
            "correct `tls_certificate` and `tls_key` in [web]"
        ) from error
    return context


def check_readable(name: str, path: str) -> None:
    """Raise `StartError` naming the file and the setting when it cannot be read."""
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise StartError(f"web: cannot read {path} ({error.strerror}): correct `{name}` in [web]") from error
