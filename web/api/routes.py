"""The table of REST v1: every address, from the files that answer it."""

from __future__ import annotations

from typing import Any

from quart_trio import QuartTrio

from web.api import (
    books,
    channels,
    comparing,
    funding,
    instruments,
    liquidations,
    openapi,
    quality,
    tape,
    tickers,
)
from web.api.answering import Answers, add_route
from web.api.resource import Route
from web.site import Site

ROUTES: list[Route[Any]] = [
    *instruments.ROUTES,
    *tickers.ROUTES,
    *books.ROUTES,
    *tape.ROUTES,
    *funding.ROUTES,
    *liquidations.ROUTES,
    *comparing.ROUTES,
    *quality.ROUTES,
    *channels.ROUTES,
]


def register(app: QuartTrio, site: Site) -> None:
    """Add REST v1 and its description to `app`."""
    answers = Answers()
    for route in ROUTES:
        add_route(app, site, answers, route)
    openapi.register(app, site, ROUTES)
