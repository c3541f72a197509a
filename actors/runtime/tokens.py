"""Tokens: how they look, how the settings remember them, and until when they count. Pure.

A token is `tw_NAME_SECRET`: its name leads to the one hash that it is compared with, and scanners for leaked
secrets know the beginning. The secret is 256 random bits, so one round of HMAC-SHA-256 over a salt is as good
as many: nobody can guess it, fast or slow.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime

PREFIX = "tw"
SECRET_BYTES = 32
SALT_BYTES = 16

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_HASH = re.compile(r"sha256:([0-9a-f]{32}):([0-9a-f]{64})")
# Of no token: whoever names one that does not exist waits as long as anybody else.
_NOBODY = f"sha256:{'0' * 32}:{'0' * 64}"


def is_name(text: str) -> bool:
    """Whether a token can be called so."""
    return _NAME.fullmatch(text) is not None


def is_hash(text: str) -> bool:
    """Whether a `hash` of the settings can be read."""
    return _HASH.fullmatch(text) is not None


def token_of(name: str, secret: str) -> str:
    """The token as it is handed out."""
    return f"{PREFIX}_{name}_{secret}"


def name_in(token: str) -> str:
    """The name that a token says it has; empty if it is none of ours."""
    prefix, _, rest = token.partition("_")
    name, _, secret = rest.partition("_")
    return name if prefix == PREFIX and secret and is_name(name) else ""


def hash_of(token: str, salt: bytes) -> str:
    """What the settings keep of a token."""
    return f"sha256:{salt.hex()}:{_digest(token, salt)}"


def matches(token: str, kept: str) -> bool:
    """Whether `kept` is the hash of `token`. It takes as long for a wrong one, and for an empty `kept`."""
    _, salt, digest = (kept if is_hash(kept) else _NOBODY).split(":")
    return hmac.compare_digest(_digest(token, bytes.fromhex(salt)), digest) and is_hash(kept)


def _digest(token: str, salt: bytes) -> str:
    return hmac.new(salt, token.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def expiry_ns(text: str) -> int | None:
    """The moment that `expires` means, in Unix ns; `None` for never. `ValueError` for anything else.

    A date is its beginning in UTC, and a time without a zone is UTC.
    """
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000
