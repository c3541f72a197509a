"""The view across exchanges: where an asset is cheapest and dearest, its basis, its funding, and the movers.

Only live legs count. What is stale, refused or gapped is listed beside them and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from heapq import nlargest, nsmallest
from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from actors.market.derived import bps_above
from actors.market.instrument import LINEAR, SPOT, Instrument
from actors.market.legs import Leg, legs_by_asset
from actors.market.ticker import Ticker

MoverField: TypeAlias = Literal["change_1m", "change_5m", "change_1h", "change_24h"]
MOVER_FIELDS: tuple[MoverField, ...] = get_args(MoverField)


class BestPrice(Struct, frozen=True):
    """The best price of one side, in `quote` units per coin, its size in coins, and the leg that has it."""

    price: float
    size: float | None
    key: str
    exchange: str
    quote: str


class Best(Struct, frozen=True):
    """The best bid and the best ask over some legs; `legs` is how many were compared.

    `spread_bps` is the bid less the ask, in 1/10000 of the ask: positive where one can buy lower than sell.
    """

    bid: BestPrice | None
    ask: BestPrice | None
    spread_bps: float | None
    legs: int


class Basis(Struct, frozen=True):
    """How far a perpetual's mid stands above a spot mid, in 1/10000 of the spot mid."""

    perpetual: str
    spot: str
    bps: float


class FundingDifference(Struct, frozen=True):
    """The perpetuals with the lowest and the highest funding; who is long there and short here receives it.

    The rates are fractions per 8 hours, `difference_apr` is percent per year.
    """

    lowest_key: str
    lowest_8h: float
    highest_key: str
    highest_8h: float
    difference_8h: float
    difference_apr: float


class Asset(Struct, frozen=True):
    """One asset in one group of quotes (`USD` for all dollars): `legs` are all that exist, the busiest first.

    `best` is over all live legs; `spot` and `linear` are over those of one market, where a difference is not
    just the basis.
    """

    base: str
    quote: str
    best: Best
    spot: Best
    linear: Best
    basis: list[Basis]
    funding: FundingDifference | None
    legs: list[Leg]


class Movers(Struct, frozen=True):
    """Who gained and who lost most by `by`; the greatest change first."""

    by: MoverField
    gainers: list[Ticker]
    losers: list[Ticker]


def spreads(
    tickers: Iterable[Ticker],
    instruments: Iterable[Instrument],
    *,
    bases: Collection[str] | None = None,
    quote: str | None = None,
    legs_min: int = 2,
) -> list[Asset]:
    """The cross-exchange view of every asset, the greatest `best.spread_bps` first, unknown ones last.

    `bases` and `quote` (a group) narrow it down, in capital letters; an asset of fewer than `legs_min` legs,
    live or not, is left out. Tickers and instruments join by key.
    """
    by_key = {each.key: each for each in instruments}
    wanted = None if bases is None else frozenset(bases)
    found = [
        _asset(base, group, legs)
        for (base, group), legs in legs_by_asset(tickers, by_key).items()
        if len(legs) >= legs_min and (wanted is None or base in wanted) and quote in (None, group)
    ]
    return sorted(found, key=_greatest_spread_first)


def movers(
    tickers: Iterable[Ticker], by: MoverField = "change_24h", limit: int = 10, *, turnover_min: float = 0.0
) -> Movers:
    """The top gainers and losers among the live tickers that turn over at least `turnover_min` in 24 h.

    Raises `ValueError` for a `by` that is none of `MOVER_FIELDS`.
    """
    if by not in MOVER_FIELDS:
        raise ValueError(f"by: '{by}' is none of {', '.join(MOVER_FIELDS)}")
    rated = [
        (change, ticker)
        for ticker in tickers
        if not ticker.stale
        and (change := getattr(ticker, by)) is not None
        and (not turnover_min or (ticker.turnover_24h or 0.0) >= turnover_min)
    ]
    gained = nlargest(limit, (each for each in rated if each[0] > 0.0), key=lambda each: each[0])
    lost = nsmallest(limit, (each for each in rated if each[0] < 0.0), key=lambda each: each[0])
    return Movers(by, [ticker for _, ticker in gained], [ticker for _, ticker in lost])


def _greatest_spread_first(asset: Asset) -> tuple[bool, float, str, str]:
    spread_bps = asset.best.spread_bps
    return spread_bps is None, -(spread_bps or 0.0), asset.base, asset.quote


def _asset(base: str, quote: str, legs: list[Leg]) -> Asset:
    spot = [leg for leg in legs if leg.market == SPOT]
    linear = [leg for leg in legs if leg.market == LINEAR]
    return Asset(
        base, quote, _best(legs), _best(spot), _best(linear), _bases(spot, linear), _funding(linear), legs
    )


def _best(legs: Sequence[Leg]) -> Best:
    priced = [leg for leg in legs if leg.priced]
    bids = [BestPrice(leg.bid, leg.bid_size, leg.key, leg.exchange, leg.quote) for leg in priced if leg.bid]
    asks = [BestPrice(leg.ask, leg.ask_size, leg.key, leg.exchange, leg.quote) for leg in priced if leg.ask]
    bid = max(bids, key=lambda side: side.price, default=None)
    ask = min(asks, key=lambda side: side.price, default=None)
    spread_bps = bps_above(bid.price, ask.price) if bid and ask else None
    return Best(bid, ask, spread_bps, len(priced))


def _bases(spot: Sequence[Leg], linear: Sequence[Leg]) -> list[Basis]:
    """One per perpetual: against its own exchange's spot where that is live, else against the busiest."""
    spots = [leg for leg in spot if leg.priced and leg.mid]
    found = []
    for leg in linear:
        if leg.priced and leg.mid and spots:
            counterpart = max(
                spots, key=lambda each: (each.exchange == leg.exchange, each.quote == leg.quote)
            )
            bps = bps_above(leg.mid, counterpart.mid)
            if bps is not None:
                found.append(Basis(leg.key, counterpart.key, bps))
    return found


def _funding(linear: Sequence[Leg]) -> FundingDifference | None:
    rated = [
        (leg.funding_rate_8h, leg.funding_apr, leg.key)
        for leg in linear
        if leg.live and leg.funding_rate_8h is not None and leg.funding_apr is not None
    ]
    if len(rated) < 2:
        return None
    lowest, highest = min(rated), max(rated)
    return FundingDifference(
        lowest_key=lowest[2],
        lowest_8h=lowest[0],
        highest_key=highest[2],
        highest_8h=highest[0],
        difference_8h=highest[0] - lowest[0],
        difference_apr=highest[1] - lowest[1],
    )
