"""Asking an exchange's REST interface, through httpx."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from actors.exchanges.base import Fetch
from actors.feed.opening import status_error
from actors.runtime.errors import ConnectionLost

FETCH_WITHIN_S = 15.0
ANSWER_BYTES_MAX = 64 * 1024 * 1024


@asynccontextmanager
async def open_rest(base_url: str) -> AsyncIterator[HttpRest]:
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


async def _read(response: httpx.Response, host: str) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise ConnectionLost(f"{host} answered with more than {ANSWER_BYTES_MAX} bytes")
    return bytes(body)
