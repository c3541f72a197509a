"""What happens to a subscription, in order: `Subscription.events` yields these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Batch(Generic[R]):
    """Records that came together.

    `kind` is `snapshot` (everything, in place of what you had) or `update` (what changed). `removed` are the
    keys that are gone. `offset` and `epoch` say where the hub stood, `ts_out` when it built the frame (Unix
    ms); of records that were merged here, those of the newest.
    """

    kind: Literal["snapshot", "update"]
    records: list[R]
    removed: list[str] = field(default_factory=list)
    offset: int | None = None
    epoch: str | None = None
    ts_out: int | None = None


class Gap(Struct, frozen=True, kw_only=True, rename={"from_ms": "from", "to_ms": "to"}):
    """Events are missing here.

    `reason`: `slow_consumer` (we took them too slowly; `missed` of them, from `from_offset` to `to_offset`),
    `not_recovered` (we were away for longer than the hub remembers, or it was restarted), `sequence` (a frame
    was lost), or the hub's word for what it missed itself of the exchange: then `key` names the instrument,
    `cause` says why, `from_ms` and `to_ms` when (Unix ms), and `healed` whether it was fetched since.
    `missed` is `None` where nobody knows how many.
    """

    channel: str = ""
    reason: str = ""
    sub: int | None = None
    key: str | None = None
    cause: str | None = None
    missed: int | None = None
    recovered: int | None = None
    from_offset: int | None = None
    to_offset: int | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    healed: bool = False


@dataclass(frozen=True, slots=True)
class Down:
    """The connection is gone, and nothing that you have is current. The client connects again by itself."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Up:
    """Connected again. `recovered` says that everything that happened meanwhile follows."""

    recovered: bool


Event: TypeAlias = Batch[R] | Gap | Down | Up
