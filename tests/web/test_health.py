"""The verdicts: pass, warn, fail, and what is excused."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from tests.web.harness import Switch, application, model, report

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
@pytest.mark.parametrize("path", ["/health", "/readyz"])
async def test_the_verdict(path: str, reports: list[Any], on: bool, verdict: str, code: int) -> None:
    read_model, switch = model(), Switch()
    switch.on["bybit"] = on
    read_model.report(reports)
    response = await application(read_model, switch).test_client().get(path)
    document = await response.get_json(force=True)
    assert (document["status"], response.status_code) == (verdict, code)
    assert response.content_type == "application/health+json"
    assert document["checks"]["loop"][0]["observedUnit"] == "ms"


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
