"""The web application: routes, guards and limits, put together. No globals, no logic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import trio
from quart_trio import QuartTrio

from actors.market.busstatus import BusReport
from actors.market.sinkstatus import SinkReport
from actors.runtime.settings import StreamSettings, TokenSettings, WebSettings
from actors.sinks.base import History
from web import health, pages, problems, realtime, requestid, status
from web.alerting import Alerting
from web.api import routes
from web.control import Control
from web.guard import entry
from web.metrics import routes as metrics
from web.offers import Offers
from web.plugins import Plugins
from web.readmodel import ReadModel
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
    tokens: Mapping[str, TokenSettings] | None = None,
    alerts: Alerting | None = None,
    bus: Callable[[], BusReport] | None = None,
    plugins: Plugins | None = None,
    folder: Path = pages.HERE,
) -> QuartTrio:
    """The application over `read_model`. Once `stop` is set its sockets close and it is no longer ready.

    `offers` tells what each market can tell at all. `history` answers about the past, if it is kept;
    `history_is_whole` says whether nothing is still on its way there, `sinks` how they do; `tokens` are those
    of the settings, by name, and `alerts` the rules, where there are any; `bus` tells how other machines are
    reached, `plugins` what they derive. The application's `Site` stands in
    `app.extensions["tickwell"]`, for whoever counts clients.
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
        tokens=tokens or {},
        alerts=alerts,
        bus=bus,
        plugins=plugins,
    )
    site.stream = StreamHub(site, stream or StreamSettings())
    _let_follow(site)
    app.extensions["tickwell"] = site
    requestid.register(app)
    entry.register(app, site)
    problems.register(app)
    status.register(app, site)
    realtime.register(app, site)
    session.register(app, site)
    health.register(app, site)
    routes.register(app, site)
    metrics.register(app, site)
    with entry.open_to_all(app, site):
        pages.register(app, folder)
    return app


def _let_follow(site: Site) -> None:
    """Have the stream told what happens, as it happens."""
    site.read_model.followers.append(site.stream)
    if site.alerts is not None:
        site.alerts.followers.append(site.stream.tell_alerts)
    if site.plugins is not None:
        site.plugins.followers.append(site.stream.tell_derived)
