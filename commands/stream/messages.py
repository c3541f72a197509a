"""The messages of `docs/protocol.md` that a command reads, as JSON or MessagePack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Raw, Struct

from actors.runtime.errors import TickwellError

VERSION = 1
Format: TypeAlias = Literal["json", "msgpack"]
T = TypeVar("T")


class HubLost(TickwellError):
    """There is no connection to the hub, or no longer. `retry_after_s` is what it asked us to wait."""

    def __init__(self, message: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class HubRefused(TickwellError):
    """The hub will not have us: trying again as we are will not help."""


class ErrorBody(Struct, frozen=True):
    """Why the hub says no."""

    code: str = "unknown"
    message: str = "the hub said no, and not why"
    temporary: bool = False


class Frame(Struct, frozen=True, kw_only=True):
    """Any message of the hub: which of the fields it has says what it is."""

    channel: str = ""
    type: str = ""
    sub: int | None = None
    seq: int = 0
    offset: int | None = None
    epoch: str | None = None
    data: Raw = Raw()
    removed: list[str] = []
    ts_out: int | None = None
    method: str | None = None
    req_id: int | str | None = None
    success: bool = False
    result: Raw = Raw()
    error: ErrorBody | None = None
    ts: int | None = None


class Welcome(Struct, frozen=True, kw_only=True):
    """The hub introduces itself."""

    protocol: int
    epoch: str
    server: str = ""
    ts: int = 0
    heartbeat_ms: int = 5000


class Rejected(Struct, frozen=True):
    """A selector that was refused, and why."""

    symbol: str
    message: str = ""


class Subscribed(Struct, frozen=True, kw_only=True):
    """The answer to `subscribe`."""

    sub: int
    keys: list[str] = []
    rejected: list[Rejected] = []
    warnings: list[str] = []
    epoch: str | None = None
    offset: int | None = None
    recovered: bool = False


class Gap(Struct, frozen=True, kw_only=True):
    """Something is missing: of a subscription, or of an instrument at its exchange."""

    channel: str = ""
    reason: str = ""
    key: str | None = None
    missed: int | None = None
    healed: bool = False


class Codec:
    """One of the two formats. Everything raises `HubLost` for what cannot be read: another connection may
    bring better."""

    def __init__(self, name: Format) -> None:
        self.name = name
        self.subprotocol = f"tickwell.v{VERSION}.{name}"
        self._library: Any = msgspec.json if name == "json" else msgspec.msgpack

    def encode(self, message: Mapping[str, Any]) -> str | bytes:
        """A message of ours: text as JSON, bytes as MessagePack."""
        encoded: bytes = self._library.encode(message)
        return encoded.decode() if self.name == "json" else encoded

    def bytes_of(self, message: Mapping[str, Any]) -> bytes:
        """A message for a file or a pipe."""
        encoded: bytes = self._library.encode(message)
        return encoded

    def read(self, payload: str | bytes | Raw, kind: type[T]) -> T:
        """What a message, or a part of it, says."""
        try:
            read: T = self._library.decode(payload, type=kind)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise HubLost(f"the hub sent a {kind} that cannot be read: {error}") from error
        return read
