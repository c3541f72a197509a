"""Who may read, change and open sockets: by token, ticket, scope and time; how often; and what other origins
get."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from quart_trio import QuartTrio

from actors.runtime.settings import TokenSettings
from actors.runtime.tokens import hash_of, token_of
from tests.web.harness import LOCAL, REMOTE, Switch, application
from tests.web.populated import OFFERS, populated
from web.guard.entry import OPEN
from web.security import CONTROL_BURST, FAILURES_BURST

SALT = bytes(16)
READ, CONTROL, OLD = (token_of(name, f"secret-of-{name}") for name in ("reader", "owner", "old"))
TOKENS = {
    "reader": TokenSettings(hash_of(READ, SALT)),
    "owner": TokenSettings(hash_of(CONTROL, SALT), ("control",)),
    "old": TokenSettings(hash_of(OLD, SALT), ("read", "control"), "2020-01-01"),
}
START = "/ws/realtime/start"
DATA = ["/api/v1/tickers", "/ws/realtime/status", "/metrics", "/health", "/api/v1/quality", "/no/such"]
PROXIED: dict[str, Any] = {"client": ("10.0.0.1", 50_000)}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def closed(**settings: Any) -> QuartTrio:
    """A hub on which reading takes a token."""
    settings = {"host": "0.0.0.0", "public_read": False, **settings}
    return application(populated(), offers=OFFERS, tokens=TOKENS, **settings)


def hub(**settings: Any) -> QuartTrio:
    """A hub on which everybody reads."""
    return closed(public_read=True, **settings)


# Reading


async def test_reading_takes_a_token_where_the_settings_say_so() -> None:
    client = closed().test_client()
    for path in DATA:
        known = 404 if path == "/no/such" else 200
        refused = await client.get(path, scope_base=REMOTE)
        assert (refused.status_code, (await refused.get_json())["code"]) == (401, "token_required")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer ")
        for token in (READ, CONTROL):
            allowed = await client.get(path, scope_base=REMOTE, headers=bearer(token))
            assert allowed.status_code == known
        assert (await client.get(path, scope_base=LOCAL)).status_code == known


async def test_pages_and_signs_of_life_hold_no_data_and_stay_open() -> None:
    client = closed().test_client()
    for path in ("/docs", "/realtime-test", "/favicon.ico", "/livez", "/openapi.json"):
        assert (await client.get(path, scope_base=REMOTE)).status_code == 200


async def test_a_load_balancer_gets_the_verdict_and_no_more() -> None:
    client = closed().test_client()
    stranger = await client.get("/readyz", scope_base=REMOTE)
    assert (await stranger.get_json())["checks"] == {}
    assert (await stranger.get_json())["status"] in ("pass", "warn", "fail")
    known = await client.get("/readyz", scope_base=REMOTE, headers=bearer(READ))
    assert "loop" in (await known.get_json())["checks"]


def test_nothing_else_is_open() -> None:
    """Whoever adds an address that is to be had without a token must say so here."""
    app = closed()
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    opened = app.extensions["tickwell"].open_rules | OPEN
    assert rules >= OPEN
    assert not [rule for rule in opened if rule.startswith(("/api", "/ws", "/metrics")) and rule not in OPEN]


async def test_a_token_that_is_none_or_too_old_opens_nothing() -> None:
    client = closed().test_client()
    for token, code in (("tw_x_y", "bad_token"), (READ + "x", "bad_token"), (OLD, "token_expired")):
        for response in (
            await client.get(DATA[0], scope_base=REMOTE, headers=bearer(token)),
            await client.post(START, scope_base=REMOTE, headers=bearer(token)),
            await client.post("/api/v1/tickets", scope_base=REMOTE, headers=bearer(token)),
        ):
            assert (response.status_code, (await response.get_json())["code"]) == (401, code)
            assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
            assert token not in await response.get_data(as_text=True)


async def test_where_everybody_reads_a_wrong_token_is_no_hindrance() -> None:
    client = hub().test_client()
    assert (await client.get(DATA[0], scope_base=REMOTE, headers=bearer("of-the-proxy"))).status_code == 200


# Control


async def test_control_takes_its_own_scope() -> None:
    switch = Switch()
    client = application(switch=switch, host="0.0.0.0", tokens=TOKENS).test_client()
    for token, status in ((READ, 403), (OLD, 401), ("", 401)):
        response = await client.post(START, scope_base=REMOTE, headers=bearer(token))
        assert response.status_code == status
        if status == 403:
            assert (await response.get_json())["code"] == "wrong_scope"
            assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
    assert not switch.calls
    assert (await client.post(START, scope_base=REMOTE, headers=bearer(CONTROL))).status_code == 200
    assert switch.calls == [("start", None)]


async def test_a_form_of_a_foreign_page_controls_nothing() -> None:
    """What a page can send unasked: a form, or nothing, from a browser on the hub's own machine."""
    switch = Switch()
    client = application(switch=switch).test_client()
    headers = {"Origin": "https://evil.example", "Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"exchange=bybit", b""):
        assert (await client.post(START, headers=headers, data=body, scope_base=LOCAL)).status_code == 403
    assert (await client.get(START, scope_base=LOCAL)).status_code == 405
    assert not switch.calls


# Rates


async def test_an_address_has_a_rate_and_a_token_its_own() -> None:
    client = hub(requests_burst=3, requests_per_s=0.01).test_client()
    answers = [await client.get("/livez", scope_base=REMOTE) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert (await answers[3].get_json())["code"] == "rate_limited"
    assert 90 <= int(answers[3].headers["Retry-After"]) <= 100
    assert (await client.get("/livez", scope_base=REMOTE, headers=bearer(READ))).status_code == 200
    assert (await client.get("/livez", scope_base={"client": ("192.0.2.2", 1)})).status_code == 200


async def test_this_machine_has_no_rate_but_what_comes_through_a_proxy_on_it_has() -> None:
    client = hub(requests_burst=2, requests_per_s=0.01).test_client()
    assert {(await client.get("/livez", scope_base=LOCAL)).status_code for _ in range(5)} == {200}
    headers = {"X-Forwarded-For": "192.0.2.50"}
    answers = [await client.get("/livez", scope_base=LOCAL, headers=headers) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]


async def test_forwarded_addresses_of_strangers_are_not_believed() -> None:
    client = hub(requests_burst=2, requests_per_s=0.01, trusted_proxies=("10.0.0.0/8",)).test_client()

    async def ask(peer: dict[str, Any], forwarded: str) -> int:
        return (
            await client.get("/livez", scope_base=peer, headers={"X-Forwarded-For": forwarded})
        ).status_code

    spoofed = [await ask(REMOTE, f"203.0.113.{number}") for number in range(3)]
    assert spoofed == [200, 200, 429]
    behind_proxy = [await ask(PROXIED, f"203.0.113.{number}") for number in range(5)]
    assert behind_proxy == [200] * 5
    made_up = [await ask(PROXIED, f"198.51.100.{number}, 203.0.113.99") for number in range(3)]
    assert made_up == [200, 200, 429]
    assert await ask(PROXIED, "127.0.0.1") == 200
    control = await client.post(START, scope_base=PROXIED, headers={"X-Forwarded-For": "127.0.0.1"})
    assert control.status_code == 401


async def test_changes_have_a_stricter_rate() -> None:
    client = hub(control_per_minute=1).test_client()
    codes = [
        (await client.post(START, scope_base=REMOTE, headers=bearer(CONTROL))).status_code
        for _ in range(CONTROL_BURST + 1)
    ]
    assert codes == [200] * CONTROL_BURST + [429]
    assert (await client.get(DATA[0], scope_base=REMOTE, headers=bearer(CONTROL))).status_code == 200


async def test_guessing_is_slowed_and_shuts_nobody_out_who_knows() -> None:
    client = closed().test_client()
    codes = [
        (await client.get(DATA[0], scope_base=REMOTE, headers=bearer(f"tw_reader_{number}"))).status_code
        for number in range(FAILURES_BURST + 1)
    ]
    assert codes == [401] * FAILURES_BURST + [429]
    assert (await client.get(DATA[0], scope_base=REMOTE, headers=bearer(READ))).status_code == 200


# Tickets


async def ticket(app: QuartTrio, token: str = READ) -> str:
    response = await app.test_client().post("/api/v1/tickets", scope_base=REMOTE, headers=bearer(token))
    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    body = await response.get_json()
    assert body["expires_in_s"] == 30
    return str(body["ticket"])


async def test_a_ticket_is_given_for_a_token_or_on_this_machine() -> None:
    client = hub().test_client()
    for token in ("", READ + "x", OLD):
        refused = await client.post("/api/v1/tickets", scope_base=REMOTE, headers=bearer(token))
        assert refused.status_code == 401
    assert (await client.post("/api/v1/tickets", scope_base=LOCAL)).status_code == 201
    foreign = {"Origin": "https://evil.example"}
    assert (await client.post("/api/v1/tickets", scope_base=LOCAL, headers=foreign)).status_code == 403


async def test_a_ticket_opens_events_and_no_other_address() -> None:
    app = closed()
    client = app.test_client()
    events = "/api/v1/stream?channel=ticker&symbols=bybit:linear:BTCUSDT&ticket="
    first = await ticket(app)
    assert (await client.head(f"{events}{first}", scope_base=REMOTE)).status_code == 200
    assert (await client.head(f"{events}{first}", scope_base=REMOTE)).status_code == 401
    second = await ticket(app)
    assert (await client.get(f"{DATA[0]}?ticket={second}", scope_base=REMOTE)).status_code == 401


# The log


async def test_the_log_tells_who_controls_and_who_is_refused_and_no_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = hub(trusted_proxies=("10.0.0.1",)).test_client()
    forged = {"X-Forwarded-For": "203.0.113.5"}
    with caplog.at_level(logging.INFO, "tickwell.web"):
        await client.post(START, scope_base=PROXIED, headers=bearer(CONTROL) | forged)
        await client.post(START, scope_base=PROXIED, headers=bearer(READ) | forged)
        await client.post(START, scope_base=REMOTE, headers=bearer("s3cret; web: forged"))
    told = [line.getMessage() for line in caplog.records]
    assert told == [
        "web: control by token owner, from 203.0.113.5",
        "web: refused to control: wrong_scope, from 203.0.113.5",
        "web: refused to control: bad_token, from 192.0.2.1",
    ]
