"""`/api/v1/liquidations/summary`: what the liquidations of a window come to, as history has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Struct
from quart import Response

from actors.market.events import PositionSide
from actors.market.rows import LiquidationRow
from actors.sinks.base import (
    History,
    InstrumentKey,
    LiquidationGap,
    LiquidationsAsked,
    LiquidationsFound,
    LiquidationSlice,
)
from web.api.history_desk import Desk
from web.api.history_known import key_of
from web.api.history_routes import Reading
from web.api.history_rows import Text
from web.api.history_times import NS_PER_S, read_window
from web.api.keys import boards_of, offer_of
from web.api.liquidations import CHANNEL, markets_of
from web.api.prices_summary import revalidated
from web.api.queries import Exchange, Market, Name, Query, bad_value
from web.api.streaming import JSON
from web.site import Site
from web.wire import unix_ms

SLICES_MAX = 500
MINUTE_NS = 60 * NS_PER_S


class SummaryQuery(Query, frozen=True, kw_only=True):
    """Of which window, in slices of which length, and whose."""

    exchange: Exchange = None
    market: Market = None
    bases: Annotated[
        tuple[Name, ...], msgspec.Meta(max_length=20, description="Of these coins only, such as BTC,ETH.")
    ] = ()
    value_min: Annotated[
        int, msgspec.Meta(ge=0, le=10**15, description="Only what is worth so much, in quote units.")
    ] = 0
    window: Annotated[Text, msgspec.Meta(description="So far back from now: `1h`, `24h`, `7d`.")] = "24h"
    slice: Annotated[Text, msgspec.Meta(description="The length of a slice: whole minutes, `15m`.")] = "15m"
    limit: Annotated[int, msgspec.Meta(ge=0, le=100, description="So many of the biggest.")] = 10


class LiquidationTotal(Struct, frozen=True):
    """One side of one market in the whole window. `sampled`: the exchange tells only some of its
    liquidations, so that this is too low."""

    exchange: str
    market: str
    side: PositionSide
    sampled: bool
    count: int
    value: float


class LiquidationSliceOut(Struct, frozen=True):
    """What was liquidated from `start` (Unix ms) on, for one slice; `long` and `short` are worth so much, in
    quote units."""

    start: int
    long: float
    short: float
    count: int


class PastLiquidationOut(Struct, frozen=True):
    """One liquidation. `side` is the position's; `size` is in the base coin, `value` in quote."""

    key: str
    exchange: str
    market: str
    symbol: str
    side: PositionSide
    price: float
    size: float
    value: float
    ts_event: int


class LiquidationsSummary(Struct, frozen=True, kw_only=True):
    """What a window comes to: its totals by market and side, its slices that hold any, the oldest first, and
    the biggest. `since` is when the oldest liquidation that history keeps of all was: of what is before it,
    nothing is known. Times are Unix ms."""

    from_: int = msgspec.field(name="from")
    to: int
    slice_ms: int
    since: int | None
    totals: list[LiquidationTotal]
    slices: list[LiquidationSliceOut]
    biggest: list[PastLiquidationOut]


class LiquidationGapOut(Struct, frozen=True, kw_only=True):
    """From when to when (Unix ms; `to` is `null` while it lasts) a market's liquidations were missed, of so
    many of its `instruments`; where `exchange` and `market` are `null`, all history was."""

    exchange: str | None
    market: str | None
    from_: int = msgspec.field(name="from")
    to: int | None
    instruments: int


class SummaryMeta(Struct, frozen=True, kw_only=True):
    """When the answer was made (Unix ms), the markets that tell no liquidations, those that are not followed
    for them, and what is missing of the window, of what began a day before it at the earliest."""

    as_of: int
    not_offered: list[str]
    switched_off: list[str]
    gaps: list[LiquidationGapOut]


