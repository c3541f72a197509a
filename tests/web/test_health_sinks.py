"""What health and status tell of sinks: trouble with one degrades the hub, and one that takes no rows makes
it not ready."""

from __future__ import annotations

from typing import Any

import pytest

from actors.market.sinkstatus import SinkReport, SinkStatus
from tests.web.harness import NOW_NS, application, model, report

FULL = "data/outbox/history.db: database or disk is full"


def sink(**changes: Any) -> SinkReport:
    """A sink with books that balance; what is not changed is well."""
    status = SinkStatus("history", is_up=True, accepted=100, written=90, in_hand=3, outbox_rows=5)
    status.dropped["too_old"] = 2
    for name, value in changes.items():
        setattr(status, name, value)
    if status.is_failing:
        status.last_error, status.last_error_ns = "connection refused", NOW_NS
    status.settle(NOW_NS - 60_000_000_000)
    return status.report()


async def health(*sinks: SinkReport, path: str = "/health", **changes: Any) -> tuple[int, dict[str, Any]]:
    read_model = model()
    read_model.report([report(**changes)])
    response = await application(read_model, sinks=lambda: sinks).test_client().get(path)
    document: dict[str, Any] = await response.get_json(force=True)
    return response.status_code, document


@pytest.mark.parametrize(
    ("changes", "state", "check", "verdict"),
    [
        ({"outbox_rows": 0}, "ok", "pass", "pass"),
        ({}, "catching_up", "pass", "pass"),
        ({"is_up": False, "is_failing": True}, "down", "warn", "warn"),
        ({"refused_ns": NOW_NS - 61_000_000_000}, "refused", "warn", "warn"),
        ({"disk_error": FULL}, "disk_full", "fail", "warn"),
    ],
)
@pytest.mark.parametrize("path", ["/health", "/readyz?allow=warn"])
async def test_the_verdict_on_a_sink(
    path: str, changes: dict[str, Any], state: str, check: str, verdict: str
) -> None:
    code, document = await health(sink(**changes), path=path)
    [found] = document["checks"]["sink:history"]
    assert (found["sink"]["state"], found["status"]) == (state, check)
    assert (code, document["status"]) == (200, verdict)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 200),
        ({"is_up": False, "is_failing": True}, 200),
        ({"refused_ns": NOW_NS - 61_000_000_000}, 200),
        ({"disk_error": FULL}, 503),
    ],
)
async def test_ready_means_that_sinks_accept_rows_be_it_on_disk(changes: dict[str, Any], code: int) -> None:
    found, document = await health(sink(**changes), path="/readyz")
    assert found == code
    assert document.get("output") == ("not ready: sink:history" if code == 503 else None)


async def test_a_sink_in_trouble_says_what_is_wrong_and_where_its_rows_are() -> None:
    _, document = await health(sink(disk_error=FULL, is_failing=True))
    [found] = document["checks"]["sink:history"]
    assert found["output"] == (
        f"rows cannot be put away on the hub's own disk: {FULL}; 5 rows wait on disk;"
        " 3 rows wait in memory; 2 rows dropped since the start: too_old"
    )
    assert (found["observedValue"], found["observedUnit"]) == (5, "rows")
    counts = found["sink"]
    assert counts["since"] == "2025-12-23T20:59:00.123Z"
    assert counts["last_error"] == "connection refused"
    parts = counts["written"] + counts["in_hand"] + counts["outbox_rows"] + sum(counts["dropped"].values())
    assert counts["accepted"] == parts == 100


async def test_a_sink_that_is_well_has_nothing_to_say() -> None:
    _, document = await health(sink(outbox_rows=0, dropped={}))
    assert "output" not in document["checks"]["sink:history"][0]


async def test_sinks_make_no_hub_better_or_dead() -> None:
    code, document = await health(sink(outbox_rows=0), state="disconnected")
    assert (code, document["status"]) == (503, "fail")
    code, document = await health(sink(outbox_rows=0), sink(disk_error=FULL), stale=("BTCUSDT",))
    assert (code, document["status"]) == (200, "warn")


async def test_the_status_has_the_reason_too() -> None:
    client = application(sinks=lambda: [sink(disk_error=FULL)]).test_client()
    document = await (await client.get("/ws/realtime/status")).get_json(force=True)
    [found] = document["sinks"]
    assert (found["state"], found["trouble"]) == ("disk_full", FULL)


async def test_a_sink_that_was_never_settled_has_no_since() -> None:
    client = application(sinks=lambda: [SinkStatus("history").report()]).test_client()
    document = await (await client.get("/ws/realtime/status")).get_json(force=True)
    assert document["sinks"][0]["since"] is None
