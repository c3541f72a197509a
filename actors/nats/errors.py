"""What a NATS, or its client, means by an error, in plain words."""

from __future__ import annotations

import asyncio
import ssl

from nats import errors
from nats.js.errors import APIError, NoStreamResponseError, ServiceUnavailableError

from actors.nats.address import Address
from actors.runtime.errors import ConnectionLost, FeedError, Rejected

PERMISSIONS = "permissions violation"
_REFUSALS = ("authorization violation", "authentication timeout", "user authentication")

# The first that fits: what it raises, and what that means.
_REFUSED: tuple[tuple[type[BaseException], str], ...] = (
    (errors.SecureConnWantedError, "has no TLS, which tls:// demands: give it a certificate, or use nats://"),
    (ssl.SSLCertVerificationError, "shows a certificate that is not trusted ({words}): see tls_roots"),
)
_LOST: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "did not answer within {timeout_s:g} s"),
    (errors.UnexpectedEOF, "has closed the connection"),
    (errors.ConnectionClosedError, "has closed the connection"),
    (asyncio.CancelledError, "has closed the connection"),
    (BrokenPipeError, "has closed the connection"),
    (ConnectionResetError, "has closed the connection"),
    (errors.StaleConnectionError, "is silent, and does not answer pings"),
    (errors.MaxPayloadError, "takes no messages of that size: raise its max_payload"),
    (ServiceUnavailableError, "has no JetStream: start it with `-js`, or let this account use it"),
    (NoStreamResponseError, "has no JetStream: start it with `-js`, or let this account use it"),
    (errors.NoRespondersError, "has no JetStream: start it with `-js`, or let this account use it"),
    (APIError, "does not do that: {words}"),
    (ConnectionRefusedError, "cannot be reached: connection refused"),
)


def translated(error: BaseException, address: Address, timeout_s: float) -> FeedError:
    """The same as a `FeedError` that says what to do."""
    words = str(error).removeprefix("nats: ").strip("'") or type(error).__name__
    if any(each in words.lower() for each in _REFUSALS):
        return Rejected(f"{address} refuses the user name, password or token")
    if PERMISSIONS in words.lower():
        return Rejected(f"{address} does not allow that: {words}")
    for table, kind in ((_REFUSED, Rejected), (_LOST, ConnectionLost)):
        for raised, meaning in table:
            if isinstance(error, raised):
                return kind(f"{address} {meaning.format(words=words, timeout_s=timeout_s)}")
    return ConnectionLost(f"{address} cannot be reached: {words}")
