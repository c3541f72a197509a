"""What the hub says beside data: welcome, answers, errors, notices and heartbeats, as plain structures.

`encode` writes any of them, and any frame, as JSON or MessagePack.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from actors.market.feeds import FeedState
from actors.market.reports import Hole
from web.stream.decoding import Format
from web.stream.errors import ReqId, RequestError

PROTOCOL = 1
FORMATS: tuple[Format, ...] = ("json", "msgpack")


class LimitsOut(Struct, frozen=True, kw_only=True):
    """What a client may do: see `[stream]` in the settings."""

    subscriptions: int
    messages_per_s: float
    message_bytes: int
    symbols: int
    rate_hz: float


class WelcomeData(Struct, frozen=True, kw_only=True):
    """Who answers, and in which run of the hub; `ts` is Unix ms."""

    connection_id: str
    protocol: int = PROTOCOL
    server: str
    epoch: str
    ts: int
    heartbeat_ms: int
    limits: LimitsOut
    formats: tuple[Format, ...] = FORMATS


class ErrorOut(Struct, frozen=True, kw_only=True):
    """Why a request is refused: `code` is for programs, `message` for people. `temporary`: the same may
    succeed later."""

    code: str
    message: str
    field: str | None = None
    temporary: bool = False


class Answer(Struct, frozen=True, kw_only=True):
    """The answer to a request: `result` or `error`. The times are Unix ms with fractions."""

    method: str | None
    req_id: ReqId
    success: bool
    result: Any | UnsetType = UNSET
    error: ErrorOut | UnsetType = UNSET
    time_in: float
    time_out: float


class MissedData(Struct, frozen=True, kw_only=True):
    """What this client missed of a subscription, because it was too slow for the ring."""

    sub: int
    channel: str
    reason: str = "slow_consumer"
    missed: int
    from_offset: int
    to_offset: int


class HoleData(Struct, frozen=True, kw_only=True, rename={"from_ts": "from", "to_ts": "to"}):
    """What the hub missed of an exchange, between two times in Unix ms; `to` is `null` while it is open."""

    key: str
    channel: str
    reason: str
    cause: str
    missed: int | None
    recovered: int
    from_ts: int
    to_ts: int | None
    healed: bool


class FeedData(Struct, frozen=True, kw_only=True):
    """How the feed of a market is doing, since it changed; `ts` is Unix ms."""

    exchange: str
    market: str
    state: FeedState
    reason: str | None
    ts: int


class SlowData(Struct, frozen=True, kw_only=True):
    """How late a client is, and how many updates were merged since the connection began."""

    lag_ms: int
    conflated: int


class GoingAwayData(Struct, frozen=True, kw_only=True):
    """A planned stop, within so many ms."""

    within_ms: int
    reason: str


class System(Struct, frozen=True, kw_only=True):
    """A message about the connection or a feed, beside all subscriptions."""

    channel: Literal["system"] = "system"
    type: Literal["welcome", "gap", "feed", "slow_consumer", "going_away"]
    data: WelcomeData | MissedData | HoleData | FeedData | SlowData | GoingAwayData


class Heartbeat(Struct, frozen=True, kw_only=True):
    """The hub is there. `lag_ms` is how long the last frame waited for the client."""

    channel: Literal["heartbeat"] = "heartbeat"
    ts: int
    subs: int
    lag_ms: int
    conflated: int


def welcome(data: WelcomeData) -> System:
    """The first frame."""
    return System(type="welcome", data=data)


def granted(method: str, req_id: ReqId, result: Any, time_in_ns: int, time_out_ns: int) -> Answer:
    """The answer to a request that was served."""
    return Answer(
        method=method,
        req_id=req_id,
        success=True,
        result=result,
        time_in=fine_ms(time_in_ns),
        time_out=fine_ms(time_out_ns),
    )


def refused(error: RequestError, time_in_ns: int, time_out_ns: int) -> Answer:
    """The answer to a request that was not."""
    return Answer(
        method=error.method,
        req_id=error.req_id,
        success=False,
        error=ErrorOut(code=error.code, message=error.message, field=error.field, temporary=error.temporary),
        time_in=fine_ms(time_in_ns),
        time_out=fine_ms(time_out_ns),
    )


def error_out(error: RequestError) -> ErrorOut:
    """An error as clients see it."""
    return ErrorOut(code=error.code, message=error.message, field=error.field, temporary=error.temporary)


def missed(sub: int, channel: str, count: int, from_offset: int, to_offset: int) -> System:
    """A client was too slow for the ring."""
    data = MissedData(sub=sub, channel=channel, missed=count, from_offset=from_offset, to_offset=to_offset)
    return System(type="gap", data=data)


def hole(each: Hole) -> System:
    """The hub missed something of an exchange, or what it missed has healed."""
    return System(type="gap", data=hole_data(each))


def hole_data(each: Hole) -> HoleData:
    """A hole as the readers of the stream see it."""
    return HoleData(
        key=f"{each.exchange}:{each.market}:{each.symbol}",
        channel=each.channel,
        reason=each.reason,
        cause=each.cause,
        missed=each.missed,
        recovered=each.recovered,
        from_ts=each.from_ns // 1_000_000,
        to_ts=None if each.to_ns is None else each.to_ns // 1_000_000,
        healed=each.healed,
    )


def slow_consumer(lag_ms: int, conflated: int) -> System:
    """A client begins to be late."""
    return System(type="slow_consumer", data=SlowData(lag_ms=lag_ms, conflated=conflated))


def going_away(within_ms: int, reason: str) -> System:
    """A planned stop."""
    return System(type="going_away", data=GoingAwayData(within_ms=within_ms, reason=reason))


def encode(structure: Any, format: Format) -> bytes:  # noqa: A002
    """A message as it goes over the wire."""
    return _ENCODE[format](structure)


def fine_ms(ts_ns: int) -> float:
    """Unix ms with fractions, to the microsecond."""
    return ts_ns // 1000 / 1000


_ENCODE = {"json": msgspec.json.encode, "msgpack": msgspec.msgpack.encode}
