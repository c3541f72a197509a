"""Why a request is refused, and why a connection ends: every code, and what it means."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeAlias

from web.stream.decoding import shown

ReqId: TypeAlias = int | str | None
WORD_CHARACTERS_MAX = 64

CODES: dict[str, str] = {
    "bad_message": "not JSON or MessagePack, or no object with a method",
    "unknown_method": "there is no such method",
    "bad_params": "a parameter is missing, unknown, or not what it should be",
    "unknown_channel": "there is no such channel",
    "unknown_symbol": "no exchange has it",
    "not_offered": "the exchange does not tell this",
    "switched_off": "the settings do not follow this",
    "no_symbols": "every symbol was rejected",
    "unknown_subscription": "this connection has no such subscription",
    "limit_exceeded": "more than one connection may have",
    "rate_limited": "too many messages in a second: this one was not read further",
    "too_big": "the answer would be too big",
}
CLOSE_CODES: dict[int, str] = {
    1001: "the hub stops or restarts",
    1008: "too many messages that are not understood",
    1009: "a message over 64 KiB",
    1011: "the hub failed",
}


class RequestError(Exception):
    """A request that cannot be served. `code` is one of `CODES`; `method` and `req_id` are `None` where they
    could not be read. `dialect` says that its sender speaks the older hub's language."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        temporary: bool = False,
        method: str | None = None,
        req_id: ReqId = None,
        dialect: bool = False,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.field, self.temporary = code, message, field, temporary
        self.method, self.req_id, self.dialect = method, req_id, dialect


def bad_param(name: str, value: Any, right: str) -> RequestError:
    """A parameter that is not what it should be."""
    message = f"{name}={shown(value)} is not understood; expected {right}."
    return RequestError("bad_params", message, field=name)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that ends a sentence; nothing where nothing is near."""
    meant = get_close_matches(word[:WORD_CHARACTERS_MAX].lower(), list(known), n=2, cutoff=0.6)
    return f" Did you mean {' or '.join(meant)}?" if meant else ""
