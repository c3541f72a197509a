"""`/api/v1/funding`: what perpetuals pay, made comparable, beside mark, index and open interest."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from actors.market.derived import derive
from actors.market.events import State
from actors.market.instrument import LINEAR
from actors.market.ticker import Ticker
from web.api.keys import boards_of
from web.api.picking import misses, picked
from web.api.queries import Pick
from web.api.resource import Answer, Body, Route, age_ms, limited, listings, versions
from web.site import Site
from web.wire import unix_ms


class FundingOut(Struct, frozen=True):
    """The funding of one perpetual.

    `funding_rate` is a fraction per `funding_interval_h` hours, `funding_rate_8h` the same per 8 hours,
    `funding_apr` percent per year without compounding. `premium_bps` is how far the mark stands above the
    index, in 1/10000. `open_interest` is one-sided in the base coin, `open_interest_value` in quote. Times
    are Unix ms.
    """

    key: str
    exchange: str
    market: str
    symbol: str
    name: str | None
    funding_rate: float | None
    funding_interval_h: float | None
    next_funding_ts: int | None
    funding_rate_8h: float | None
    funding_apr: float | None
    mark_price: float | None
    index_price: float | None
    premium_bps: float | None
    open_interest: float | None
    open_interest_value: float | None
    ts_event: int | None
    ts_recv: int | None
    age_ms: int | None
    quality: State


def answer(site: Site, _: str, query: Pick) -> Answer:
    """The funding of the perpetuals that `query` means."""
    boards = boards_of(site, query.exchange)

    def build(now_ns: int) -> Body:
        tickers = [record.ticker for record in picked(boards, query)]
        body = limited([each for each in tickers if is_funded(each)], query.limit)
        data = [funding_out(each, now_ns) for each in body.data]
        return Body(data, {**body.meta, **misses(boards, query)})

    return Answer(boards, (*versions(boards, "tickers"), *listings(boards)), build)


def is_funded(ticker: Ticker) -> bool:
    """Whether it is something that pays funding."""
    return ticker.market == LINEAR or ticker.funding_rate is not None


def funding_out(ticker: Ticker, now_ns: int) -> FundingOut:
    """The funding as its readers see it."""
    derived = derive(ticker)
    return FundingOut(
        key=ticker.key,
        exchange=ticker.exchange,
        market=ticker.market,
        symbol=ticker.symbol,
        name=ticker.name,
        funding_rate=ticker.funding_rate,
        funding_interval_h=ticker.funding_interval_h,
        next_funding_ts=unix_ms(ticker.next_funding_ts),
        funding_rate_8h=derived.funding_rate_8h,
        funding_apr=derived.funding_apr,
        mark_price=ticker.mark_price,
        index_price=ticker.index_price,
        premium_bps=derived.premium_bps,
        open_interest=ticker.open_interest,
        open_interest_value=derived.open_interest_value,
        ts_event=unix_ms(ticker.ts_event),
        ts_recv=unix_ms(ticker.ts_recv or None),
        age_ms=age_ms(ticker.ts_recv, now_ns),
        quality=ticker.quality,
    )


ROUTES: list[Route[Any]] = [
    Route(
        path="/api/v1/funding",
        name="funding",
        summary="Funding, mark, index and open interest of every perpetual",
        details="Exchanges pay every 1, 4 or 8 hours: compare `funding_rate_8h` or `funding_apr`.",
        query=Pick,
        data=list[FundingOut],
        answer=answer,
    )
]
