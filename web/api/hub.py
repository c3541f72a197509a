"""`/api/v1/hub`: how the hub is doing in few numbers, cheap enough to be asked every second by every page."""

from __future__ import annotations

from typing import Any

import trio
from msgspec import Struct

from actors.market.feeds import FeedState, MarketReport
from actors.runtime.version import __version__
from web.api.elsewhere import SinkStatus
from web.api.queries import Query
from web.api.resource import Answer, Body, Route, age_ms
from web.readmodel import Board
from web.sinks import sink_entry
from web.site import Site
from web.wire import unix_ms

SYMBOLS_NAMED_MAX = 10


class HubMarket(Struct, frozen=True):
    """One market. `running` is whether it is wanted at all, `age_ms` how old its newest data is.

    `stale` counts the instruments whose streams fell silent, and `stale_symbols` names ten of them at most;
    `refused` and `mute` count what the exchange does not serve. `p50_ms` and `p99_ms` are from the exchange's
    clock to the hub, over the last minute.
    """

    exchange: str
    market: str
    running: bool
    state: FeedState
    age_ms: int | None
    symbols: int
    producing: int
    stale: int
    stale_symbols: list[str]
    refused: int
    mute: int
    messages_per_s: float
    reconnects: int
    p50_ms: float | None
    p99_ms: float | None
    last_error: str | None
    next_attempt_ts: int | None


class HubClients(Struct, frozen=True):
    """Who listens: clients of `/ws` and of its events over HTTP (`stream`), of `/ws/realtime/{exchange}`
    (`realtime`). `conflated` and `missed` are what busy ones got merged, and never got, since the start."""

    stream: int
    realtime: int
    subscriptions: int
    conflated: int
    missed: int


class HubTraffic(Struct, frozen=True):
    """What came from the exchanges and went out to clients, since the start: two answers make a rate.

    `messages_out` are frames with data; `bytes_out` all that was written. `messages_in_per_s` is of the last
    seconds.
    """

    messages_in: int
    bytes_in: int
    messages_in_per_s: float
    messages_out: int
    bytes_out: int


class HubOut(Struct, frozen=True):
    """The hub. `started_ts` is Unix ms, `loop_lag_max_ms` the longest that everything waited in the last
    minute."""

    version: str
    started_ts: int
    loop_lag_max_ms: float
    clients: HubClients
    traffic: HubTraffic
    markets: list[HubMarket]
    sinks: list[SinkStatus]


def answer_hub(site: Site, _: str, __: Query) -> Answer:
    """Everything but instruments."""
    boards = list(site.read_model.boards.values())

    def build(now_ns: int) -> Body:
        return Body(hub_out(site, boards, now_ns))

    # It is told anew every second, as its numbers never rest.
    return Answer(boards, (str(site.now_ns() // 1_000_000_000),), build)


def hub_out(site: Site, boards: list[Board], now_ns: int) -> dict[str, Any]:
    """The hub as its readers see it; in the shape of `HubOut`."""
    return {
        "version": __version__,
        "started_ts": site.read_model.started_ns // 1_000_000,
        "loop_lag_max_ms": round(site.loop.max_s(trio.current_time()) * 1000, 1),
        "clients": hub_clients(site),
        "traffic": hub_traffic(site),
        "markets": [
            hub_market(site, board, each, now_ns) for board in boards for each in board.reports.values()
        ],
        "sinks": [sink_entry(each, now_ns) for each in site.sinks()],
    }


def hub_clients(site: Site) -> HubClients:
    """Who listens."""
    told = site.stream.status()
    return HubClients(
        stream=told["clients"],
        realtime=site.fanout.active.total(),
        subscriptions=told["subscriptions"],
        conflated=told["conflated"] + site.fanout.conflated.total(),
        missed=told["missed"],
    )


def hub_traffic(site: Site) -> HubTraffic:
    """What came and went."""
    reports = site.read_model.reports()
    return HubTraffic(
        messages_in=sum(each.messages for each in reports),
        bytes_in=sum(each.received_bytes for each in reports),
        messages_in_per_s=round(sum(each.messages_per_s for each in reports), 1),
        messages_out=site.stream.status()["sent"] + site.fanout.sent.total(),
        bytes_out=site.traffic.sent_bytes,
    )


def hub_market(site: Site, board: Board, report: MarketReport, now_ns: int) -> HubMarket:
    """One market, without its channels."""
    latency = board.picture.latencies.get(report.market)
    return HubMarket(
        exchange=report.exchange,
        market=report.market,
        running=site.control.running(report.exchange),
        state=report.state,
        age_ms=age_ms(report.last_data_ts, now_ns),
        symbols=len(report.symbols),
        producing=report.producing,
        stale=len(report.stale),
        stale_symbols=list(report.stale[:SYMBOLS_NAMED_MAX]),
        refused=len(report.refused),
        mute=len(report.mute),
        messages_per_s=round(report.messages_per_s, 1),
        reconnects=report.reconnects,
        p50_ms=None if latency is None else latency.p50_ms,
        p99_ms=None if latency is None else latency.p99_ms,
        last_error=report.last_error,
        next_attempt_ts=unix_ms(report.next_attempt_ts),
    )


ROUTES: list[Route[Any]] = [
    Route(
        path="/api/v1/hub",
        name="hub",
        summary="How the hub is doing",
        details="Markets, sinks, clients and traffic in few numbers; `/api/v1/quality` says more.",
        query=Query,
        data=HubOut,
        answer=answer_hub,
    ),
]
