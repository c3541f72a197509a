"""`/api/prices/latest` and `/api/prices/{symbol}/{market}/stats`: the last that history knows, and what a
window of it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from hashlib import blake2s
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType
from quart import Response, request

from actors.market.rows import TickRow
from actors.sinks.base import History, InstrumentKey, Stats
from web.api.history_caching import A_MOMENT
from web.api.history_desk import Desk
from web.api.history_gaps import OF_TICKS, OF_TRADES, GapOut, told_gaps
from web.api.history_known import MARKET_OF, PRICES_NAME_OF, key_of, newest
from web.api.history_routes import Reading
from web.api.history_rows import Text
from web.api.history_shapes import PriceOut, price_out
from web.api.history_times import NS_PER_S, read_window
from web.api.prices import DEFAULT_EXCHANGE, instrument
from web.api.queries import Exchange, Query, Symbols
from web.api.streaming import JSON, Writer, writer_for
from web.site import Site
from web.wire import unix_ms
from web.wishes import Spellings, bad_parameter

PricesMarket = Annotated[Literal["SPOT", "FUTURES"] | None, msgspec.Meta(description="Of this market only.")]


class LatestQuery(Query, frozen=True, kw_only=True):
    """Of which exchange, market and symbols."""

    exchange: Exchange = None
    market: PricesMarket = None
    symbols: Symbols = ()


class LatestMeta(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When the answer was made (Unix ms), how many prices it holds, and which symbols nobody has."""

    as_of: int
    count: int
    unknown_symbols: list[str] | UnsetType = UNSET


class StatsQuery(Query, frozen=True, kw_only=True):
    """Of which exchange, and how far back."""

    exchange: Exchange = DEFAULT_EXCHANGE
    window: Annotated[Text, msgspec.Meta(description="So far back from now: `15m`, `24h`, `7d`.")] = "24h"


class StatsOut(Struct, frozen=True, kw_only=True):
    """What the prices of a window come to. Times are Unix ms; `change` is percent, `volume` in the base coin
    as it was traded within the window. What there was nothing of is `null`."""

    key: str
    exchange: str
    symbol: str
    market: str
    window: str
    from_: int = msgspec.field(name="from")
    to: int
    count: int
    min: float | None
    max: float | None
    avg: float | None
    first: float | None
    last: float | None
    first_ts: int | None
    last_ts: int | None
    change: float | None
    volume: float | None
    vwap: float | None


class StatsMeta(Struct, frozen=True, kw_only=True):
    """When the answer was made, Unix ms, and the holes in the window, the newest 100 of them; `gaps` is
    `null` if they cannot be told now."""

    as_of: int
    gaps: list[GapOut] | None


async def answer_latest(site: Site, desk: Desk, names: dict[str, str], query: LatestQuery) -> Response:
    """The newest price of each instrument that `query` means, encoded once a second for all who ask."""
    writer = writer_for(request.accept_mimetypes, PriceOut)
    make = partial(latest_body, site, desk, query, writer)
    data, body = await desk.hot.get(("latest", writer.content_type, query), make)
    return revalidated(body, data, writer.content_type)


