"""Whom a bearer token names, and what they may do. Pure: time is handed in."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, TypeAlias

from actors.runtime.settings import SCOPES, TokenSettings
from actors.runtime.tokens import expiry_ns, matches, name_in

Scope: TypeAlias = Literal["read", "control"]
Refusal: TypeAlias = Literal["missing", "unknown", "expired"]

CONTROL = "control"


@dataclass(frozen=True)
class Holder:
    """Who has shown a token: its name, what it allows, and until when (Unix ns, `None` for ever)."""

    name: str
    scopes: frozenset[str]
    expires_ns: int | None = None

    def may(self, scope: Scope) -> bool:
        """Whether the token allows that much; who may control may read."""
        return scope in self.scopes or CONTROL in self.scopes


@dataclass(frozen=True)
class Keyring:
    """The tokens of the settings, of which it knows only hashes, and the one `control_token`."""

    tokens: Mapping[str, TokenSettings]
    control_token: str = ""

    def find(self, authorization: str, now_ns: int) -> Holder | Refusal:
        """Whose token the header carries, or why it is nobody's. Other schemes than Bearer are not for us."""
        scheme, _, rest = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            return "missing"
        return self._holder(rest.strip(), now_ns)

    def _holder(self, token: str, now_ns: int) -> Holder | Refusal:
        if self._is_control(token):
            return Holder(CONTROL, frozenset(SCOPES))
        name = name_in(token)
        kept = self.tokens.get(name, TokenSettings())
        if not matches(token, kept.hash):
            return "unknown"
        expires_ns = expiry_ns(kept.expires)
        if expires_ns is not None and now_ns >= expires_ns:
            return "expired"
        return Holder(name, frozenset(kept.scopes), expires_ns)

    def _is_control(self, token: str) -> bool:
        """An empty token in the settings matches nothing. Digests are compared, for they are equally long."""
        given, expected = (
            sha256(each.encode("utf-8", "replace")).digest() for each in (token, self.control_token)
        )
        return hmac.compare_digest(given, expected) and bool(self.control_token)
