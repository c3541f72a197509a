"""The table of REST: every address, from the files that answer it."""

from __future__ import annotations

from typing import Any

from quart_trio import QuartTrio

from web.api import (
    alerts,
    books,
    channels,
    clients,
    comparing,
    derived,
    funding,
    history,
    history_routes,
    hub,
    instruments,
    liquidations,
    liquidations_summary,
    openapi,
    prices,
    prices_summary,
    quality,
    stream,
    tape,
    tickers,
    tickets,
)
from web.api.answering import Answers, add_route
from web.api.history_routes import Reading
from web.api.resource import Route
from web.site import Site
from web.stream import asyncapi

ROUTES: list[Route[Any]] = [
    *instruments.ROUTES,
    *tickers.ROUTES,
    *books.ROUTES,
    *tape.ROUTES,
    *funding.ROUTES,
    *liquidations.ROUTES,
    *comparing.ROUTES,
    *derived.ROUTES,
    *quality.ROUTES,
    *channels.ROUTES,
    *hub.ROUTES,
    *clients.ROUTES,
]

READINGS: list[Reading[Any]] = [
    *history.READINGS,
    *liquidations_summary.READINGS,
    *prices_summary.READINGS,
    *prices.READINGS,
]


def register(app: QuartTrio, site: Site) -> None:
    """Add REST and its description to `app`."""
    answers = Answers()
    for route in ROUTES:
        add_route(app, site, answers, route)
    history_routes.register(app, site, READINGS)
    openapi.register(app, site, [*ROUTES, *READINGS])
    stream.register(app, site)
    tickets.register(app, site)
    alerts.register(app, site)
    asyncapi.register(app)
