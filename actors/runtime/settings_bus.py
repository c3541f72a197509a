"""What the settings hold about several machines: `[bus]`, and the roles of a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from actors.runtime.errors import SettingsError

ROLES = ("ingest", "serve", "persist")


class BusSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[bus]`: what joins several machines to one hub; `none` for one machine.

    `node` is this node's name, `prefix` that of the hub on its server. A node that is not heard of for
    `takeover_s` is replaced by the others; `copies` nodes follow each instrument, and one of them tells it.
    `messages_kept` is how much of the log is kept, `buffer_mb` how much waits here while the bus is away.
    """

    kind: Literal["none", "redis", "nats"] = "none"
    url: str = ""
    node: str = ""
    prefix: str = "tickwell"
    takeover_s: Annotated[float, Meta(ge=1, le=300)] = 5.0
    copies: Annotated[int, Meta(ge=1, le=5)] = 1
    messages_kept: Annotated[int, Meta(ge=1000, le=100_000_000)] = 100_000
    buffer_mb: Annotated[int, Meta(ge=1, le=10_000)] = 64
    flush_ms: Annotated[float, Meta(ge=1, le=1000)] = 20.0
    restate_s: Annotated[float, Meta(ge=1, le=600)] = 10.0

    @property
    def is_used(self) -> bool:
        """Whether there is more than one machine."""
        return self.kind != "none"


def roles_of(text: str) -> tuple[str, ...]:
    """The roles that `--role` means. Raises `ValueError` with what would be right."""
    words: Sequence[str] = [word.strip() for word in text.split(",")]
    unknown = [word for word in words if word not in (*ROLES, "all")]
    if unknown:
        raise ValueError(
            f"{unknown[0]!r} is no role: give all, or some of {', '.join(ROLES)} with commas between"
        )
    return tuple(role for role in ROLES if role in words or "all" in words)


def check_roles(bus: BusSettings, roles: tuple[str, ...]) -> None:
    """Whether they can be played. Raises `SettingsError`."""
    if roles != ROLES and not bus.is_used:
        words = f"--role {','.join(roles)}: without [bus] kind = redis or nats this node hears of no other"
        raise SettingsError([f"{words}; leave it out, or give it a bus"])
