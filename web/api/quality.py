"""`/api/v1/quality`: how far everything can be trusted, market by market, and what was missed."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import msgspec
from msgspec import Struct

from actors.market.distribution import BOUNDS_S
from actors.market.feeds import FeedState, MarketReport
from actors.market.reports import Hole, LatencyReport, QualityReport
from web.api.keys import boards_of, offer_of
from web.api.queries import Exchange, Market, Query
from web.api.resource import Answer, Body, Route, age_ms, limited, reported, versions
from web.offers import CHANNELS
from web.picture import HOLES_KEPT
from web.readmodel import Board
from web.site import Site
from web.wire import unix_ms

BOUNDS_MS = [bound_s * 1000 for bound_s in BOUNDS_S]


class QualityQuery(Query, frozen=True, kw_only=True):
    """Which markets, and how many holes."""

    exchange: Exchange = None
    market: Market = None
    limit: Annotated[
        int,
        msgspec.Meta(ge=1, le=HOLES_KEPT, description="So many holes: the open ones first, then the newest."),
    ] = 100


class ChannelSummary(Struct, frozen=True):
    """One channel of a market: how many instruments are in each state, and their counters together."""

    channel: str
    offered: bool
    sampled: bool
    states: dict[str, int]
    messages: int
    gaps: int
    resyncs: int
    duplicates: int
    out_of_order: int


class LatencyOut(Struct, frozen=True):
    """Exchange to hub (`p50_ms`, `p99_ms`), and how long the hub keeps it (`dwell_...`), over the last
    minute.

    Corrected by `clock_offset_ms`, how far the exchange's clock is ahead of ours, give or take
    `clock_error_ms`; not corrected where they are `null`. `delays` and `dwells` count the same samples since
    the start: those up to each of `bounds_ms`, and at last the longer ones; empty while there was none.
    """

    p50_ms: float | None
    p99_ms: float | None
    dwell_p50_ms: float | None
    dwell_p99_ms: float | None
    clock_offset_ms: float | None
    clock_error_ms: float | None
    bounds_ms: list[float]
    delays: list[int]
    dwells: list[int]


class MarketQuality(Struct, frozen=True):
    """One market: its connections, its latency, its channels. `running` is whether it is wanted at all.

    `reconnects_by_cause` counts why connections ended. Times are Unix ms.
    """

    exchange: str
    market: str
    running: bool
    state: FeedState
    symbols: int
    producing: int
    refused: dict[str, str]
    messages_per_s: float
    last_data_ts: int | None
    age_ms: int | None
    reconnects: int
    reconnects_by_cause: dict[str, int]
    decode_errors: int
    resyncs: int
    last_error: str | None
    next_attempt_ts: int | None
    latency: LatencyOut | None
    channels: list[ChannelSummary]


class HoleOut(Struct, frozen=True):
    """Something is missing of a channel between `from_ts` and `to_ts` (Unix ms; `null` while it is open).

    `missed` is how much, where that is known; `recovered` how much was fetched back; `healed`: nothing is
    missing any more.
    """

    key: str
    exchange: str
    market: str
    symbol: str
    channel: str
    from_ts: int
    to_ts: int | None
    cause: str
    reason: str
    missed: int | None
    recovered: int
    healed: bool


class Overview(Struct, frozen=True):
    """All markets, and the holes: the open ones first, then the newest."""

    markets: list[MarketQuality]
    holes: list[HoleOut]


def answer_overview(site: Site, _: str, query: QualityQuery) -> Answer:
    """Every market's quality."""
    boards = boards_of(site, query.exchange)

    def build(now_ns: int) -> Body:
        markets = [
            market_quality(site, board, report, now_ns)
            for board in boards
            for report in board.reports.values()
            if query.market in (None, report.market)
        ]
        holes = [each for board in boards for each in board.picture.holes.values()]
        wanted = [each for each in holes if query.market in (None, each.market)]
        wanted.sort(key=lambda each: (each.to_ns is not None, -each.from_ns))
        body = limited(wanted, query.limit)
        return Body(Overview(markets, [hole_out(each) for each in body.data]), body.meta)

    running = "".join(str(int(site.control.running(board.exchange))) for board in boards)
    return Answer(boards, (*versions(boards, "quality", "states"), *reported(boards), running), build)


