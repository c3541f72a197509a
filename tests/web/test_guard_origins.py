"""What pages of other origins are told (CORS), and what every answer says to browsers."""

from __future__ import annotations

import re

import pytest

from tests.web.harness import application
from tests.web.populated import OFFERS, populated
from web.security import HEADERS

FRIEND = "https://friend.example"
STRANGERS = ["https://evil.example", "null", "https://friend.example.evil", "http://friend.example", "*", ""]
PREFLIGHT = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
CORS = re.compile("access-control-", re.IGNORECASE)


async def test_a_page_of_a_listed_origin_may_read_and_ask_first() -> None:
    client = application(populated(), offers=OFFERS, allowed_origins=(FRIEND,)).test_client()
    answer = await client.get("/api/v1/tickers", headers={"Origin": FRIEND})
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers["Vary"]
    first = await client.options("/api/v1/tickers", headers={"Origin": FRIEND, **PREFLIGHT})
    assert first.status_code == 204
    assert first.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "GET" in first.headers["Access-Control-Allow-Methods"]
    assert "POST" not in first.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in first.headers["Access-Control-Allow-Headers"]
    problem = await client.get("/api/v1/tickers/bybit:linear:NOPE", headers={"Origin": FRIEND})
    assert problem.headers["Access-Control-Allow-Origin"] == FRIEND


async def test_other_pages_are_told_nothing_and_nobody_by_a_wildcard_or_with_cookies() -> None:
    client = application(populated(), offers=OFFERS, allowed_origins=(FRIEND,)).test_client()
    for origin in STRANGERS:
        for answer in (
            await client.get("/api/v1/tickers", headers={"Origin": origin}),
            await client.options("/api/v1/tickers", headers={"Origin": origin, **PREFLIGHT}),
            await client.options("/no/such", headers={"Origin": origin, **PREFLIGHT}),
        ):
            assert not [name for name, _ in answer.headers if CORS.match(name)], origin
            assert answer.headers["Vary"] == "Origin"
    for answer in (
        await client.get("/livez", headers={"Origin": FRIEND}),
        await client.options("/livez", headers={"Origin": FRIEND, **PREFLIGHT}),
    ):
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "*" not in [value for name, value in answer.headers if CORS.match(name)]


async def test_where_no_origin_is_listed_nothing_is_said_of_origins() -> None:
    answer = await application().test_client().get("/livez", headers={"Origin": FRIEND})
    assert not [name for name, _ in answer.headers if CORS.match(name)]
    assert "Vary" not in answer.headers


async def test_other_sites_may_embed_files_and_no_data() -> None:
    client = application(populated(), offers=OFFERS).test_client()
    policy = "Cross-Origin-Resource-Policy"
    assert (await client.get("/static/favicon.svg")).headers[policy] == "cross-origin"
    for path in ("/api/v1/tickers", "/metrics", "/ws/realtime/status", "/no/such"):
        assert (await client.get(path)).headers[policy] == "same-origin"


@pytest.mark.parametrize(
    ("directive", "sources"),
    [
        ("default-src", "'none'"),
        ("script-src", "'self'"),
        ("style-src", "'self'"),
        ("frame-ancestors", "'none'"),
    ],
)
def test_the_policy_lets_nothing_inline_and_nothing_foreign_run(directive: str, sources: str) -> None:
    policy = dict(
        part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";") if part.strip()
    )
    assert policy[directive] == sources
    assert not re.search(r"unsafe|https?:|\*", HEADERS["Content-Security-Policy"])
