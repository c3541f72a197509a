"""Bybit's listing: instruments and what they turn over.

"Get Instruments Info": linear comes in pages, spot does not; `fundingInterval` is minutes. Without a `status`
it lists what is trading, and nothing else is asked for: Bybit has no word for an instrument that pauses (spot
knows `Trading` only; of linear, `PreLaunch` does not trade yet and `Closed` never will again), so that no
`Instrument` of it is ever `halted`: what stops trading leaves the listing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from msgspec import Struct, field
from msgspec.json import Decoder

from actors.exchanges._bybit_wire import to_amount, to_price
from actors.exchanges.base import Fetch, Turnover
from actors.market.instrument import LINEAR, SPOT, Instrument

DOLLARS = ("USDT", "USDC")


class Filter(Struct, frozen=True, rename="camel"):
    """The steps of price and of size; for size linear says `qtyStep`, spot `basePrecision`."""

    tick_size: str = ""
    qty_step: str = ""
    base_precision: str = ""


class Row(Struct, rename="camel"):
    """One instrument of either listing: instruments have no turnover, tickers only that."""

    symbol: str
    base_coin: str = ""
    quote_coin: str = ""
    status: str = ""
    contract_type: str = ""
    price_filter: Filter = Filter()
    lot_size_filter: Filter = Filter()
    funding_interval: float | None = None
    turnover24h: str = ""


class Page(Struct, rename="camel"):
    """A page of a listing: the last one has no cursor."""

    rows: list[Row] = field(name="list", default_factory=list)
    next_page_cursor: str | None = None


decode_page = Decoder(Page).decode


def requests(market: str) -> Sequence[Fetch]:
    """The first page of instruments, and all tickers, for their turnover."""
    query = f"category={market}"
    instruments = Fetch("instruments", f"/v5/market/instruments-info?{query}&limit=1000")
    return instruments, Fetch("tickers", f"/v5/market/tickers?{query}")


def listed(market: str, fetch: Fetch, page: Page) -> Iterator[Instrument | Turnover | Fetch]:
    """What a page tells, and the next page's request.

    Turnovers only of what is quoted in dollars: those in reais or in bitcoin cannot be compared.
    """
    for row in page.rows:
        if fetch.tag == "tickers":
            if market == LINEAR or row.symbol.endswith(DOLLARS):
                yield Turnover(row.symbol, to_amount(row.turnover24h) or 0.0)
        elif row.status == "Trading" and (market == SPOT or row.contract_type == "LinearPerpetual"):
            yield _instrument(market, row)
    if page.next_page_cursor and market == LINEAR:
        first, _, _ = fetch.path.partition("&cursor=")
        path = f"{first}&cursor={quote(page.next_page_cursor, safe='')}"
        if path != fetch.path:  # a page that names itself would never end
            yield Fetch(fetch.tag, path)


def _instrument(market: str, row: Row) -> Instrument:
    """`1000PEPE` is lots of 1000 PEPE; `1INCH` is a name."""
    lots = re.fullmatch(r"(10{3,})(\D.*)", row.base_coin)
    return Instrument(
        exchange="bybit",
        market=market,
        symbol=row.symbol,
        base=lots[2] if lots else row.base_coin,
        quote=row.quote_coin,
        tick_size=to_price(row.price_filter.tick_size),
        lot_size=to_price(row.lot_size_filter.qty_step or row.lot_size_filter.base_precision),
        multiplier=float(lots[1]) if lots else 1.0,
        funding_interval_h=row.funding_interval / 60.0 if row.funding_interval else None,
    )
