"""The addresses beside REST v1 that answer programs: their shapes, for the document that describes all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from actors.market.feeds import FeedState
from actors.market.sinkstatus import SinkState
from web.api.queries import Query
from web.api.tickets import Ticket
from web.health import ReadyQuery


class SinkCounts(Struct, frozen=True, kw_only=True):
    """A sink's state, since when, and its rows: accepted = written + in hand + in the outbox + dropped."""

    state: SinkState
    since: str | None
    accepted: int
    written: int
    in_hand: int
    outbox_rows: int
    dropped: dict[str, int]
    last_error: str | None


class Check(Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that was looked at: its number in its unit, and in `output` what is wrong. Of a sink, the
    number is how many rows wait on disk."""

    status: Literal["pass", "warn", "fail"]
    component_type: str | UnsetType = UNSET
    observed_value: float | UnsetType | None = UNSET
    observed_unit: str | UnsetType = UNSET
    time: str | UnsetType = UNSET
    output: str | UnsetType = UNSET
    sink: SinkCounts | UnsetType = UNSET


class Health(Struct, frozen=True):
    """pass: every wanted market is live. warn: some are not, or a sink is in trouble. fail: none is live, or
    the hub is going down."""

    status: Literal["pass", "warn", "fail"]
    version: str
    checks: dict[str, list[Check]]
    output: str | UnsetType = UNSET


class MarketStatus(Struct, frozen=True):
    """One market's feed."""

    exchange: str
    market: str
    state: FeedState
    symbols_wanted: int
    symbols_producing: int
    symbols_stale: list[str]
    refused: dict[str, str]
    mute: list[str]
    messages_per_s: float
    last_data_age_s: float | None
    reconnects: int
    last_error: str | None
    next_attempt: str | None
    next_attempt_in_s: float | None


class SinkStatus(SinkCounts, frozen=True, kw_only=True):
    """One sink. `trouble` is why its state is not a good one; `last_error` stays after that."""

    name: str
    outbox_bytes: int
    outbox_age_s: float | None
    trouble: str | None
    next_attempt_in_s: float | None


class Status(Struct, frozen=True):
    """What runs, and how every market's feed is doing.

    Per exchange there is also `{exchange}_running`, a boolean, and `{exchange}_symbols`, a list of texts.
    """

    workers_running: bool
    active_connections: dict[str, int]
    tick_lag_ms: float
    late_ticks: int
    conflated_ticks: dict[str, int]
    markets: list[MarketStatus]
    sinks: list[SinkStatus]
    version: str
    timestamp: str


class Order(Struct, frozen=True, forbid_unknown_fields=True):
    """Which exchange to start or stop; all of them if none is named."""

    exchange: str | None = None


@dataclass(frozen=True)
class Elsewhere:
    """One address: `answers` maps status codes to the content type and the type of what comes back, `None`
    for nothing."""

    method: Literal["get", "post", "put", "patch", "delete"]
    path: str
    name: str
    tag: str
    summary: str
    details: str
    answers: dict[int, tuple[str, Any]]
    problems: tuple[int, ...] = ()
    body: Any = None
    query: type[Query] | None = None


HEALTH: dict[int, tuple[str, type]] = {
    200: ("application/health+json", Health),
    503: ("application/health+json", Health),
}
STATUS: dict[int, tuple[str, Any]] = {200: ("application/json", Status)}
METRICS: dict[int, tuple[str, type]] = {200: ("text/plain", str)}
CONTROL_PROBLEMS = (400, 401, 403, 404, 413, 415, 429)
TICKET: dict[int, tuple[str, type]] = {201: ("application/json", Ticket)}

ADDRESSES = [
    Elsewhere("get", "/health", "health", "operations", "How well the hub is", "For monitoring.", HEALTH),
    Elsewhere(
        "get",
        "/readyz",
        "readyz",
        "operations",
        "Whether it is ready",
        "For load balancers: it is unless a wanted market is not live, or a sink takes no rows.",
        HEALTH,
        (400,),
        query=ReadyQuery,
    ),
    Elsewhere(
        "get",
        "/livez",
        "livez",
        "operations",
        "Whether the process lives",
        "It does if it answers.",
        HEALTH,
    ),
    Elsewhere(
        "get",
        "/metrics",
        "metrics",
        "operations",
        "What the hub counts",
        "For Prometheus: its text format, or OpenMetrics for who accepts that.",
        METRICS,
    ),
    Elsewhere("get", "/ws/realtime/status", "status", "operations", "What runs, and how", "", STATUS),
    Elsewhere(
        "post",
        "/ws/realtime/start",
        "start",
        "operations",
        "Start one exchange, or all",
        "Needs the control token, or a request on the hub's own machine.",
        STATUS,
        CONTROL_PROBLEMS,
        Order,
    ),
    Elsewhere(
        "post",
        "/ws/realtime/stop",
        "stop",
        "operations",
        "Stop one exchange, or all",
        "Needs the control token, or a request on the hub's own machine.",
        STATUS,
        CONTROL_PROBLEMS,
        Order,
    ),
    Elsewhere(
        "post",
        "/api/v1/tickets",
        "tickets",
        "operations",
        "A ticket for a socket",
        "For browsers, which cannot send a token with a socket: good once, as `?ticket=`.",
        TICKET,
        (401, 403, 429),
    ),
]
