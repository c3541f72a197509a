"""`/livez`, `/readyz`, `/health`: is the process alive, is it any use, and what exactly is wrong.

pass: every wanted market is live. warn: some are not, or miss symbols, or a sink is in trouble; still useful.
fail: none is live, or the hub is going down. What was stopped on purpose is excused. Prices do not depend on
a sink, so that none of them, in whatever state, makes `/health` fail.

`/readyz` is stricter: it fails unless every wanted market is live and every sink accepts rows, be it on disk,
so that a rollout waits until the new hub is whole. Where an exchange that is down must not take every hub out
of service, `/readyz?allow=warn` has the verdict of `/health`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
import trio
from msgspec import Meta
from quart import Response, request
from quart_trio import QuartTrio

from actors.market.feeds import MarketReport
from actors.runtime.version import __version__
from web.api.queries import Query, read_query
from web.bus import bus_check
from web.plugins import plugin_checks
from web.sinks import Verdict, age_s, sink_check
from web.site import Site
from web.wire import iso_time

Checks: TypeAlias = dict[str, list[dict[str, Any]]]
LOOP_LAG_MAX_S = 0.2


class ReadyQuery(Query, frozen=True, kw_only=True):
    """What `/readyz` may be asked."""

    allow: Annotated[
        Literal["warn"] | None,
        Meta(description="`warn`: ready as long as one wanted market is live, as `/health` judges."),
    ] = None


def register(app: QuartTrio, site: Site) -> None:
    """Add the three routes to `app`."""

    @app.get("/livez")
    async def livez() -> Response:
        return health_response("pass", {"loop": [await loop_check(site)]})

    @app.get("/health")
    async def health() -> Response:
        return await examined(is_strict=False)

    @app.get("/readyz")
    async def readyz() -> Response:
        return await examined(is_strict=read_query(ReadyQuery, request.args).allow is None)

    async def examined(*, is_strict: bool) -> Response:
        verdict, checks = judge(site.read_model.reports(), site.running(), site.now_ns())
        beside = {f"sink:{sink.name}": [sink_check(sink, site.now_ns())] for sink in site.sinks()}
        if site.bus is not None:
            beside["bus"] = [bus_check(site.bus())]
        beside |= plugin_checks(site.plugins)
        beside["loop"] = [await loop_check(site)]
        if verdict == "pass" and any(check["status"] != "pass" for [check] in beside.values()):
            verdict = "warn"
        may_read, output = site.gate.may_read(site.gate.caller_of(request)), None
        if is_strict and (lacks := missing({**checks, **beside})):
            verdict, output = "fail", f"not ready: {lacks}" if may_read else None
        if site.stop_of(request).is_set():
            verdict, output = "fail", "draining"
        # Load balancers ask without a token, and need the verdict only.
        return health_response(verdict, {**checks, **beside} if may_read else {}, output)


def missing(checks: Checks) -> str:
    """What keeps a hub from being ready: markets that are not live, sinks that take nothing."""
    return ", ".join(name for name, [check] in checks.items() if check["status"] == "fail")


def health_response(verdict: Verdict, checks: Checks, output: str | None = None) -> Response:
    """A health document with the status code that load balancers read."""
    document: dict[str, Any] = {"status": verdict, "version": __version__}
    if output:
        document["output"] = output
    body = msgspec.json.encode({**document, "checks": checks})
    headers = {"content-type": "application/health+json", "cache-control": "no-store"}
    return Response(body, 503 if verdict == "fail" else 200, headers)


def judge(reports: list[MarketReport], running: dict[str, bool], now_ns: int) -> tuple[Verdict, Checks]:
    """The verdict on all markets, and what it rests on."""
    checks: Checks = {}
    wanted: list[Verdict] = []
    for report in reports:
        excused = not running[report.exchange] or report.state == "stopped"
        status = "pass" if excused else market_verdict(report)
        checks[f"{report.exchange}:{report.market}"] = [market_check(report, status, excused, now_ns)]
        if not excused:
            wanted.append(status)
    silent = [name for name, on in running.items() if on and not any(r.exchange == name for r in reports)]
    for exchange in silent:
        checks[exchange] = [{"status": "fail", "output": "no news of its feeds yet"}]
        wanted.append("fail")
    if "fail" in wanted and set(wanted) == {"fail"}:
        return "fail", checks
    return ("pass" if all(status == "pass" for status in wanted) else "warn"), checks


def market_verdict(report: MarketReport) -> Verdict:
    """The verdict on one market that is wanted."""
    if report.state != "live":
        return "fail"
    return "warn" if report.stale or report.refused or report.mute else "pass"


def market_check(report: MarketReport, status: Verdict, excused: bool, now_ns: int) -> dict[str, Any]:
    """One market's entry: the age of its newest data, and what is wrong in words."""
    said = {
        "stopped on purpose": excused,
        f"state is {report.state}": not excused and report.state != "live",
        f"{len(report.stale)} symbols stale": report.stale,
        f"{len(report.refused)} symbols refused": report.refused,
        f"{len(report.mute)} topics mute": report.mute,
        f"last error: {report.last_error}": report.last_error and status == "fail",
    }
    check: dict[str, Any] = {
        "status": status,
        "componentType": "component",
        "observedValue": age_s(report.last_data_ts, now_ns),
        "observedUnit": "s",
        "time": iso_time(now_ns),
    }
    output = "; ".join(words for words, holds in said.items() if holds)
    return {**check, "output": output} if output else check


async def loop_check(site: Site) -> dict[str, Any]:
    """How long one turn of the event loop takes now, which is what everybody else waits too."""
    began_s = trio.current_time()
    await trio.lowlevel.checkpoint()
    lag_s = trio.current_time() - began_s
    status = "pass" if lag_s <= LOOP_LAG_MAX_S else "warn"
    return {
        "status": status,
        "componentType": "system",
        "observedValue": round(lag_s * 1000, 3),
        "observedUnit": "ms",
        "time": iso_time(site.now_ns()),
    }
