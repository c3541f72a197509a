"""What can be traded at Binance: the shapes of its listing, and what becomes an instrument of ours.

"Exchange Information": one answer without pages. Perpetuals are PERPETUAL, and TRADIFI_PERPETUAL for stocks
and commodities. What is listed may not trade now (BREAK, HALT, SETTLING ...): that is told, because it may
be followed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.json import Decoder

from actors.exchanges._binance_wire import Amount
from actors.exchanges.base import Fetch, Turnover
from actors.market.instrument import SPOT, Instrument

DOLLARS = ("USDT", "USDC")
PERPETUALS = ("PERPETUAL", "TRADIFI_PERPETUAL")
NOT_YET_OR_NO_MORE = ("PENDING_TRADING", "PRE_TRADING", "CLOSE", "DELIVERED")


class Filter(Struct):
    """One rule of an instrument: PRICE_FILTER has a `tickSize`, LOT_SIZE a `stepSize`."""

    kind: str = field(name="filterType")
    tick_size: Amount | None = field(name="tickSize", default=None)
    step_size: Amount | None = field(name="stepSize", default=None)


class Listed(Struct):
    """One instrument of `exchangeInfo`. Spot says no `contractType`."""

    symbol: str
    status: str
    base: str = field(name="baseAsset")
    quote: str = field(name="quoteAsset")
    contract: str = field(name="contractType", default="")
    filters: list[Filter] = []


class ExchangeInfo(Struct):
    """Every instrument of a market, in one answer without pages."""

    symbols: list[Listed]


class DayTurnover(Struct):
    """One row of `ticker/24hr`."""

    symbol: str
    turnover: Amount = field(name="quoteVolume", default=0.0)


decode_exchange_info = Decoder(ExchangeInfo, strict=False).decode
decode_day_turnover = Decoder(list[DayTurnover], strict=False).decode


def requests(market: str) -> Sequence[Fetch]:
    """The listing and the turnovers."""
    if market == SPOT:
        return [
            Fetch("exchange_info", "/api/v3/exchangeInfo", weight=20.0),
            Fetch("day_turnover", "/api/v3/ticker/24hr", weight=80.0),
        ]
    return [
        Fetch("exchange_info", "/fapi/v1/exchangeInfo", weight=1.0),
        Fetch("day_turnover", "/fapi/v1/ticker/24hr", weight=40.0),
    ]


def instruments(exchange: str, market: str, body: bytes) -> list[Instrument]:
    """What of a listing is ours."""
    rows = decode_exchange_info(body).symbols
    return [_instrument(row, exchange, market) for row in rows if _lists(row, market)]


def turnovers(body: bytes) -> list[Turnover]:
    """Only of what is quoted in dollars: those in lira and rupiah cannot be compared."""
    rows = decode_day_turnover(body)
    return [Turnover(row.symbol, row.turnover) for row in rows if row.symbol.endswith(DOLLARS)]


def _lists(row: Listed, market: str) -> bool:
    if row.status in NOT_YET_OR_NO_MORE:
        return False
    return market == SPOT or (row.contract in PERPETUALS and row.quote in DOLLARS)


def _in_base_coin(coin: str) -> tuple[str, float]:
    """`1000PEPE` is lots of 1000 PEPE, `1MBABYDOGE` lots of a million; `1INCH` is a name."""
    found = re.fullmatch(r"(1000|1000000|1M)(\D.+)", coin)
    if not found:
        return coin, 1.0
    return found[2], 1e6 if found[1] == "1M" else float(found[1])


def _instrument(row: Listed, exchange: str, market: str) -> Instrument:
    steps = {rule.kind: rule.tick_size or rule.step_size for rule in row.filters}
    base, multiplier = _in_base_coin(row.base)
    return Instrument(
        exchange=exchange,
        market=market,
        symbol=row.symbol,
        base=base,
        quote=row.quote,
        tick_size=steps.get("PRICE_FILTER") or None,
        lot_size=steps.get("LOT_SIZE") or None,
        multiplier=multiplier,
        halted=None if row.status == "TRADING" else row.status,
    )
