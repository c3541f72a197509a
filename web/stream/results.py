"""What the requests of a client are answered with, where they succeed."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from web.stream.options import Channel
from web.stream.selection import Rejected


class SubscribedResult(Struct, frozen=True, kw_only=True):
    """A subscription: its number, and what its selectors mean now.

    `rejected` are those that mean nothing, `warnings` are about those that cannot be judged yet. `offset` is
    the position, in the run of the hub named `epoch`, at which it begins. `recovered`: everything since the
    position in `resume` follows; `false` where that cannot be, or was not asked.
    """

    sub: int
    channel: Channel
    keys: list[str]
    rejected: list[Rejected]
    warnings: list[str]
    max_rate_hz: float
    epoch: str
    offset: int
    recovered: bool


class EndedResult(Struct, frozen=True):
    """The subscriptions that ended."""

    subs: list[int]


class SubscriptionOut(Struct, frozen=True, kw_only=True):
    """One subscription: `params` as they were understood, `seq` and `offset` of its last frame."""

    sub: int
    channel: Channel
    params: dict[str, Any]
    keys: list[str]
    seq: int
    offset: int


class SubscriptionsResult(Struct, frozen=True):
    """All subscriptions of the connection."""

    subscriptions: list[SubscriptionOut]


class SetResult(Struct, frozen=True, kw_only=True):
    """The values of a subscription after the change; `fields` is `null` for all."""

    sub: int
    max_rate_hz: float
    fields: list[str] | None
    changes_only: bool


class PingResult(Struct, frozen=True):
    """The time of the hub, Unix ms, and what came with the ping."""

    ts: int
    params: Any


class HistoryResult(Struct, frozen=True):
    """Records of the channel, the oldest first."""

    data: list[Any]
