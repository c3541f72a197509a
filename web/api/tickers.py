"""`/api/v1/tickers`, of all instruments or one: the realtime record, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw, Struct, structs

from actors.market.derived import Derived, derive
from actors.market.tick import Record
from actors.market.ticker import Ticker
from web.api.keys import boards_of, find
from web.api.picking import misses, picked
from web.api.queries import Pick, Query
from web.api.resource import Answer, Body, Route, age_ms, channel_state, limited, listings, tidy, versions
from web.problems import Problem
from web.site import Site
from web.wire import RecordOut


class TickerMore(Struct, frozen=True):
    """What an answer adds to the realtime record: changes in percent, how old it is, and what follows from
    it."""

    change_1m: float | None
    change_5m: float | None
    change_1h: float | None
    age_ms: int | None
    mid: float | None
    spread: float | None
    spread_bps: float | None
    funding_rate_8h: float | None
    funding_apr: float | None
    premium_bps: float | None
    open_interest_value: float | None


if TYPE_CHECKING:
    TickerOut = RecordOut
else:
    TickerOut = msgspec.defstruct(
        "TickerOut",
        [(each.name, each.type) for kind in (RecordOut, TickerMore) for each in structs.fields(kind)],
        namespace={
            "__doc__": "One instrument's record. `timestamp` is Unix seconds, the other times are Unix "
            "ms; prices are in quote units, sizes and volumes in the base coin. `funding_rate` is a "
            "fraction per `funding_interval_h`, `funding_apr` percent per year, changes are percent. "
            "Only `quality` `live` is current; `stale` says that it is not."
        },
    )


def ticker_out(record: Record, now_ns: int) -> Raw:
    """A record as its readers see it: the shared body, and the rest behind it."""
    more = msgspec.json.encode(ticker_more(record.ticker, now_ns))
    return Raw(record.body[:-1] + b"," + more[1:])


def ticker_more(ticker: Ticker, now_ns: int) -> TickerMore:
    """What follows from a record."""
    derived: Derived = derive(ticker)
    return TickerMore(
        ticker.change_1m,
        ticker.change_5m,
        ticker.change_1h,
        age_ms(ticker.ts_recv, now_ns),
        derived.mid,
        tidy(derived.spread, ticker.ask),
        derived.spread_bps,
        derived.funding_rate_8h,
        derived.funding_apr,
        derived.premium_bps,
        derived.open_interest_value,
    )


def tickers_out(site: Site, tickers: Iterable[Ticker], now_ns: int) -> list[Raw]:
    """The records of these tickers, each of which stands on its board."""
    boards = site.read_model.boards
    records = (boards[each.exchange].entries[each.market, each.symbol].record for each in tickers)
    return [ticker_out(record, now_ns) for record in records]


def answer_all(site: Site, _: str, query: Pick) -> Answer:
    """The records that `query` means."""
    boards = boards_of(site, query.exchange)

    def build(now_ns: int) -> Body:
        body = limited(list(picked(boards, query)), query.limit)
        data = [ticker_out(record, now_ns) for record in body.data]
        return Body(data, {**body.meta, **misses(boards, query)})

    return Answer(boards, (*versions(boards, "tickers"), *listings(boards)), build)


def answer_one(site: Site, key: str, _: Query) -> Answer:
    """The record of one instrument; a 503 `Problem` while none has come."""
    target = find(site, key)
    entry = target.board.entries.get(target.pair)
    if entry is None:
        report = target.board.picture.quality(target.pair, "ticker")
        state = channel_state("ticker", report, site.now_ns())
        detail = f"Nothing has come of {target.key} yet: it is {state.state} ({state.reason})."
        raise Problem(
            503, detail, headers={"retry-after": "1"}, code="no_data_yet", key=target.key, quality=state
        )
    record, version = entry.record, target.board.version("tickers", pair=target.pair)
    return Answer([target.board], (version,), lambda now_ns: Body(ticker_out(record, now_ns)))


ROUTES: list[Route[Any]] = [
    Route(
        path="/api/v1/tickers",
        name="tickers",
        summary="The newest record of every instrument",
        details="The records of `/ws/realtime/{exchange}`, and what follows from them.",
        query=Pick,
        data=list[TickerOut],
        answer=answer_all,
    ),
    Route(
        path="/api/v1/tickers/{key}",
        name="ticker",
        summary="The newest record of one instrument",
        details="503 until its first record has come.",
        query=Query,
        data=TickerOut,
        answer=answer_one,
        problems=(400, 404, 503),
    ),
]
