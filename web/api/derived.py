"""`/api/v1/derived`: what plugins derive from bars and tickers, each with how far it can be trusted."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Struct

from actors.market.events import State
from actors.market.plugged import Derived, Source
from actors.market.quality import worst
from web.api.keys import boards_of
from web.api.picking import misses, wanted_pairs
from web.api.queries import Pick
from web.api.resource import Answer, Body, Route, limited, listings, versions
from web.readmodel import Board
from web.site import Site
from web.wire import unix_ms

LIMIT_MAX = 10_000
TOLD_BY = ("trades", "candles")  # the channels of which bars are made


class DerivedQuery(Pick, frozen=True, kw_only=True):
    """Whose numbers, by which plugin, and how many."""

    plugin: Annotated[str | None, msgspec.Meta(description="Of this plugin only: its NAME.")] = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX, description="At most so many records.")] = 1000


class DerivedOut(Struct, frozen=True):
    """What a plugin derived: `name` tells it from what else it says about the instrument.

    `value` is the number itself, `values` are others that belong to it. `inputs` are the keys that it rests
    on, `ts` is the exchange's time up to which they were known, Unix ms. `quality` is that of its worst
    input, and never `live` when the plugin was switched off or something was missing.
    """

    key: str
    plugin: str
    name: str
    value: float | None
    values: dict[str, float | None]
    inputs: list[str]
    source: Source
    ts: int | None
    quality: State


def derived_out(site: Site, derived: Derived) -> DerivedOut:
    """A record as its readers see it."""
    return DerivedOut(
        key=derived.key,
        plugin=derived.plugin,
        name=derived.name,
        value=derived.value,
        values=derived.values,
        inputs=list(derived.inputs),
        source=derived.source,
        ts=unix_ms(derived.ts_ns),
        quality=quality_of(site, derived),
    )


def quality_of(site: Site, derived: Derived) -> State:
    """How far it can be trusted now: as far as the worst of what it rests on."""
    states: list[State] = [_state(site, key, derived.source) for key in derived.inputs]
    if site.plugins is None or not site.plugins.is_on(derived.plugin):
        states.append("stale")
    if not derived.whole:
        states.append("gapped")
    return worst(states)


def _state(site: Site, key: str, source: Source) -> State:
    exchange, market, symbol = key.split(":", 2)
    board = site.read_model.boards[exchange]
    if source == "ticker":
        entry = board.entries.get((market, symbol))
        return entry.record.ticker.quality if entry is not None else "connecting"
    report = board.picture.quality((market, symbol), *TOLD_BY)
    return report.state if report is not None else "connecting"


def answer(site: Site, _: str, query: DerivedQuery) -> Answer:
    """The newest answers of plugins that `query` means, by instrument."""
    boards = boards_of(site, query.exchange)
    version = str(site.plugins.version) if site.plugins is not None else "none"

    def build(_now_ns: int) -> Body:
        found = [derived_out(site, each) for board in boards for each in _meant(site, board, query)]
        body = limited(found, query.limit)
        return Body(body.data, body.meta | misses(boards, query))

    # An input may be another exchange's: all of them are looked at.
    everywhere = list(site.read_model.boards.values())
    states = versions(everywhere, "states", "quality")
    return Answer(boards, (version, *states, *listings(boards)), build)


def _meant(site: Site, board: Board, query: DerivedQuery) -> list[Derived]:
    if site.plugins is None:
        return []
    mine = [key.split(":", 2) for key in site.plugins.subjects()]
    known = [(market, symbol) for exchange, market, symbol in mine if exchange == board.exchange]
    return [
        each
        for market, symbol in sorted(wanted_pairs(board, query, known))
        for each in site.plugins.records(f"{board.exchange}:{market}:{symbol}")
        if query.plugin in (None, each.plugin)
    ]


ROUTES: list[Route[Any]] = [
    Route(
        path="/api/v1/derived",
        name="derived",
        summary="What plugins derive",
        details="The newest of everything that the plugins of `[plugin:NAME]` made of bars and tickers.",
        query=DerivedQuery,
        data=list[DerivedOut],
        answer=answer,
    ),
]
