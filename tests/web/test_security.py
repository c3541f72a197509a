"""Who is let in, by Host, Origin, peer and token, and the headers that every response carries."""

from __future__ import annotations

import pytest

from actors.runtime.settings import WebSettings
from tests.web.harness import LOCAL, REMOTE, Switch, application
from web.guard.addresses import is_loopback
from web.problems import Problem
from web.security import HEADERS, Gate


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:8765", "[::1]:1", "LOCALHOST.", "a.localhost", "127.9.9.9"]
)
def test_loopback_names_are_ours(host: str) -> None:
    Gate(WebSettings()).check_host({"Host": host})


@pytest.mark.parametrize(
    "host", ["evil.example", "192.0.2.1", "localhost.evil.example", "localhost@x", "[::1", "a:b:c"]
)
def test_bound_to_loopback_no_other_name_is_ours(host: str) -> None:
    with pytest.raises(Problem) as caught:
        Gate(WebSettings()).check_host({"Host": host})
    assert caught.value.status == 421


def test_bound_elsewhere_any_name_is_ours_until_origins_narrow_it() -> None:
    Gate(WebSettings(host="0.0.0.0")).check_host({"Host": "hub.example"})
    narrow = Gate(WebSettings(host="0.0.0.0", allowed_origins=("https://hub.example",)))
    for host in ("hub.example", "hub.example:8765", "192.0.2.7:8765", "localhost"):
        narrow.check_host({"Host": host})
    with pytest.raises(Problem):
        narrow.check_host({"Host": "evil.example"})


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "localhost:8765"),
        ("http://localhost:8765", "localhost:8765"),
        ("https://hub.example", "hub.example"),
        ("http://hub.example:80", "hub.example"),
        ("https://friend.example", "localhost"),
    ],
)
def test_our_own_pages_and_programs_are_let_in(origin: str | None, host: str) -> None:
    gate = Gate(WebSettings(allowed_origins=("https://friend.example",)))
    gate.check_origin({"Host": host} | ({"Origin": origin} if origin else {}))


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example",
        "http://localhost:1",
        "http://localhost:8765.evil.example",
        "http://localhost:8765@evil.example",
        "file://",
        "localhost:8765",
        "http://localhost:8765/x",
    ],
)
def test_foreign_pages_are_not(origin: str) -> None:
    with pytest.raises(Problem) as caught:
        Gate(WebSettings()).check_origin({"Host": "localhost:8765", "Origin": origin})
    assert caught.value.status == 403


def test_loopback_is_recognised_in_every_spelling() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "::1", "::ffff:127.0.0.1", "localhost"]))
    assert not any(map(is_loopback, ["", "0.0.0.0", "::ffff:192.0.2.1", "127.0.0.1.nip.io", "10.0.0.1"]))


async def test_control_is_open_to_this_machine() -> None:
    switch = Switch()
    client = application(switch=switch).test_client()
    response = await client.post("/ws/realtime/start", json={"exchange": "bybit"}, scope_base=LOCAL)
    assert response.status_code == 200
    response = await client.post("/ws/realtime/stop", scope_base=LOCAL)
    assert (await response.get_json())["workers_running"] is False
    assert switch.calls == [("start", "bybit"), ("stop", None)]


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        (REMOTE, {}, 401),
        (REMOTE, {"Authorization": "Bearer wrong"}, 401),
        (REMOTE, {"Authorization": "Basic secret"}, 401),
        (REMOTE, {"Authorization": "Bearer secret"}, 200),
        (REMOTE, {"Authorization": "bearer  secret "}, 200),
        (LOCAL, {"Authorization": "Bearer wrong"}, 200),
        (LOCAL, {"Origin": "https://evil.example"}, 403),
        (LOCAL, {"Origin": "null"}, 403),
        (LOCAL, {"X-Forwarded-For": "127.0.0.1"}, 401),
        (REMOTE, {"X-Forwarded-For": "127.0.0.1"}, 401),
        (LOCAL, {"Host": "hub.example"}, 401),
    ],
)
async def test_who_may_control(peer: dict[str, object], headers: dict[str, str], status: int) -> None:
    switch = Switch()
    client = application(switch=switch, host="0.0.0.0", control_token="secret").test_client()
    response = await client.post("/ws/realtime/start", headers=headers, scope_base=peer)
    assert response.status_code == status
    assert bool(switch.calls) == (status == 200)


@pytest.mark.parametrize("authorization", ["Bearer ", "Bearer", "Bearer  ", ""])
async def test_an_empty_token_matches_nothing(authorization: str) -> None:
    client = application(host="0.0.0.0").test_client()
    headers = {"Authorization": authorization}
    response = await client.post("/ws/realtime/start", headers=headers, scope_base=REMOTE)
    assert response.status_code == 401


@pytest.mark.parametrize("path", ["/livez", "/no/such", "/ws/realtime/start", "/static/none.js", "/"])
async def test_every_response_carries_the_headers(path: str) -> None:
    response = await application().test_client().get(path)
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in response.headers["Content-Security-Policy"]


async def test_a_foreign_host_gets_421_on_every_path() -> None:
    response = await application().test_client().get("/livez", headers={"Host": "evil.example"})
    assert response.status_code == 421
    assert response.content_type == "application/problem+json"
