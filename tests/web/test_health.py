"""The verdicts: pass, warn, fail, and what is excused."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from tests.web.harness import REMOTE, Switch, application, model, report

LIVE = report()
DOWN = report(market="spot", state="disconnected", last_error="refused")


@pytest.mark.parametrize(
    ("reports", "on", "verdict", "code"),
    [
        ([LIVE], True, "pass", 200),
        ([LIVE, DOWN], True, "warn", 200),
        ([report(stale=("BTCUSDT",))], True, "warn", 200),
        ([report(refused={"X": "no"})], True, "warn", 200),
        ([report(mute=("tickers.X",))], True, "warn", 200),
        ([DOWN], True, "fail", 503),
        ([report(state="stale")], True, "fail", 503),
        ([], True, "fail", 503),
        ([LIVE, report(market="spot", state="stopped")], True, "pass", 200),
        ([DOWN], False, "pass", 200),
        ([], False, "pass", 200),
    ],
)
@pytest.mark.parametrize("path", ["/health", "/readyz?allow=warn"])
async def test_the_verdict(path: str, reports: list[Any], on: bool, verdict: str, code: int) -> None:
    read_model, switch = model(), Switch()
    switch.on["bybit"] = on
    read_model.report(reports)
    response = await application(read_model, switch).test_client().get(path)
    document = await response.get_json(force=True)
    assert (document["status"], response.status_code) == (verdict, code)
    assert response.content_type == "application/health+json"
    assert document["checks"]["loop"][0]["observedUnit"] == "ms"


@pytest.mark.parametrize(
    ("reports", "on", "verdict", "code"),
    [
        ([LIVE], True, "pass", 200),
        ([report(stale=("BTCUSDT",))], True, "warn", 200),
        ([LIVE, DOWN], True, "fail", 503),
        ([LIVE, report(market="spot", state="syncing")], True, "fail", 503),
        ([LIVE, report(market="spot", state="stopped")], True, "pass", 200),
        ([LIVE, DOWN], False, "pass", 200),
        ([], True, "fail", 503),
    ],
)
async def test_ready_means_that_all_that_is_wanted_is_live(
    reports: list[Any], on: bool, verdict: str, code: int
) -> None:
    read_model, switch = model(), Switch()
    switch.on["bybit"] = on
    read_model.report(reports)
    response = await application(read_model, switch).test_client().get("/readyz")
    document = await response.get_json(force=True)
    assert (document["status"], response.status_code) == (verdict, code)
    if code == 503 and reports:
        assert document["output"] == "not ready: bybit:spot"


async def test_a_stranger_is_told_the_verdict_and_not_the_reason() -> None:
    read_model = model()
    read_model.report([LIVE, DOWN])
    client = application(read_model, host="0.0.0.0", public_read=False).test_client()
    response = await client.get("/readyz", scope_base=REMOTE)
    document = await response.get_json(force=True)
    assert (response.status_code, document["status"], document["checks"]) == (503, "fail", {})
    assert "output" not in document


async def test_what_else_may_be_allowed_is_told() -> None:
    response = await application().test_client().get("/readyz?allow=everything")
    document = await response.get_json(force=True)
    assert response.status_code == 400
    assert document["errors"][0]["parameter"] == "allow"


async def test_a_check_tells_age_and_reason() -> None:
    read_model = model()
    read_model.report([LIVE, DOWN])
    document = await (await application(read_model).test_client().get("/health")).get_json(force=True)
    assert document["checks"]["bybit:linear"][0]["observedValue"] == 1.5
    assert "refused" in document["checks"]["bybit:spot"][0]["output"]
    assert document["version"] == "0.1.0"


async def test_draining_is_not_ready_but_alive() -> None:
    stop = trio.Event()
    read_model = model()
    read_model.report([LIVE])
    client = application(read_model, stop=stop).test_client()
    stop.set()
    assert (await client.get("/readyz")).status_code == 503
    assert (await client.get("/health")).status_code == 503
    assert (await client.get("/livez")).status_code == 200
