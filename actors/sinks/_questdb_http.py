"""Asking a QuestDB over HTTP: `/exec` takes SQL and answers rows as JSON."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
import msgspec
import trio
from msgspec import Struct

from actors.runtime.errors import SettingsError, SinkUnavailable
from actors.sinks._questdb_address import Address

_STATEMENT_TIMEOUT_MS = "Statement-Timeout"
_REFUSALS = {
    401: "refuses the user name or password",
    403: "does not allow this user to do that",
    404: "answers, and is no QuestDB: it has no /exec",
}


class QueryFailed(SinkUnavailable):
    """The server understood the connection and not the statement, or could not run it."""


class TableMissing(QueryFailed):
    """A statement is about a table that is not there."""


class Silent(SinkUnavailable):
    """Nothing came within the time limit."""


class _Answer(Struct):
    dataset: list[list[Any]] = []
    error: str | None = None


class _Config(Struct):
    version: str = msgspec.field(name="release.version", default="")


class _Settings(Struct):
    config: _Config = msgspec.field(default_factory=_Config)


_AnswerT = TypeVar("_AnswerT", _Answer, _Settings)


class Doors:
    """Opens short conversations with one server. A client of httpx lives for one of them only, because its
    pool may lose places when a question is cancelled."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._trust = _trust(address)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Conversation]:
        """One conversation, on one connection."""
        auth = (self._address.username, self._address.password or "") if self._address.username else None
        async with httpx.AsyncClient(
            base_url=self._address.http_url,
            auth=auth,
            verify=self._trust,
            trust_env=False,
            timeout=self._timeout_s,
        ) as client:
            yield Conversation(client, str(self._address), self._timeout_s)


class Conversation:
    """Questions one after another, each within the time limit."""

    def __init__(self, client: httpx.AsyncClient, server: str, timeout_s: float) -> None:
        self._client = client
        self._server = server
        self._timeout_s = timeout_s

    async def ask(self, statement: str) -> list[list[Any]]:
        """The rows of the answer. Raises `SinkUnavailable`, of which are `Silent`, `QueryFailed` and
        `TableMissing`."""
        response = await self._get("/exec", {"query": statement})
        answer = self._decode(response, _Answer)
        if answer.error is not None or not response.is_success:
            raise self._failure(response.status_code, answer.error)
        return answer.dataset

    async def version(self) -> tuple[int, ...]:
        """The server's version, such as (9, 3, 4)."""
        answer = self._decode(await self._get("/settings", {}), _Settings)
        return tuple(int(part) for part in answer.config.version.split("-")[0].split(".") if part.isdigit())

    async def _get(self, path: str, parameters: dict[str, str]) -> httpx.Response:
        headers = {_STATEMENT_TIMEOUT_MS: str(round(self._timeout_s * 1000))}
        try:
            with trio.fail_after(self._timeout_s):
                response = await self._client.get(path, params=parameters, headers=headers)
        except (trio.TooSlowError, httpx.TimeoutException):
            raise Silent(f"{self._server} did not answer within {self._timeout_s:g} s") from None
        except httpx.HTTPError as error:
            raise SinkUnavailable(f"{self._server} cannot be reached: {_reason(error)}") from None
        if refusal := _REFUSALS.get(response.status_code):
            raise SinkUnavailable(f"{self._server} {refusal}")
        return response

    def _decode(self, response: httpx.Response, shape: type[_AnswerT]) -> _AnswerT:
        try:
            return msgspec.json.decode(response.content, type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            words = f"{self._server} answered {response.status_code}, and not as QuestDB does"
            raise SinkUnavailable(words) from None

    def _failure(self, status: int, error: str | None) -> SinkUnavailable:
        words = error or f"status {status}"
        if "timeout, query aborted" in words:
            return Silent(f"{self._server} gave up a question after {self._timeout_s:g} s")
        kind = TableMissing if "table does not exist" in words else QueryFailed
        return kind(f"{self._server}: {words}")


def _reason(error: BaseException | None) -> str:
    """The words of the innermost cause: those of httpx tell that it failed, and not why."""
    words = type(error).__name__
    while error is not None:
        words = str(error) or words
        inner = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else None
        error = inner or error.__cause__ or error.__context__
    return words


def _trust(address: Address) -> ssl.SSLContext:
    if not address.is_encrypted:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used, and costs nothing to make
    try:
        return ssl.create_default_context(cafile=address.tls_roots)
    except ssl.SSLError:
        raise SettingsError([f"{address.tls_roots} holds no certificates in PEM"]) from None
