"""Where a page of history ended, as a text that its reader hands back unread.

A cursor holds values only, is checked before anything is asked with it, and is good for one question: the
same address with the same parameters. It means the same after a restart, because pages that are cached for
ever carry it.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import blake2s
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from web.api.history_times import NS_MAX
from web.problems import Problem

CHECK_BYTES = 9
CURSOR_CHARACTERS_MAX = 512
Ns = Annotated[int, Meta(ge=0, le=NS_MAX)]


class Place(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The span that was asked, in ns, and the last row that was told: its time, and what breaks a tie."""

    from_ns: Ns | None
    to_ns: Ns | None
    ts: Ns
    tie: str


def question_of(*parts: str) -> bytes:
    """What stands for a question: whatever belongs to it but the page."""
    return blake2s(msgspec.json.encode(parts), digest_size=16).digest()


def write_cursor(place: Place, question: bytes) -> str:
    """The cursor of a place."""
    payload = msgspec.msgpack.encode(place)
    return base64.urlsafe_b64encode(check_of(payload, question) + payload).decode().rstrip("=")


def read_cursor(text: str, question: bytes) -> Place:
    """The place that a cursor means; a 400 `Problem` for one that is not from an answer to `question`."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        place = msgspec.msgpack.decode(raw[CHECK_BYTES:], type=Place)
    except (binascii.Error, ValueError):
        raise bad_cursor() from None
    if write_cursor(place, question) != text:
        raise bad_cursor()
    return place


def check_of(payload: bytes, question: bytes) -> bytes:
    """What only an answer to `question` puts before its payload."""
    return blake2s(payload, key=question, digest_size=CHECK_BYTES).digest()


def bad_cursor() -> Problem:
    """The 400 about a cursor."""
    detail = (
        "This cursor is not from an answer to this question. Repeat the question as it was, with the "
        "`next_cursor` of its answer; only `limit` may change."
    )
    return Problem(400, detail, code="bad_cursor")
