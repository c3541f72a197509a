"""The messages of `docs/protocol.md`, version 1, as JSON or MessagePack.

A frame is read in two steps: its envelope here, and its `data` by the one who knows what it holds.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import msgspec
from msgspec import Raw, Struct

from tickwell_client.errors import ProtocolError
from tickwell_client.records import Level

VERSION = 1
T = TypeVar("T")
Format: TypeAlias = Literal["json", "msgpack"]
Payload: TypeAlias = str | bytes


class ErrorBody(Struct, frozen=True):
    """Why the hub says no."""

    code: str = "unknown"
    message: str = ""
    field: str | None = None
    temporary: bool = False


class Envelope(Struct, frozen=True):
    """Any message of the hub: which of the fields it has says what it is."""

    channel: str | None = None
    type: str | None = None
    sub: int | None = None
    seq: int | None = None
    offset: int | None = None
    epoch: str | None = None
    data: Raw = Raw()
    removed: list[str] = []
    ts_out: int | None = None
    method: str | None = None
    req_id: int | str | None = None
    success: bool | None = None
    result: Raw = Raw()
    error: ErrorBody | None = None
    lag_ms: int = 0
    conflated: int = 0


class Limits(Struct, frozen=True):
    """What the hub allows one connection."""

    subscriptions: int | None = None
    messages_per_s: float = 20
    message_bytes: int = 65_536
    symbols: int | None = None
    rate_hz: float | None = None


class Welcome(Struct, frozen=True, kw_only=True):
    """The hub introduces itself. `epoch` names its run: offsets mean something within one only."""

    protocol: int
    epoch: str
    connection_id: str = ""
    server: str = ""
    ts: int | None = None
    heartbeat_ms: int = 5000
    limits: Limits = Limits()
    formats: list[str] = []


class Heartbeat(Struct, frozen=True):
    """The hub's last heartbeat: `lag_ms` is how long the last frame waited for us, `conflated` how many
    updates the hub merged because we were busy, since the connection began."""

    lag_ms: int = 0
    conflated: int = 0


class GoingAway(Struct, frozen=True):
    """A planned stop."""

    within_ms: int = 0
    reason: str = ""


class Rejection(Struct, frozen=True):
    """A selector that was refused, why, and what was perhaps meant."""

    symbol: str
    code: str = ""
    message: str = ""
    nearest: list[str] = []


class Accepted(Struct, frozen=True, kw_only=True):
    """The answer to `subscribe`."""

    sub: int
    keys: list[str] = []
    rejected: list[Rejection] = []
    warnings: list[Any] = []
    max_rate_hz: float | None = None
    epoch: str | None = None
    offset: int | None = None
    recovered: bool | None = None


class BookRecord(Struct, frozen=True, kw_only=True):
    """A book as it comes: whole if `previous` is `None`, else what changed since that version."""

    key: str
    version: int | str
    previous: int | str | None = None
    bids: list[Level] = []
    asks: list[Level] = []
    depth: int | None = None
    update_id: int | str | None = None
    ts_event: int | None = None
    ts_recv: int | None = None
    quality: str | None = None


class _Library(Protocol):
    """What `msgspec.json` and `msgspec.msgpack` have in common."""

    def encode(self, obj: Any, /) -> bytes: ...

    def decode(self, buf: Any, /, *, type: type[T]) -> T: ...  # noqa: A002


class Codec:
    """One of the two formats. Everything raises `ProtocolError` for what cannot be read."""

    def __init__(self, name: Format) -> None:
        self.name: Format = name
        self.subprotocol = f"tickwell.v{VERSION}.{name}"
        self._library: _Library = msgspec.json if name == "json" else msgspec.msgpack
        decoders = {"json": msgspec.json.Decoder, "msgpack": msgspec.msgpack.Decoder}
        self._envelope = decoders[name](Envelope)

    def encode(self, message: dict[str, Any]) -> Payload:
        """A message of ours: text as JSON, bytes as MessagePack."""
        encoded = self._library.encode(message)
        return encoded.decode() if self.name == "json" else encoded

    def envelope(self, payload: Payload) -> Envelope:
        """A message of the hub, with `data` and `result` still to be read."""
        try:
            envelope: Envelope = self._envelope.decode(payload)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise ProtocolError(f"the hub sent a message that cannot be read: {error}") from error
        return envelope

    def read(self, raw: Raw, kind: type[T]) -> T:
        """What is inside `data` or `result`."""
        try:
            return self._library.decode(raw, type=kind)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise ProtocolError(f"the hub sent a {kind} that cannot be read: {error}") from error
