"""`/api/v1/spreads`, `/api/v1/movers`, `/api/v1/screener`: all instruments seen beside each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Struct, structs

from actors.market.cross import Asset, Basis, Best, FundingDifference, MoverField, movers, spreads
from actors.market.legs import Leg
from actors.market.screener import LIMIT_MAX, SORT, Row, Screen, ScreenError
from web.api.keys import boards_of
from web.api.picking import misses, picked
from web.api.queries import Name, Pick, Query, bad_value
from web.api.resource import Answer, Body, Route, age_ms, limited, listings, versions
from web.api.tickers import TickerOut, tickers_out
from web.problems import Problem
from web.readmodel import Board
from web.site import Site
from web.wire import unix_ms


class SpreadsQuery(Query, frozen=True, kw_only=True):
    """Which assets."""

    bases: Annotated[
        tuple[Name, ...], msgspec.Meta(max_length=1000, description="Of these coins only, such as BTC,ETH.")
    ] = ()
    quote: Annotated[
        str, msgspec.Meta(max_length=16, description="Of this group of quotes only; `USD` is all dollars.")
    ] = ""
    legs_min: Annotated[int, msgspec.Meta(ge=1, le=20, description="At least so many instruments.")] = 2
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000, description="At most so many assets.")] = 100


class MoversQuery(Pick, frozen=True, kw_only=True):
    """Who moved, over which time."""

    by: Annotated[MoverField, msgspec.Meta(description="The change that counts.")] = "change_24h"
    turnover_min: Annotated[
        int, msgspec.Meta(ge=0, le=10**15, description="Only what turns over so much in 24 hours, in quote.")
    ] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=100, description="So many each way.")] = 10


class ScreenerQuery(Query, frozen=True, kw_only=True):
    """A condition, an order, a number."""

    filter: Annotated[
        str,
        msgspec.Meta(
            max_length=1000,
            description="Such as `turnover_24h>10m and (funding_apr>20 or funding_apr<-20)`; every live "
            "instrument if empty.",
        ),
    ] = ""
    sort: Annotated[
        str,
        msgspec.Meta(
            max_length=300, description="Fields separated by commas; `-` before one: the greatest first."
        ),
    ] = SORT
    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX, description="At most so many records.")] = 100


class LegOut(Struct, frozen=True, kw_only=True):
    """One instrument of an asset: prices in its own quote per coin, sizes in coins, times in Unix ms.

    `left_out` says why it does not count, `null` if it does.
    """

    key: str
    exchange: str
    market: str
    symbol: str
    quote: str
    multiplier: float
    bid: float | None
    ask: float | None
    bid_size: float | None
    ask_size: float | None
    mid: float | None
    price: float | None
    funding_rate_8h: float | None
    funding_apr: float | None
    open_interest_value: float | None
    turnover_24h: float | None
    left_out: str | None
    ts_recv: int | None
    age_ms: int | None
    quality: str


class AssetOut(Struct, frozen=True):
    """One coin in one group of quotes, over all exchanges: the best bid and ask of the live legs, spot and
    perpetuals by themselves too, the basis of each perpetual, the widest difference in funding, and all
    legs."""

    base: str
    quote: str
    best: Best
    spot: Best
    linear: Best
    basis: list[Basis]
    funding: FundingDifference | None
    legs: list[LegOut]


class MoversOut(Struct, frozen=True):
    """Who gained and who lost most, the greatest change first. Only live records."""

    by: MoverField
    gainers: list[TickerOut]
    losers: list[TickerOut]


def answer_spreads(site: Site, _: str, query: SpreadsQuery) -> Answer:
    """The cross-exchange view, the widest spread first."""
    boards = boards_of(site, None)

    def build(now_ns: int) -> Body:
        body = limited(assets(boards, query), query.limit)
        return Body([asset_out(each, now_ns) for each in body.data], body.meta)

    return Answer(boards, versions(boards, "tickers", "instruments"), build)


def assets(boards: Iterable[Board], query: SpreadsQuery) -> list[Asset]:
    """Every asset that `query` means, the widest spread first."""
    boards = list(boards)
    tickers = (entry.record.ticker for board in boards for entry in board.entries.values())
    instruments = (each for board in boards for each in board.picture.instruments.values())
    bases = {base.upper() for base in query.bases} or None
    quote = query.quote.upper() or None
    return spreads(tickers, instruments, bases=bases, quote=quote, legs_min=query.legs_min)


def asset_out(asset: Asset, now_ns: int) -> AssetOut:
    """An asset as its readers see it."""
    legs = [leg_out(leg, now_ns) for leg in asset.legs]
    return AssetOut(
        asset.base, asset.quote, asset.best, asset.spot, asset.linear, asset.basis, asset.funding, legs
    )


def leg_out(leg: Leg, now_ns: int) -> LegOut:
    """A leg as its readers see it."""
    fields = structs.asdict(leg)
    ts_recv = fields.pop("ts_recv")
    return LegOut(**fields, ts_recv=unix_ms(ts_recv or None), age_ms=age_ms(ts_recv, now_ns))


def answer_movers(site: Site, _: str, query: MoversQuery) -> Answer:
    """Top gainers and losers."""
    boards = boards_of(site, query.exchange)

    def build(now_ns: int) -> Body:
        tickers = [record.ticker for record in picked(boards, query)]
        moved = movers(tickers, query.by, query.limit, turnover_min=query.turnover_min)
        gainers, losers = (tickers_out(site, each, now_ns) for each in (moved.gainers, moved.losers))
        return Body({"by": moved.by, "gainers": gainers, "losers": losers}, misses(boards, query))

    return Answer(boards, (*versions(boards, "tickers"), *listings(boards)), build)


def answer_screener(site: Site, _: str, query: ScreenerQuery) -> Answer:
    """The records that fulfil a condition."""
    screen = parsed(query)
    boards = boards_of(site, None)

    def build(now_ns: int) -> Body:
        found = screen.run([row for board in boards for row in rows(board)])
        data = tickers_out(site, (ticker for ticker, _ in found.rows), now_ns)
        return Body(data, {"total": found.matched} if found.matched > len(data) else {})

    return Answer(boards, versions(boards, "tickers", "instruments"), build)


def parsed(query: ScreenerQuery) -> Screen:
    """The screen that `query` means; a 400 `Problem` says where it means nothing."""
    try:
        return Screen.parse(query.filter, query.sort, query.limit)
    except ScreenError as error:
        problem: Problem = bad_value(error.parameter, str(getattr(query, error.parameter)), error.expected)
        problem.detail = str(error)
        problem.members["errors"][0] |= {"text": error.text, "position": error.position}
        raise problem from None


def rows(board: Board) -> list[Row]:
    """All records of an exchange, each with its instrument."""
    known = board.picture.instruments
    return [(entry.record.ticker, known.get(pair)) for pair, entry in board.entries.items()]


ROUTES: list[Route[Any]] = [
    Route(
        path="/api/v1/spreads",
        name="spreads",
        summary="Each asset across all exchanges",
        details="The widest spread first. Only live quotes count; the others are among the legs and say "
        "why not.",
        query=SpreadsQuery,
        data=list[AssetOut],
        answer=answer_spreads,
    ),
    Route(
        path="/api/v1/movers",
        name="movers",
        summary="Who gained and who lost most",
        details="Among the live records only.",
        query=MoversQuery,
        data=MoversOut,
        answer=answer_movers,
    ),
    Route(
        path="/api/v1/screener",
        name="screener",
        summary="The instruments that fulfil a condition",
        details="Any field of a ticker, and `base` and `quote`. Comparisons are > >= < <= = != and ~ for "
        "a pattern; numbers may end in k, m, b; `and`, `or`, `not` and parentheses combine. What is "
        "unknown fulfils nothing. Only live records are looked at, unless the filter names `quality`.",
        query=ScreenerQuery,
        data=list[TickerOut],
        answer=answer_screener,
    ),
]