async def answer(site: Site, desk: Desk, _: dict[str, str], query: SummaryQuery) -> Response:
    """What the window before now comes to."""
    asked = wanted(site, query)

    async def ask(history: History) -> LiquidationsFound:
        return await history.liquidations(asked)

    found = await desk.hot.get(("liquidations", asked), partial(desk.value, ask))
    gaps = [gap_out(each) for each in found.gaps]
    silent, ignored, _followed = markets_of(site, boards_of(site, query.exchange), query.market)
    data = msgspec.json.encode(summary(site, asked, found))
    meta = SummaryMeta(as_of=site.now_ns() // 1_000_000, not_offered=silent, switched_off=ignored, gaps=gaps)
    body = b'{"data":' + data + b',"meta":' + msgspec.json.encode(meta) + b"}"
    return revalidated(body, data + msgspec.json.encode(gaps), JSON)


def wanted(site: Site, query: SummaryQuery) -> LiquidationsAsked:
    """The question to history; a 400 `Problem` names what is wrong."""
    window_ns, slice_ns = read_window("window", query.window), read_window("slice", query.slice)
    if slice_ns % MINUTE_NS:
        raise bad_value("slice", query.slice, "a length of whole minutes, such as 1m, 15m or 1h")
    if window_ns > slice_ns * SLICES_MAX:
        raise bad_value("slice", query.slice, f"a length of which at most {SLICES_MAX} fill the window")
    now_ns = site.now_ns()
    to_ns = now_ns - now_ns % NS_PER_S
    boards_of(site, query.exchange)
    return LiquidationsAsked(
        max(0, to_ns - window_ns),
        to_ns,
        slice_ns,
        query.exchange.lower() if query.exchange else None,
        query.market,
        instruments_of(site, query.bases) if query.bases else None,
        query.value_min,
        query.limit,
    )


def instruments_of(site: Site, bases: Iterable[str]) -> tuple[InstrumentKey, ...]:
    """Everything that is followed and trades one of these coins."""
    coins = {base.upper() for base in bases}
    known = (each for board in boards_of(site, None) for each in board.picture.instruments.values())
    return tuple(
        InstrumentKey(each.exchange, each.market, each.symbol) for each in known if each.base.upper() in coins
    )


def summary(site: Site, asked: LiquidationsAsked, found: LiquidationsFound) -> LiquidationsSummary:
    """What was found, as its readers see it."""
    return LiquidationsSummary(
        from_=asked.from_ns // 1_000_000,
        to=asked.to_ns // 1_000_000,
        slice_ms=asked.slice_ns // 1_000_000,
        since=unix_ms(found.since_ns),
        totals=totals(site, found.slices),
        slices=slices(found.slices),
        biggest=[liquidation_out(row) for row in found.biggest],
    )


def totals(site: Site, found: Iterable[LiquidationSlice]) -> list[LiquidationTotal]:
    """The slices of each market and side, added up."""
    sums: dict[tuple[str, str, str], tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for each in found:
        count, value = sums[each.exchange, each.market, each.side]
        sums[each.exchange, each.market, each.side] = count + each.count, value + each.value
    return [
        LiquidationTotal(exchange, market, side_of(side), is_sampled(site, exchange, market), count, value)
        for (exchange, market, side), (count, value) in sorted(sums.items())
    ]


def slices(found: Iterable[LiquidationSlice]) -> list[LiquidationSliceOut]:
    """The slices of all markets together."""
    sums: dict[int, dict[str, float]] = {}
    for each in found:
        one = sums.setdefault(each.ts, {"long": 0.0, "short": 0.0, "count": 0})
        one[each.side] += each.value
        one["count"] += each.count
    return [
        LiquidationSliceOut(ts // 1_000_000, one["long"], one["short"], int(one["count"]))
        for ts, one in sorted(sums.items())
    ]


def liquidation_out(row: LiquidationRow) -> PastLiquidationOut:
    """A liquidation as its readers see it."""
    return PastLiquidationOut(
        key=key_of(InstrumentKey(row.exchange, row.market, row.symbol)),
        exchange=row.exchange,
        market=row.market,
        symbol=row.symbol,
        side=side_of(row.side),
        price=row.price,
        size=row.size,
        value=row.price * row.size,
        ts_event=row.ts // 1_000_000,
    )


def gap_out(gap: LiquidationGap) -> LiquidationGapOut:
    """A gap as its readers see it."""
    return LiquidationGapOut(
        exchange=gap.exchange,
        market=gap.market,
        from_=gap.ts // 1_000_000,
        to=unix_ms(gap.to_ts),
        instruments=gap.instruments,
    )


def side_of(text: str) -> PositionSide:
    """A side as it was written."""
    return "long" if text == "long" else "short"


def is_sampled(site: Site, exchange: str, market: str) -> bool:
    """Whether a market tells only some of its liquidations."""
    offer = offer_of(site, exchange, market) if exchange in site.read_model.boards else None
    return offer is not None and CHANNEL in offer.sampled


READINGS: list[Reading[Any]] = [
    Reading(
        path="/api/v1/liquidations/summary",
        name="liquidations_summary",
        summary="What the liquidations of a window come to",
        details="Of all that history kept in the time from `window` ago until now: by market and side, by "
        "slices of time, and the biggest.",
        query=SummaryQuery,
        data=LiquidationsSummary,
        meta=SummaryMeta,
        problems=(400, 503, 504),
        serve=answer,
        formats=(JSON,),
    ),
]
