"""The web application: routes, guards and limits, put together. No globals, no logic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import trio
from quart import Response, request, websocket
from quart_trio import QuartTrio

from actors.market.sinkstatus import SinkReport
from actors.runtime.settings import StreamSettings, WebSettings
from actors.sinks.base import History
from web import health, pages, problems, realtime, status
from web.api import routes
from web.control import Control
from web.metrics import routes as metrics
from web.offers import Offers
from web.readmodel import ReadModel
from web.security import HEADERS
from web.site import Site
from web.stream import session
from web.stream.hub import StreamHub

BODY_BYTES_MAX = 64 * 1024
BODY_S = 5
RESPONSE_S = 30


def create_app(
    read_model: ReadModel,
    control: Control,
    settings: WebSettings,
    *,
    stop: trio.Event,
    now_ns: Callable[[], int],
    offers: Offers | None = None,
    history: History | None = None,
    history_is_whole: Callable[[], bool] = lambda: True,
    sinks: Callable[[], Sequence[SinkReport]] = tuple,
    stream: StreamSettings | None = None,
    folder: Path = pages.HERE,
) -> QuartTrio:
    """The application over `read_model`. Once `stop` is set its sockets close and it is no longer ready.

    `offers` tells what each market can tell at all. `history` answers about the past, if it is kept;
    `history_is_whole` says whether nothing is still on its way there, `sinks` how they do. The application's
    `Site` stands in `app.extensions["tickwell"]`, for whoever counts clients.
    """
    app = QuartTrio(__name__, static_folder=None, template_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=BODY_BYTES_MAX, BODY_TIMEOUT=BODY_S, RESPONSE_TIMEOUT=RESPONSE_S)
    site = Site(
        read_model=read_model,
        control=control,
        settings=settings,
        stop=stop,
        now_ns=now_ns,
        offers=offers or {},
        history=history,
        history_is_whole=history_is_whole,
        sinks=sinks,
    )
    site.stream = StreamHub(site, stream or StreamSettings())
    read_model.followers.append(site.stream)
    app.extensions["tickwell"] = site
    guard(app, site)
    problems.register(app)
    status.register(app, site)
    realtime.register(app, site)
    session.register(app, site)
    health.register(app, site)
    routes.register(app, site)
    metrics.register(app, site)
    pages.register(app, folder)
    return app


def guard(app: QuartTrio, site: Site) -> None:
    """Put the checks before every request, and the security headers on every response."""

    @app.before_request
    async def check_request() -> None:
        site.gate.check_host(request.headers)

    @app.before_websocket
    async def check_websocket() -> None:
        site.gate.check_host(websocket.headers)
        site.gate.check_origin(websocket.headers)

    @app.after_request
    async def harden(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.after_websocket  # type: ignore[type-var]
    async def harden_refusal(response: Response | None) -> Response | None:
        if response is not None:
            response.headers.update(HEADERS)
        return response
