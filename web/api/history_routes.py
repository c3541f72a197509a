"""An address that reads history, as a value, and how it is served."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic

from quart import Response, request
from quart_trio import QuartTrio

from web.api.history_desk import Desk, no_history
from web.api.queries import read_query
from web.api.resource import Address, Q
from web.api.streaming import FORMATS
from web.site import Site

WHOLE = ("key", "symbol")  # an exchange may have a slash in a symbol


@dataclass(frozen=True, kw_only=True)
class Reading(Address[Q], Generic[Q]):
    """One address that reads history. `serve` is given the names in its path."""

    serve: Callable[[Site, Desk, dict[str, str], Q], Awaitable[Response]]
    formats: tuple[str, ...] = FORMATS


def register(app: QuartTrio, site: Site, readings: Iterable[Reading[Any]]) -> None:
    """Serve all of them, over one desk."""
    desk = None if site.history is None else Desk(site.history, site.now_ns, site.quiet)
    for reading in readings:
        add_reading(app, site, desk, reading)


def add_reading(app: QuartTrio, site: Site, desk: Desk | None, reading: Reading[Any]) -> None:
    """Serve `reading`; without a desk there is no history to read."""

    async def serve(**names: str) -> Response:
        if desk is None:
            raise no_history()
        return await reading.serve(site, desk, names, read_query(reading.query, request.args))

    app.add_url_rule(rule_of(reading.path), reading.name, serve, methods=["GET"])


def rule_of(path: str) -> str:
    """The path as the router wants it."""
    return re.sub(r"\{(\w+)\}", lambda name: f"<{'path:' * (name[1] in WHOLE)}{name[1]}>", path)
