"""`/api/v1/{tickers,trades,bars,funding,gaps}/{key}/history`: what was, as far back as history goes."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from quart import Response

from web.api.history_desk import Desk
from web.api.history_gaps import GapOut
from web.api.history_kinds import PastInterval, bars, funding, gaps, ticks, trades
from web.api.history_known import known
from web.api.history_routes import Reading
from web.api.history_rows import RowsQuery, Text, answer_rows
from web.api.history_shapes import PageMeta, PastFundingOut, PastTradeOut, TickOut, tick_out
from web.api.history_times import read_window
from web.api.tape import BarOut
from web.site import Site

PROBLEMS = (400, 404, 406, 503, 504)
PAGING = (
    "Newest first, or `order=oldest`. For the next page repeat the question with `cursor`, which is "
    "`meta.next_cursor`, as long as `meta.has_more`."
)


class PastBarsQuery(RowsQuery, frozen=True, kw_only=True):
    """Which bars, from when to when, and how many."""

    interval: Annotated[PastInterval, msgspec.Meta(description="The length of a bar.")] = "1m"


class PastFundingQuery(RowsQuery, frozen=True, kw_only=True):
    """Which funding rates, from when to when, and how many."""

    every: Annotated[
        Text | None, msgspec.Meta(description="Of each such length of time the last only: `15m`, `1h`, `8h`.")
    ] = None


async def answer_ticks(site: Site, desk: Desk, names: dict[str, str], query: RowsQuery) -> Response:
    """The ticks of one instrument."""
    of = await known(site, desk, names["key"])
    return await answer_rows(site, desk, of, query, ticks(desk, of, TickOut, tick_out))


async def answer_trades(site: Site, desk: Desk, names: dict[str, str], query: RowsQuery) -> Response:
    """The trades of one instrument."""
    of = await known(site, desk, names["key"])
    return await answer_rows(site, desk, of, query, trades(desk, of))


async def answer_bars(site: Site, desk: Desk, names: dict[str, str], query: PastBarsQuery) -> Response:
    """The bars of one instrument."""
    of = await known(site, desk, names["key"])
    return await answer_rows(site, desk, of, query, bars(desk, of, query.interval, site.now_ns))


async def answer_funding(site: Site, desk: Desk, names: dict[str, str], query: PastFundingQuery) -> Response:
    """The funding rates of one instrument."""
    every_ns = read_window("every", query.every) if query.every else 0
    of = await known(site, desk, names["key"])
    return await answer_rows(site, desk, of, query, funding(desk, of, every_ns))


async def answer_gaps(site: Site, desk: Desk, names: dict[str, str], query: RowsQuery) -> Response:
    """What is missing of one instrument."""
    of = await known(site, desk, names["key"])
    return await answer_rows(site, desk, of, query, gaps(desk, of))


READINGS: list[Reading[Any]] = [
    Reading(
        path="/api/v1/tickers/{key}/history",
        name="tickers_history",
        summary="The past records of one instrument",
        details=f"As often as `history_interval_s` kept one. {PAGING}",
        query=RowsQuery,
        data=list[TickOut],
        meta=PageMeta,
        problems=PROBLEMS,
        serve=answer_ticks,
    ),
    Reading(
        path="/api/v1/trades/{key}/history",
        name="trades_history",
        summary="The past trades of one instrument",
        details=f"By the exchange's time. {PAGING}",
        query=RowsQuery,
        data=list[PastTradeOut],
        meta=PageMeta,
        problems=PROBLEMS,
        serve=answer_trades,
    ),
    Reading(
        path="/api/v1/bars/{key}/history",
        name="bars_history",
        summary="The past bars of one instrument",
        details=f"Only those whose time is over. {PAGING}",
        query=PastBarsQuery,
        data=list[BarOut],
        meta=PageMeta,
        problems=PROBLEMS,
        serve=answer_bars,
    ),
    Reading(
        path="/api/v1/funding/{key}/history",
        name="funding_history",
        summary="The past funding rates of one perpetual",
        details="A row for each time that the rate, or its period, changed; with `every`, the last of each "
        f"such length of time. {PAGING}",
        query=PastFundingQuery,
        data=list[PastFundingOut],
        meta=PageMeta,
        problems=PROBLEMS,
        serve=answer_funding,
    ),
    Reading(
        path="/api/v1/gaps/{key}/history",
        name="gaps_history",
        summary="What is missing of the past of one instrument",
        details="Every gap that overlaps the time, by its begin; those that were healed, and those of all "
        f"history, too. {PAGING}",
        query=RowsQuery,
        data=list[GapOut],
        meta=PageMeta,
        problems=PROBLEMS,
        serve=answer_gaps,
    ),
]
