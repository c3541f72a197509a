"""`/api/v1/instruments`: what is followed, how it trades, and what each market can tell."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from actors.market.events import State
from actors.market.instrument import Instrument
from web.api.keys import boards_of, offers_of
from web.api.picking import misses, wanted_pairs
from web.api.queries import Pick
from web.api.resource import Answer, Body, Meta, Route, limited, listings, versions
from web.readmodel import Board
from web.site import Site


class InstrumentOut(Struct, frozen=True):
    """One instrument. `tick_size` is in quote units, `lot_size` in the base coin.

    `multiplier` is how many coins one listed unit stands for; `funding_interval_h` is hours. `halted` is the
    exchange's word for why it does not trade now, else `null`. `quality` is that of its ticker.
    """

    key: str
    exchange: str
    market: str
    symbol: str
    name: str
    base: str
    quote: str
    tick_size: float | None
    lot_size: float | None
    multiplier: float
    funding_interval_h: float | None
    halted: str | None
    quality: State


class MarketOffer(Struct, frozen=True):
    """What one market of an exchange can tell; of the `sampled` channels it tells a part only, and those that
    are `switched_off` this hub does not follow."""

    exchange: str
    market: str
    channels: tuple[str, ...]
    sampled: tuple[str, ...]
    depth_max: int | None
    switched_off: tuple[str, ...]


class InstrumentsMeta(Meta, frozen=True, kw_only=True, omit_defaults=True):
    """The usual, and what each market offers."""

    markets: list[MarketOffer] | UnsetType = UNSET


def answer(site: Site, _: str, query: Pick) -> Answer:
    """The instruments that `query` means."""
    boards = boards_of(site, query.exchange)

    def build(now_ns: int) -> Body:
        records = [instrument_out(board, each) for board in boards for each in instruments(board, query)]
        body = limited(records, query.limit)
        offers = [each for board in boards for each in market_offers(site, board, query.market)]
        return Body(body.data, {**body.meta, **misses(boards, query), "markets": offers})

    return Answer(boards, (*versions(boards, "instruments", "states"), *listings(boards)), build)


def instruments(board: Board, query: Pick) -> list[Instrument]:
    """One exchange's instruments, as far as they are meant."""
    known = board.picture.instruments
    return [known[pair] for pair in wanted_pairs(board, query, known)]


def instrument_out(board: Board, each: Instrument) -> InstrumentOut:
    """An instrument as its readers see it."""
    entry = board.entries.get((each.market, each.symbol))
    ticker = entry.record.ticker if entry else None
    quality: State = ticker.quality if ticker else "halted" if each.halted else "connecting"
    return InstrumentOut(
        each.key,
        each.exchange,
        each.market,
        each.symbol,
        each.name,
        each.base,
        each.quote,
        each.tick_size,
        each.lot_size,
        each.multiplier,
        each.funding_interval_h or (ticker.funding_interval_h if ticker else None),
        each.halted,
        quality,
    )


def market_offers(site: Site, board: Board, market: str | None) -> list[MarketOffer]:
    """What an exchange's markets offer, as far as that is known."""
    return [
        MarketOffer(board.exchange, of, offer.channels, offer.sampled, offer.depth_max, offer.switched_off)
        for of, offer in offers_of(site, board.exchange).items()
        if market in (None, of)
    ]


ROUTES: list[Route[Any]] = [
    Route(
        path="/api/v1/instruments",
        name="instruments",
        summary="What is followed",
        details="Every instrument that the hub follows, and in `meta.markets` the channels that each "
        "market offers. What is not among them cannot be had there; what is `switched_off` could be.",
        query=Pick,
        data=list[InstrumentOut],
        meta=InstrumentsMeta,
        answer=answer,
    )
]
