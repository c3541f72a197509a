"""`/api/v1/liquidations`: positions that exchanges closed by force, where they say so in public."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from actors.market.events import Liquidation, PositionSide, State
from web.api.keys import boards_of, offer_of, offers_of, switched_off
from web.api.picking import misses, named_pairs
from web.api.queries import Pick
from web.api.resource import Answer, Body, Meta, Route, listings, versions
from web.offers import Offer
from web.picture import LIQUIDATIONS_KEPT
from web.problems import Problem
from web.readmodel import Board
from web.site import Site

CHANNEL = "liquidations"


class LiquidationsQuery(Pick, frozen=True, kw_only=True):
    """Whose liquidations, and how many."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=LIQUIDATIONS_KEPT, description="So many of the newest.")] = (
        100
    )


class LiquidationOut(Struct, frozen=True):
    """One liquidation. `side` is the side of the position: a `long` was closed by selling.

    `size` is in the base coin, `value` in quote. `sampled`: the exchange tells only some of them, so that
    sums are too low. `quality` is that of the channel. Times are Unix ms.
    """

    key: str
    exchange: str
    market: str
    symbol: str
    side: PositionSide
    price: float
    size: float
    value: float
    ts_event: int
    ts_recv: int
    sampled: bool
    quality: State


class LiquidationsMeta(Meta, frozen=True, kw_only=True, omit_defaults=True):
    """The usual, the markets that tell no liquidations, and those that are not followed for them."""

    not_offered: list[str] | UnsetType = UNSET
    switched_off: list[str] | UnsetType = UNSET


def answer(site: Site, _: str, query: LiquidationsQuery) -> Answer:
    """The newest liquidations that `query` means, the newest first."""
    boards = boards_of(site, query.exchange)
    silent, ignored, followed = markets_of(site, boards, query.market)
    if query.exchange is not None and not followed:
        if ignored:
            raise switched_off(query.exchange.lower(), CHANNEL)
        if silent:
            raise none_offered(silent)

    def build(_now_ns: int) -> Body:
        found = [each for board in boards for each in newest(site, board, query)]
        found.sort(key=lambda each: each.ts_event, reverse=True)
        without = {"not_offered": silent, "switched_off": ignored}
        return Body(
            found[: query.limit],
            misses(boards, query) | {name: each for name, each in without.items() if each},
        )

    return Answer(boards, (*versions(boards, "liquidations", "states"), *listings(boards)), build)


def markets_of(site: Site, boards: list[Board], market: str | None) -> tuple[list[str], list[str], list[str]]:
    """The markets that do not tell liquidations, such as `bybit:spot`; those that do, and the settings do
    not follow them; and those that are followed."""
    silent: list[str] = []
    ignored: list[str] = []
    followed: list[str] = []
    for name, offer in named_offers(site, boards, market):
        kind = (
            silent
            if CHANNEL not in offer.channels
            else ignored
            if CHANNEL in offer.switched_off
            else followed
        )
        kind.append(name)
    return silent, ignored, followed


def none_offered(markets: list[str]) -> Problem:
    """The 404 about markets of which none tells liquidations."""
    verb = "does" if len(markets) == 1 else "do"
    detail = f"{' and '.join(markets)} {verb} not offer liquidations."
    return Problem(404, detail, code="not_offered", channel=CHANNEL)


def named_offers(site: Site, boards: list[Board], market: str | None) -> Iterator[tuple[str, Offer]]:
    """What the markets offer, each with its name."""
    for board in boards:
        for of, offer in offers_of(site, board.exchange).items():
            if market in (None, of):
                yield f"{board.exchange}:{of}", offer


def newest(site: Site, board: Board, query: LiquidationsQuery) -> Iterator[LiquidationOut]:
    """One exchange's liquidations, as far as they are meant."""
    pairs = named_pairs(board, query)
    for market, each in reversed(board.picture.liquidations):
        if query.market in (None, market) and (not query.symbols or (market, each.symbol) in pairs):
            yield liquidation_out(site, board, market, each)


def liquidation_out(site: Site, board: Board, market: str, each: Liquidation) -> LiquidationOut:
    """A liquidation as its readers see it."""
    offer = offer_of(site, board.exchange, market)
    report = board.picture.quality((market, each.symbol), CHANNEL)
    return LiquidationOut(
        key=f"{board.exchange}:{market}:{each.symbol}",
        exchange=board.exchange,
        market=market,
        symbol=each.symbol,
        side=each.side,
        price=each.price,
        size=each.size,
        value=each.price * each.size,
        ts_event=each.ts_event // 1_000_000,
        ts_recv=each.ts_recv // 1_000_000,
        sampled=offer is not None and CHANNEL in offer.sampled,
        quality=report.state if report else "connecting",
    )


ROUTES: list[Route[Any]] = [
    Route(
        path="/api/v1/liquidations",
        name="liquidations",
        summary="The newest liquidations",
        details="The newest first. What an exchange does not tell in public is not here: `meta.not_offered`.",
        query=LiquidationsQuery,
        data=list[LiquidationOut],
        meta=LiquidationsMeta,
        answer=answer,
        problems=(400, 404),
    )
]