def market_quality(site: Site, board: Board, report: MarketReport, now_ns: int) -> MarketQuality:
    """One market's quality."""
    return MarketQuality(
        exchange=report.exchange,
        market=report.market,
        running=site.control.running(report.exchange),
        state=report.state,
        symbols=len(report.symbols),
        producing=report.producing,
        refused=report.refused,
        messages_per_s=report.messages_per_s,
        last_data_ts=unix_ms(report.last_data_ts),
        age_ms=age_ms(report.last_data_ts, now_ns),
        reconnects=report.reconnects,
        reconnects_by_cause=report.reconnects_by_cause,
        decode_errors=report.decode_errors,
        resyncs=report.resyncs,
        last_error=report.last_error,
        next_attempt_ts=unix_ms(report.next_attempt_ts),
        latency=latency_out(board.picture.latencies.get(report.market)),
        channels=channels_of(site, board, report.market),
    )


def latency_out(report: LatencyReport | None) -> LatencyOut | None:
    """A market's latency as its readers see it."""
    if report is None:
        return None
    return LatencyOut(
        p50_ms=report.p50_ms,
        p99_ms=report.p99_ms,
        dwell_p50_ms=report.dwell_p50_ms,
        dwell_p99_ms=report.dwell_p99_ms,
        clock_offset_ms=report.clock_offset_ms,
        clock_error_ms=report.clock_error_ms,
        bounds_ms=BOUNDS_MS,
        delays=list(report.delays.counts),
        dwells=list(report.dwells.counts),
    )


def channels_of(site: Site, board: Board, market: str) -> list[ChannelSummary]:
    """Every channel that the market offers, or that an instrument of it has."""
    offer = offer_of(site, board.exchange, market)
    reports: dict[str, list[QualityReport]] = {channel: [] for channel in (offer.channels if offer else ())}
    for pair, channels in board.picture.qualities.items():
        if pair[0] == market:
            for channel, report in channels.items():
                reports.setdefault(channel, []).append(report)
    known = sorted(reports, key=lambda each: CHANNELS.index(each) if each in CHANNELS else len(CHANNELS))
    return [
        channel_summary(
            channel,
            reports[channel],
            offered=offer is None or channel in offer.channels,
            sampled=offer is not None and channel in offer.sampled,
        )
        for channel in known
    ]


def channel_summary(
    channel: str, reports: list[QualityReport], *, offered: bool, sampled: bool
) -> ChannelSummary:
    """The reports of one channel together."""
    return ChannelSummary(
        channel=channel,
        offered=offered,
        sampled=sampled,
        states=dict(Counter(report.state for report in reports)),
        messages=sum(report.messages for report in reports),
        gaps=sum(report.gaps for report in reports),
        resyncs=sum(report.resyncs for report in reports),
        duplicates=sum(report.duplicates for report in reports),
        out_of_order=sum(report.out_of_order for report in reports),
    )


def hole_out(hole: Hole) -> HoleOut:
    """A hole as its readers see it."""
    return HoleOut(
        key=f"{hole.exchange}:{hole.market}:{hole.symbol}",
        exchange=hole.exchange,
        market=hole.market,
        symbol=hole.symbol,
        channel=hole.channel,
        from_ts=hole.from_ns // 1_000_000,
        to_ts=unix_ms(hole.to_ns),
        cause=hole.cause,
        reason=hole.reason,
        missed=hole.missed,
        recovered=hole.recovered,
        healed=hole.healed,
    )


ROUTES: list[Route[Any]] = [
    Route(
        path="/api/v1/quality",
        name="quality",
        summary="How every market is doing",
        details="Connections, latency, how many instruments of each channel are in which state, and what "
        "was missed.",
        query=QualityQuery,
        data=Overview,
        answer=answer_overview,
    ),
]
