"""Posting to a server, within a time limit, with errors that say where and why and never what was secret."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

import httpx
import trio
from msgspec import Struct

from actors.notifiers.base import NotifierError

POST_WITHIN_S = 10.0
ANSWER_BYTES_MAX = 64 * 1024


class Posted(Struct, frozen=True):
    """What a server answered: its status, what it asks to wait, and the first of its body."""

    status: int
    retry_after_s: float | None
    body: bytes


def trusted() -> ssl.SSLContext:
    """Whose certificates are believed: the usual authorities', or those of the file that the environment
    names as `SSL_CERT_FILE`. Raises `NotifierError` where that cannot be read."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        words = f"the certificates of SSL_CERT_FILE cannot be read: {type(error).__name__}"
        raise NotifierError(words) from None


async def post(url: str, body: bytes, headers: dict[str, str], within_s: float = POST_WITHIN_S) -> Posted:
    """Post once. Redirects are not followed: they would carry a signed message to somebody else."""
    host, trust = urlsplit(url).hostname or "the server", trusted()
    try:
        with trio.fail_after(within_s):
            async with (
                httpx.AsyncClient(
                    timeout=within_s, follow_redirects=False, trust_env=False, verify=trust
                ) as client,
                client.stream("POST", url, content=body, headers=headers) as response,
            ):
                return Posted(response.status_code, _patience(response), await _first_of(response))
    except (trio.TooSlowError, httpx.TimeoutException):
        raise NotifierError(f"{host} did not answer within {within_s:g} s") from None
    except httpx.HTTPError as error:
        raise NotifierError(f"{host} cannot be reached: {type(error).__name__}") from None


async def _first_of(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            break
    return bytes(body)


def _patience(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None
