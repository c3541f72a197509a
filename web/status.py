"""`/ws/realtime/status`, and `start` and `stop`: what is running, what is missing, and who may change it."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from quart import Response, request
from quart_trio import QuartTrio

from actors.market.feeds import MarketReport
from actors.runtime.version import __version__
from web.problems import Problem
from web.sinks import age_s, sink_entry
from web.site import Site
from web.wire import iso_time


class Order(Struct, forbid_unknown_fields=True):
    """The body of a start or stop. No exchange means all of them."""

    exchange: str | None = None


def register(app: QuartTrio, site: Site) -> None:
    """Add the three routes to `app`."""

    @app.get("/ws/realtime/status")
    async def status() -> Response:
        return status_response(site)

    @app.post("/ws/realtime/start")
    async def start() -> Response:
        await site.control.start(await authorised_exchange(site))
        return status_response(site)

    @app.post("/ws/realtime/stop")
    async def stop() -> Response:
        await site.control.stop(await authorised_exchange(site))
        return status_response(site)


async def authorised_exchange(site: Site) -> str | None:
    """The exchange that the request at hand means, once it is known that it may; else a `Problem`."""
    peer = (request.scope.get("client") or ("",))[0]
    site.gate.check_control(request.headers, peer)
    body = await request.get_data(cache=True, as_text=False, parse_form_data=False)
    exchange = read_order(request.mimetype, body).exchange if body.strip() else None
    if exchange is not None and exchange not in site.read_model.exchanges:
        choices = ", ".join(site.read_model.exchanges) or "none"
        raise Problem(
            404, f"There is no exchange {exchange!r} here; there are: {choices}.", code="unknown_exchange"
        )
    return exchange


def read_order(mimetype: str, body: bytes) -> Order:
    """What a body asks for; a 415 or 400 `Problem` says what would be right."""
    right = 'Send nothing for every exchange, or JSON like {"exchange": "bybit"} as application/json.'
    if mimetype != "application/json":
        raise Problem(415, right, code="not_json", headers={"accept": "application/json"})
    try:
        return msgspec.json.decode(body, type=Order)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, f"{right} This body is something else: {error}.", code="bad_body") from None


def status_response(site: Site) -> Response:
    """The status as a response."""
    body = msgspec.json.encode(status_document(site))
    return Response(body, content_type="application/json", headers={"cache-control": "no-store"})


def status_document(site: Site) -> dict[str, Any]:
    """What runs, which symbols are shown, who listens, and how every market's feed is doing."""
    now_ns = site.now_ns()
    running = site.running()
    document: dict[str, Any] = {"workers_running": any(running.values())}
    for exchange, board in site.read_model.boards.items():
        document[f"{exchange}_running"] = running[exchange]
        document[f"{exchange}_symbols"] = sorted(board.symbols())
    document["active_connections"] = dict(site.fanout.active)
    boards = site.read_model.boards.values()
    document["tick_lag_ms"] = round(max((board.lag_ms for board in boards), default=0.0), 1)
    document["late_ticks"] = max((board.late_ticks for board in boards), default=0)
    document["conflated_ticks"] = dict(site.fanout.conflated)
    document["stream"] = site.stream.status()
    document["markets"] = [market_entry(report, now_ns) for report in site.read_model.reports()]
    document["sinks"] = [sink_entry(report, now_ns) for report in site.sinks()]
    document["version"] = __version__
    document["timestamp"] = iso_time(now_ns)
    return document


def market_entry(report: MarketReport, now_ns: int) -> dict[str, Any]:
    """One market's feed, in words and numbers for people."""
    attempt = report.next_attempt_ts
    return {
        "exchange": report.exchange,
        "market": report.market,
        "state": report.state,
        "symbols_wanted": len(report.symbols),
        "symbols_producing": report.producing,
        "symbols_stale": list(report.stale),
        "refused": report.refused,
        "mute": list(report.mute),
        "messages_per_s": round(report.messages_per_s, 1),
        "last_data_age_s": age_s(report.last_data_ts, now_ns),
        "reconnects": report.reconnects,
        "last_error": report.last_error,
        "next_attempt": None if attempt is None else iso_time(attempt),
        "next_attempt_in_s": None if attempt is None else round(max(0, attempt - now_ns) / 1e9, 1),
    }
