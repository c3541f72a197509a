"""Who is at the other end of a socket, for the list of clients."""

from __future__ import annotations

import secrets

from msgspec import Struct


class Visitor(Struct, frozen=True):
    """One connection: its name in this run of the hub, where it comes from, and since when (Unix ns)."""

    name: str
    address: str
    since_ns: int

    @classmethod
    def at(cls, address: str, now_ns: int) -> Visitor:
        """Somebody new, by a name that tells nothing and is nobody else's."""
        return cls(f"c-{secrets.token_hex(6)}", address, now_ns)
