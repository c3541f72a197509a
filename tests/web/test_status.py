"""Status, start and stop, and the problem documents around them."""

from __future__ import annotations

import pytest

from tests.web.harness import LOCAL, NOW_NS, Switch, application, model, report, tick


async def test_the_status_tells_everything() -> None:
    read_model = model()
    read_model.publish(tick("BTCUSDT"))
    read_model.publish(tick("BTCUSDT", market="spot"))
    failing = report(
        market="spot",
        state="disconnected",
        symbols=("SOLUSDT",),
        stale=("SOLUSDT",),
        refused={"NOPE": "Invalid symbol"},
        last_data_ts=None,
        last_error="closed",
        next_attempt_ts=NOW_NS + 2_500_000_000,
    )
    read_model.report([report(), failing])
    response = await application(read_model).test_client().get("/ws/realtime/status")
    status = await response.get_json()
    assert response.content_type == "application/json"
    assert status["workers_running"] is True
    assert status["bybit_symbols"] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert status["hyperliquid_symbols"] == []
    assert status["active_connections"] == {"bybit": 0, "hyperliquid": 0}
    assert (status["version"], status["timestamp"]) == ("0.1.0", "2025-12-23T21:00:00.123Z")
    live, down = status["markets"]
    assert (live["state"], live["symbols_wanted"], live["last_data_age_s"]) == ("live", 2, 1.5)
    assert (live["next_attempt"], live["next_attempt_in_s"], live["messages_per_s"]) == (None, None, 12.3)
    assert down["next_attempt"] == "2025-12-23T21:00:02.623Z"
    assert (down["next_attempt_in_s"], down["last_data_age_s"]) == (2.5, None)
    assert (down["refused"], down["symbols_stale"]) == ({"NOPE": "Invalid symbol"}, ["SOLUSDT"])


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", None, 200),
        (b"  ", "text/plain", 200),
        (b"{}", "application/json", 200),
        (b'{"exchange":null}', "application/json; charset=utf-8", 200),
        (b'{"exchange":"bybit"}', "application/json", 200),
        (b'{"exchange":"kraken"}', "application/json", 404),
        (b'{"exchange":1}', "application/json", 400),
        (b'{"exchnge":"bybit"}', "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b"exchange=bybit", "application/x-www-form-urlencoded", 415),
        (b'{"exchange":"bybit"}', None, 415),
        (b"x" * 70_000, "application/json", 413),
    ],
)
async def test_what_a_start_may_say(body: bytes, kind: str | None, status: int) -> None:
    switch = Switch()
    headers = {"Content-Type": kind} if kind else {}
    client = application(switch=switch).test_client()
    response = await client.post("/ws/realtime/start", data=body, headers=headers, scope_base=LOCAL)
    assert response.status_code == status
    assert bool(switch.calls) == (status == 200)
    if status != 200:
        assert response.content_type == "application/problem+json"
        assert (await response.get_json())["status"] == status


@pytest.mark.parametrize("path", ["/ws/realtime/start", "/ws/realtime/stop"])
async def test_a_get_is_told_to_post(path: str) -> None:
    response = await application().test_client().get(path)
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert response.content_type == "application/problem+json"


async def test_starting_twice_is_starting_once() -> None:
    client = application().test_client()
    answers = [await (await client.post("/ws/realtime/start", scope_base=LOCAL)).get_json() for _ in range(2)]
    assert answers[0] == answers[1]


async def test_a_bug_is_a_500_without_its_trace() -> None:
    class Broken(Switch):
        async def start(self, exchange: str | None) -> None:
            raise RuntimeError("secret detail")

    response = await application(switch=Broken()).test_client().post("/ws/realtime/start", scope_base=LOCAL)
    assert response.status_code == 500
    assert b"secret" not in await response.get_data(as_text=False)
    assert response.content_type == "application/problem+json"


async def test_a_plain_get_of_the_socket_says_to_upgrade() -> None:
    response = await application().test_client().get("/ws/realtime/bybit")
    assert response.status_code == 426