async def latest_body(site: Site, desk: Desk, query: LatestQuery, writer: Writer) -> tuple[bytes, bytes]:
    """The rows of the answer, and all of it."""
    market = MARKET_OF[query.market] if query.market else None
    rows = await newest(desk, query.exchange.lower() if query.exchange else None, market)
    if query.exchange and not rows and query.exchange.lower() not in site.read_model.boards:
        raise bad_parameter("exchange", query.exchange[:64], f"one of {', '.join(site.read_model.boards)}")
    found, unknown = picked(site, rows, query.symbols)
    told = writer.rows([price_out(row) for row in found])
    meta = LatestMeta(as_of=site.now_ns() // 1_000_000, count=len(found), unknown_symbols=unknown or UNSET)
    return told, writer.head() + told + writer.tail(meta)


def picked(
    site: Site, rows: Sequence[TickRow], symbols: Iterable[str]
) -> tuple[Sequence[TickRow], list[str]]:
    """The rows that `symbols` mean (all, if there are none), in their order, and the symbols without any."""
    if not symbols:
        return rows, []
    by_place: dict[tuple[str, str], dict[str, TickRow]] = {}
    for row in rows:
        by_place.setdefault((row.exchange, row.market), {})[row.symbol] = row
    found: dict[str, list[TickRow]] = {symbol: [] for symbol in symbols}
    for (exchange, _), known in by_place.items():
        board = site.read_model.boards.get(exchange)
        spellings = Spellings(known.keys(), board.names if board else None)
        for symbol, means in found.items():
            means += [known[each] for each in sorted(spellings.meant(symbol))]
    each_once = {id(row): row for means in found.values() for row in means}
    return list(each_once.values()), [symbol for symbol, means in found.items() if not means]


async def answer_stats(site: Site, desk: Desk, names: dict[str, str], query: StatsQuery) -> Response:
    """What the window before now comes to."""
    of = await instrument(site, desk, names, query.exchange)
    now_ns = site.now_ns()
    to_ns = now_ns - now_ns % NS_PER_S
    from_ns = max(0, to_ns - read_window("window", query.window))

    async def ask(history: History) -> Stats:
        return await history.stats(of, from_ns, to_ns)

    stats = await desk.hot.get(("stats", of, from_ns, to_ns), partial(desk.value, ask))
    gaps = await told_gaps(desk, of, OF_TICKS | OF_TRADES, from_ns, to_ns)
    data = msgspec.json.encode(stats_out(of, query.window, from_ns, to_ns, stats))
    meta = msgspec.json.encode(StatsMeta(as_of=now_ns // 1_000_000, gaps=gaps))
    version = data + msgspec.json.encode(gaps)
    return revalidated(b'{"data":' + data + b',"meta":' + meta + b"}", version, JSON)


def stats_out(of: InstrumentKey, window: str, from_ns: int, to_ns: int, stats: Stats) -> StatsOut:
    """A window as its readers see it."""
    first, last = stats.first, stats.last
    return StatsOut(
        key=key_of(of),
        exchange=of.exchange,
        symbol=of.symbol,
        market=PRICES_NAME_OF[of.market],
        window=window,
        from_=from_ns // 1_000_000,
        to=to_ns // 1_000_000,
        count=stats.count,
        min=stats.minimum,
        max=stats.maximum,
        avg=stats.average,
        first=first,
        last=last,
        first_ts=unix_ms(stats.first_ts),
        last_ts=unix_ms(stats.last_ts),
        change=(last - first) / first * 100 if first and last is not None else None,
        volume=stats.volume,
        vwap=stats.vwap,
    )


def revalidated(body: bytes, data: bytes, content_type: str) -> Response:
    """An answer that is good for a second; `data` is what its `ETag` stands for."""
    tag = blake2s(data, digest_size=12).hexdigest()
    headers = {
        "cache-control": A_MOMENT,
        "vary": "Accept",
        "content-type": content_type,
        "etag": f'W/"{tag}"',
    }
    known = request.if_none_match.contains_weak(tag)
    return Response(b"", 304, headers) if known else Response(body, 200, headers)


READINGS: list[Reading[Any]] = [
    Reading(
        path="/api/prices/latest",
        name="prices_latest",
        summary="The newest price of every instrument",
        details="As history has it, at most a second old. What is live now is in `/api/v1/tickers`.",
        query=LatestQuery,
        data=list[PriceOut],
        meta=LatestMeta,
        problems=(400, 406, 503, 504),
        serve=answer_latest,
    ),
    Reading(
        path="/api/prices/{symbol}/{market}/stats",
        name="prices_stats",
        summary="What the prices of a window come to",
        details="Of every price that history kept in the time from `window` ago until now.",
        query=StatsQuery,
        data=StatsOut,
        meta=StatsMeta,
        problems=(400, 404, 503, 504),
        serve=answer_stats,
        formats=(JSON,),
    ),
]
