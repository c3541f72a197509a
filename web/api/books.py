"""`/api/v1/book/{key}`: an order book, which is followed only as long as somebody reads it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import trio
from msgspec import Struct
from quart import request

from actors.market.derived import bps_above, mid_of, spread_of
from actors.market.events import Levels, State
from actors.market.reports import BookView
from actors.runtime.errors import NotOffered, NotWatchable, TooManyBooks
from web.api.keys import Target, find, not_offered, offered
from web.api.queries import Query
from web.api.resource import Answer, Body, Route, age_ms, channel_state, tidy
from web.offers import Offer
from web.problems import Problem
from web.site import Site
from web.wire import unix_ms

WAIT_S = 3.0
DEPTH_MAX = 200


class BookQuery(Query, frozen=True, kw_only=True):
    """How much of a book."""

    depth: Annotated[int, msgspec.Meta(ge=1, le=DEPTH_MAX, description="So many levels per side.")] = 50


class BookOut(Struct, frozen=True):
    """One order book, the best level first on both sides, each level as `[price, size]`.

    `depth` is how many levels per side the exchange tells at most, `u` its number of this state. `spread_bps`
    is in 1/10000 of the mid. `imbalance` is -1 (only asks) to 1 (only bids): the sizes that are shown, bids
    less asks, by their sum. It is always `live`: another is a 503.
    """

    key: str
    exchange: str
    market: str
    symbol: str
    bids: Levels
    asks: Levels
    depth: int
    u: int | None
    mid: float | None
    spread: float | None
    spread_bps: float | None
    imbalance: float | None
    ts_event: int | None
    ts_recv: int | None
    age_ms: int | None
    quality: State


async def prepare(site: Site, key: str, query: BookQuery) -> None:
    """Have the book followed for `book_grace_s`, and wait a little for it if it is not yet."""
    target = find(site, key)
    offer = offered(site, target, "book")
    if not site.control.running(target.board.exchange):
        detail = f"{target.board.exchange} is stopped: nothing of it can be followed."
        raise Problem(409, detail, code="stopped", key=target.key)
    site.gate.check_embedding(request.headers)
    watch(site, target, query.depth, offer)
    stop = site.stop_of(request)
    needed = min(query.depth, offer.depth_max or 1)
    with trio.move_on_after(WAIT_S):
        while not is_there(target, needed) and not stop.is_set():
            await target.board.after(target.board.seq)


def watch(site: Site, target: Target, depth: int, offer: Offer) -> None:
    """Renew the lease on a book; what stands against it becomes a `Problem`."""
    try:
        site.control.watch(target.board.exchange, target.market, target.symbol, depth)
    except NotOffered:
        raise not_offered(target, "book", offer) from None
    except TooManyBooks as error:
        headers = {"retry-after": "10"}
        raise Problem(503, str(error), headers=headers, code="too_many_books", key=target.key) from None
    except NotWatchable as error:
        raise Problem(404, str(error), code="not_followed", key=target.key) from None


def is_there(target: Target, depth: int) -> bool:
    """Whether there is a live book that is deep enough."""
    book = target.board.picture.books.get(target.pair)
    return book is not None and book.quality == "live" and book.depth >= depth


def answer(site: Site, key: str, query: BookQuery) -> Answer:
    """The book as it is now; a 503 `Problem` while it cannot be trusted."""
    target = find(site, key)
    book = target.board.picture.books.get(target.pair)
    if book is None or book.quality != "live":
        raise not_live(target, site.now_ns())
    version = target.board.version("books", "states", pair=target.pair)
    return Answer(
        [target.board], (version,), lambda now_ns: Body(book_out(target, book, query.depth, now_ns))
    )


def not_live(target: Target, now_ns: int) -> Problem:
    """The 503 about a book that is not to be trusted now, with what is known about it."""
    state = channel_state("book", target.board.picture.quality(target.pair, "book"), now_ns)
    detail = f"The book of {target.key} is not live yet: it is {state.state} ({state.reason}). Ask again."
    code = "syncing" if state.state in ("connecting", "syncing") else "not_live"
    return Problem(503, detail, headers={"retry-after": "1"}, code=code, key=target.key, quality=state)


def book_out(target: Target, book: BookView, depth: int, now_ns: int) -> BookOut:
    """A book as its readers see it."""
    bids, asks = book.bids[:depth], book.asks[:depth]
    bid, ask = bids[0][0] if bids else None, asks[0][0] if asks else None
    spread, mid = spread_of(bid, ask), mid_of(bid, ask)
    return BookOut(
        key=target.key,
        exchange=target.board.exchange,
        market=target.market,
        symbol=target.symbol,
        bids=bids,
        asks=asks,
        depth=book.depth,
        u=book.update_id,
        mid=mid,
        spread=tidy(spread, ask),
        spread_bps=bps_above(mid + spread, mid) if mid is not None and spread is not None else None,
        imbalance=imbalance(bids, asks),
        ts_event=unix_ms(book.ts_event),
        ts_recv=unix_ms(book.ts_recv or None),
        age_ms=age_ms(book.ts_recv, now_ns),
        quality=book.quality,
    )


def imbalance(bids: Levels, asks: Levels) -> float | None:
    """The sizes of the bids less those of the asks, by their sum; `None` for an empty book."""
    bid_size, ask_size = sum(size for _, size in bids), sum(size for _, size in asks)
    return (bid_size - ask_size) / (bid_size + ask_size) if bid_size + ask_size else None


ROUTES: list[Route[Any]] = [
    Route(
        path="/api/v1/book/{key}",
        name="book",
        summary="The order book of one instrument",
        details="Books are followed on demand. The first request has the book subscribed and waits up to "
        "3 s for it; should it not be there by then, the answer is 503 with `Retry-After`. Each request "
        "keeps it for `book_grace_s` (60 s by default). Only a book that is whole and live is told.",
        query=BookQuery,
        data=BookOut,
        answer=answer,
        problems=(400, 403, 404, 409, 503),
        prepare=prepare,
    )
]
