"""`/api/v1/quality/{exchange}`: every channel of every instrument, and what is known about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Struct

from actors.market.events import State
from actors.market.reports import QualityReport
from web.api.picking import misses, named_pairs
from web.api.queries import Select
from web.api.resource import Answer, Body, Route, age_ms, limited, listings, versions
from web.offers import Channel
from web.problems import Problem
from web.readmodel import Board
from web.site import Site
from web.wire import unix_ms


class ChannelsQuery(Select, frozen=True, kw_only=True):
    """Which channels of one exchange."""

    channel: Annotated[Channel | None, msgspec.Meta(description="Of this channel only.")] = None
    state: Annotated[State | None, msgspec.Meta(description="In this state only.")] = None


class ChannelQuality(Struct, frozen=True):
    """One channel of one instrument: its state, since when and why, and what was counted.

    `threshold_ms` is the silence from which on it is stale, as learned; `null` where silence means nothing.
    """

    key: str
    exchange: str
    market: str
    symbol: str
    channel: str
    quality: State
    since: int
    reason: str
    last_ts: int | None
    age_ms: int | None
    threshold_ms: float | None
    messages: int
    gaps: int
    resyncs: int
    duplicates: int
    out_of_order: int


def answer_channels(site: Site, exchange: str, query: ChannelsQuery) -> Answer:
    """Every channel of every instrument of one exchange."""
    board = site.read_model.boards.get(exchange.lower())
    if board is None:
        choices = ", ".join(site.read_model.exchanges) or "none"
        detail = f"There is no exchange {exchange[:64]!r} here; there are: {choices}."
        raise Problem(404, detail, code="unknown_exchange")

    def build(now_ns: int) -> Body:
        body = limited(list(matching(board, query)), query.limit)
        return Body(
            [channel_out(each, now_ns) for each in body.data], {**body.meta, **misses([board], query)}
        )

    return Answer([board], (*versions([board], "quality", "states"), *listings([board])), build)


def matching(board: Board, query: ChannelsQuery) -> Iterator[QualityReport]:
    """The reports that `query` means."""
    pairs = named_pairs(board, query)
    for pair, channels in board.picture.qualities.items():
        if query.market in (None, pair[0]) and (not query.symbols or pair in pairs):
            for channel, report in channels.items():
                if query.channel in (None, channel) and query.state in (None, report.state):
                    yield report


def channel_out(report: QualityReport, now_ns: int) -> ChannelQuality:
    """A report as its readers see it."""
    threshold_ns = report.threshold_ns
    return ChannelQuality(
        key=f"{report.exchange}:{report.market}:{report.symbol}",
        exchange=report.exchange,
        market=report.market,
        symbol=report.symbol,
        channel=report.channel,
        quality=report.state,
        since=report.since_ns // 1_000_000,
        reason=report.reason,
        last_ts=unix_ms(report.last_ns),
        age_ms=age_ms(report.last_ns, now_ns),
        threshold_ms=None if threshold_ns is None else round(threshold_ns / 1_000_000, 3),
        messages=report.messages,
        gaps=report.gaps,
        resyncs=report.resyncs,
        duplicates=report.duplicates,
        out_of_order=report.out_of_order,
    )


ROUTES: list[Route[Any]] = [
    Route(
        path="/api/v1/quality/{exchange}",
        name="quality_of_exchange",
        summary="How every channel of every instrument is doing",
        details="With `state=stale` and the like, what is wrong now; with `symbols`, all about some.",
        query=ChannelsQuery,
        data=list[ChannelQuality],
        answer=answer_channels,
        problems=(400, 404),
    ),
]
