"""The steps on the way to any server: its name, a connection, TLS; each told as what it came to."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar
from urllib.parse import SplitResult

import trio

from actors.feed import opening
from actors.feed.opening import Stream, open_tcp, open_tls
from actors.notifiers.base import NotifierError
from actors.runtime.errors import ConnectionLost, FeedError, main_error
from commands.doctor.findings import Subject

_Result = TypeVar("_Result")
# What to do when a check ended with an error.
Advise: TypeAlias = Callable[[str, Exception], str]
SECURE = ("https", "wss")


async def attempt(subject: Subject, check: str, step: Awaitable[_Result], advise: Advise) -> _Result | None:
    """What a step returns; `None` when the world failed it, which is then told."""
    try:
        return await step
    except (FeedError, NotifierError, BaseExceptionGroup) as error:
        cause = main_error(error)
        if not isinstance(cause, FeedError | NotifierError):
            raise
        subject.fail(check, str(cause), advise(check, cause))
        return None


async def connect(
    subject: Subject, parts: SplitResult, advise: Advise, trust: ssl.SSLContext | None = None
) -> Stream | None:
    """A connection to where a URL leads, with TLS where it wants that, told step by step; `None` where there
    is none. The certificate is checked by those of `trust`, or of this machine."""
    host, secure = parts.hostname or "", parts.scheme in SECURE
    port = parts.port or (443 if secure else 80)
    tcp = await attempt(subject, "tcp", open_tcp(host, port), advise)
    if tcp is None:
        return None
    subject.ok("tcp", f"{host}:{port}")
    stream: Stream | None = None
    try:
        stream = await attempt(subject, "tls", open_tls(tcp, host, trust), advise) if secure else tcp
    finally:
        if stream is None:
            await trio.aclose_forcefully(tcp)
    if isinstance(stream, trio.SSLStream):
        subject.ok("tls", certificate_words(stream))
    return stream


async def addresses_of(host: str) -> str:
    """The host and its addresses. Raises `ConnectionLost`."""
    try:
        with trio.fail_after(opening.STEP_WITHIN_S):
            found = await trio.socket.getaddrinfo(host, None, type=trio.socket.SOCK_STREAM)
    except trio.TooSlowError:
        raise ConnectionLost(f"{host}: no answer within {opening.STEP_WITHIN_S:g} s") from None
    except OSError as error:
        raise ConnectionLost(f"{host}: {error.strerror or error}") from error
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    return host if addresses == [host] else f"{host} is {', '.join(addresses[:3])}"


def certificate_words(stream: Stream) -> str:
    """Which TLS is spoken, and who signed."""
    certificate = stream.getpeercert() if isinstance(stream, trio.SSLStream) else None
    parts = [pair for part in (certificate or {}).get("issuer", ()) for pair in part]
    issuer = dict(parts).get("organizationName", "an authority without a name")
    until = (certificate or {}).get("notAfter", "an unknown time")
    return f"{stream.version() if isinstance(stream, trio.SSLStream) else ''}, by {issuer}, until {until}"
