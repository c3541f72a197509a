"""Opening the port and reading the TLS files, with errors that say what to do about them."""

from __future__ import annotations

import errno
import socket
import ssl
from pathlib import Path

import trio

from actors.runtime.errors import StartError
from actors.runtime.settings import WebSettings

BACKLOG = 4096
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
