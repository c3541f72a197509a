"""A route of REST v1 as a value, and the shape that all answers share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from math import floor, log10
from typing import Any, Generic, TypeVar

from msgspec import UNSET, Struct, UnsetType

from actors.market.events import State
from actors.market.reports import QualityReport
from web.api.queries import Query
from web.picture import Kind
from web.readmodel import Board
from web.site import Site
from web.wire import unix_ms

Q = TypeVar("Q", bound=Query)
DIGITS = 15  # that a float64 keeps of any decimal number


class ChannelState(Struct, frozen=True, kw_only=True):
    """Whether the data of a channel can be trusted. Only `live` is current.

    `since` is when it became so, `age_ms` how old its newest data is; both `null` where there is none.
    """

    channel: str
    state: State
    since: int | None
    age_ms: int | None
    reason: str


class Meta(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an answer says about itself.

    `as_of` is the hub's clock in Unix ms; every `age_ms` is counted back from it. `seq` is the number of the
    newest tick of each exchange that was asked, and `epoch` names the run of the hub that counts them.
    `total` is how many records there are where `limit` left some out. `unknown_symbols` are those asked for
    that no exchange has. `quality` stands where the whole answer is one channel's.
    """

    as_of: int
    epoch: str
    seq: dict[str, int]
    count: int | UnsetType = UNSET
    total: int | UnsetType = UNSET
    unknown_symbols: list[str] | UnsetType = UNSET
    quality: ChannelState | UnsetType = UNSET


class Body(Struct, frozen=True):
    """The data of an answer, and what its `meta` says beyond the usual."""

    data: Any
    meta: dict[str, Any] = {}


@dataclass(frozen=True)
class Answer:
    """An answer that need not be made if its reader knows `version` already."""

    boards: list[Board]
    version: tuple[str, ...]
    build: Callable[[int], Body]  # of the hub's clock, in ns


@dataclass(frozen=True, kw_only=True)
class Address(Generic[Q]):
    """One address: what may be asked, and what comes back.

    `data` is the type of the answer's `data`, or a tuple of those that it may be; `meta` is that of its
    `meta`; `problems` are the status codes beside 200, 304 and those of every address. `formats` are the
    content types of the answer, JSON first; the others tell the same rows in lines.
    """

    path: str
    name: str
    summary: str
    details: str
    query: type[Q]
    data: Any
    meta: type[Struct]
    problems: tuple[int, ...] = (400,)
    formats: tuple[str, ...] = ("application/json",)


@dataclass(frozen=True, kw_only=True)
class Route(Address[Q], Generic[Q]):
    """An address that is answered from the read model. `prepare` may wait for what is asked."""

    answer: Callable[[Site, str, Q], Answer]
    meta: type[Meta] = Meta
    prepare: Callable[[Site, str, Q], Awaitable[None]] | None = None


def limited(records: list[Any], limit: int) -> Body:
    """The first `limit` records, and how many there are."""
    meta = {"total": len(records)} if len(records) > limit else {}
    return Body(records[:limit], meta)


def channel_state(channel: str, report: QualityReport | None, now_ns: int) -> ChannelState:
    """A channel's state as readers see it; one of which nothing was heard yet is `connecting`."""
    if report is None:
        return ChannelState(
            channel=channel, state="connecting", since=None, age_ms=None, reason="not heard of yet"
        )
    return ChannelState(
        channel=report.channel,
        state=report.state,
        since=unix_ms(report.since_ns),
        age_ms=age_ms(report.last_ns, now_ns),
        reason=report.reason,
    )


def age_ms(ts_ns: int | None, now_ns: int) -> int | None:
    """How long ago something came, in ms; `None` when it never did."""
    return max(0, now_ns - ts_ns) // 1_000_000 if ts_ns else None


def tidy(difference: float | None, price: float | None) -> float | None:
    """The difference of two prices without the digits that no float64 of that size has: 0.1, not
    0.09999999999127."""
    if difference is None or not price:
        return difference
    return round(difference, DIGITS - floor(log10(abs(price))) - 1)


def versions(boards: Iterable[Board], *kinds: Kind) -> tuple[str, ...]:
    """Per exchange what stands for the newest change of these kinds of things."""
    return tuple(board.version(*kinds) for board in boards)


def listings(boards: Iterable[Board]) -> tuple[str, ...]:
    """Per exchange what stands for the newest change of what there is, which ticks do not count."""
    return tuple(f"l{board.listing}" for board in boards)


def reported(boards: Iterable[Board]) -> tuple[str, ...]:
    """Per exchange what stands for the newest report, which comes between ticks."""
    return tuple(f"r{board.reported}" for board in boards)
