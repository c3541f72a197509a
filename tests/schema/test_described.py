"""What Schemathesis found once, one by one."""

from __future__ import annotations

import json
import re

import pytest

from tests.web.harness import LOCAL, application
from tests.web.served import exchange_bytes, hub


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/alerts", "GET, HEAD, OPTIONS, POST"),
        ("/api/v1/alerts/history", "GET, HEAD, OPTIONS"),
        ("/api/v1/alerts/preview", "OPTIONS, POST"),
        ("/api/v1/alerts/one", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/ws/realtime/start", "OPTIONS, POST"),
    ],
)
async def test_options_tells_what_an_address_has_and_no_more(path: str, methods: str) -> None:
    client = application().test_client()
    answer = await client.options(path, scope_base=LOCAL)
    assert (answer.status_code, answer.headers["allow"]) == (204, methods)


async def test_pages_of_other_origins_are_told_every_method_of_an_address() -> None:
    client = application(allowed_origins=("https://charts.example.org",)).test_client()
    headers = {"origin": "https://charts.example.org", "access-control-request-method": "POST"}
    answer = await client.options("/api/v1/alerts", headers=headers, scope_base=LOCAL)
    assert "POST" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize("query", ["market=null", "limit=null", "market=NULL"])
async def test_null_is_no_value_of_a_parameter(query: str) -> None:
    answer = await application().test_client().get(f"/api/v1/tickers?{query}", scope_base=LOCAL)
    assert answer.status_code == 400
    assert (await answer.get_json())["code"] == "bad_parameter"


async def test_a_symbol_may_be_called_null() -> None:
    answer = await application().test_client().get("/api/v1/tickers?symbols=null", scope_base=LOCAL)
    assert answer.status_code != 400


async def test_parameters_that_may_be_empty_say_so() -> None:
    document = await (await application().test_client().get("/openapi.json", scope_base=LOCAL)).get_json()
    told = {each["name"]: each for each in document["paths"]["/api/v1/tickers"]["get"]["parameters"]}
    assert told["market"]["allowEmptyValue"] is True
    assert told["symbols"]["explode"] is False
    assert not re.search(told["symbols"]["schema"]["items"]["pattern"], "BTCUSDT,ETHUSDT"), "these are two"


async def test_bodies_that_are_needed_are_described_so() -> None:
    document = await (await application().test_client().get("/openapi.json", scope_base=LOCAL)).get_json()
    needed = {
        path: told["post"]["requestBody"]["required"]
        for path, told in document["paths"].items()
        if "requestBody" in told.get("post", {})
    }
    assert needed["/api/v1/alerts"] is True
    assert needed["/ws/realtime/start"] is False
    assert document["components"]["schemas"]["Order"]["additionalProperties"] is False


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /livez?" + b"a" * 200_000 + b" HTTP/1.1\r\n", 431),
        (b"GET livez HTTP/1.1\r\n", 400),
        (b"no request at all\r\n", 400),
    ],
)
async def test_what_never_reaches_the_application_is_refused_with_a_problem_too(
    head: bytes, status: int
) -> None:
    async with hub() as served:
        found, answer = await exchange_bytes(served, head + b"host: localhost\r\nconnection: close\r\n\r\n")
        assert found == status
        top, _, body = answer.partition(b"\r\n\r\n")
        assert b"content-type: application/problem+json" in top.lower()
        assert json.loads(body)["status"] == status
