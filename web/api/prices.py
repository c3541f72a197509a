"""`/api/prices/{symbol}/{market}/history`: past prices, or the bars of them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from quart import Response

from actors.sinks.base import InstrumentKey
from web.api.history import PAGING, PROBLEMS
from web.api.history_desk import Desk
from web.api.history_kinds import PastInterval, bars, ticks
from web.api.history_known import known, market_of
from web.api.history_routes import Reading
from web.api.history_rows import RowsQuery, answer_rows
from web.api.history_shapes import PageMeta, PriceOut, price_out
from web.api.queries import Exchange
from web.api.tape import BarOut
from web.site import Site

DEFAULT_EXCHANGE = "bybit"


class PricesQuery(RowsQuery, frozen=True, kw_only=True):
    """Of which exchange, from when to when, how many, and whether as bars."""

    exchange: Exchange = DEFAULT_EXCHANGE
    interval: Annotated[
        PastInterval | None, msgspec.Meta(description="As bars of this length; prices as they were without.")
    ] = None


async def instrument(site: Site, desk: Desk, names: dict[str, str], exchange: str | None) -> InstrumentKey:
    """The instrument that symbol, market and exchange mean."""
    market = market_of(names["market"])
    return await known(site, desk, f"{exchange or DEFAULT_EXCHANGE}:{market}:{names['symbol']}")


async def answer_history(site: Site, desk: Desk, names: dict[str, str], query: PricesQuery) -> Response:
    """Past prices of one instrument, or its bars."""
    of = await instrument(site, desk, names, query.exchange)
    if query.interval is not None:
        return await answer_rows(site, desk, of, query, bars(desk, of, query.interval, site.now_ns))
    return await answer_rows(site, desk, of, query, ticks(desk, of, PriceOut, price_out))


READINGS: list[Reading[Any]] = [
    Reading(
        path="/api/prices/{symbol}/{market}/history",
        name="prices_history",
        summary="Past prices, or bars",
        details=f"Without `interval`, as often as `history_interval_s` kept one. {PAGING}",
        query=PricesQuery,
        data=(list[PriceOut], list[BarOut]),
        meta=PageMeta,
        problems=PROBLEMS,
        serve=answer_history,
    ),
]
