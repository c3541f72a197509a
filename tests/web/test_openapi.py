"""The OpenAPI document: valid, complete, and true, for every real answer is held against it."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from quart_trio import QuartTrio

from actors.exchanges import base
from tests.web.fake_history import remembering
from tests.web.harness import LOCAL, application, report
from tests.web.populated import OFFERS, populated
from tests.web.told_plugins import HAR, ToldPlugins
from web.api.openapi import document
from web.api.routes import READINGS, ROUTES
from web.offers import CHANNELS

PAGES = {
    "/",
    "/alerts",
    "/asyncapi.json",
    "/docs",
    "/examples/{name}",
    "/favicon.ico",
    "/funding",
    "/liquidations",
    "/market",
    "/openapi.json",
    "/quality",
    "/realtime-test",
    "/spreads",
    "/static/{name}",
    "/terminal/{key}",
}
REQUESTS = [
    ("/api/v1/instruments", 200),
    ("/api/v1/instruments?exchange=bybit&market=spot&symbols=btc-usdt,NOPE", 200),
    ("/api/v1/tickers", 200),
    ("/api/v1/tickers?limit=1", 200),
    ("/api/v1/tickers/bybit:linear:BTCUSDT", 200),
    ("/api/v1/tickers/bybit:linear:NOPE", 404),
    ("/api/v1/tickers/bybit:linear:SOLUSDT", 503),
    ("/api/v1/book/bybit:linear:BTCUSDT?depth=2", 200),
    ("/api/v1/book/hyperliquid:linear:BTC", 409),
    ("/api/v1/trades/bybit:linear:BTCUSDT", 200),
    ("/api/v1/trades/bybit:linear:ETHUSDT?limit=5", 200),
    ("/api/v1/trades/bybit:linear:BTCUSDT?limit=0", 400),
    ("/api/v1/bars/bybit:linear:BTCUSDT?interval=1m", 200),
    ("/api/v1/bars/bybit:linear:BTCUSDT?interval=2m", 400),
    ("/api/v1/funding", 200),
    ("/api/v1/liquidations", 200),
    ("/api/v1/liquidations?exchange=hyperliquid", 404),
    ("/api/v1/spreads", 200),
    ("/api/v1/spreads?bases=btc&legs_min=1&limit=1", 200),
    ("/api/v1/movers?by=change_1h", 200),
    ("/api/v1/screener?filter=price>1&sort=-turnover_24h", 200),
    ("/api/v1/screener?filter=prise>1", 400),
    ("/api/v1/derived", 200),
    ("/api/v1/derived?plugin=volatility&symbols=BTCUSDT", 200),
    ("/api/v1/quality", 200),
    ("/api/v1/quality/bybit", 200),
    ("/api/v1/quality/bybit?state=stale&channel=trades", 200),
    ("/api/v1/quality/kraken", 404),
    ("/api/v1/hub", 200),
    ("/api/v1/clients", 200),
    ("/api/v1/tickers/bybit:linear:BTCUSDT/history", 200),
    ("/api/v1/tickers/bybit:linear:NOPE/history", 404),
    ("/api/v1/trades/bybit:linear:BTCUSDT/history?limit=7", 200),
    ("/api/v1/trades/bybit:linear:BTCUSDT/history?cursor=forged", 400),
    ("/api/v1/bars/bybit:linear:BTCUSDT/history?interval=5m", 200),
    ("/api/v1/bars/bybit:linear:BTCUSDT/history?interval=1s", 400),
    ("/api/v1/gaps/bybit:linear:BTCUSDT/history?order=oldest", 200),
    ("/api/v1/funding/bybit:linear:BTCUSDT/history?from=-7d", 200),
    ("/api/v1/liquidations/summary", 200),
    ("/api/v1/liquidations/summary?window=1h&slice=1m&bases=BTC", 200),
    ("/api/v1/liquidations/summary?slice=90s", 400),
    ("/api/prices/latest", 200),
    ("/api/prices/latest?market=SPOT&symbols=BTCUSDT,NOPE", 200),
    ("/api/prices/BTCUSDT/FUTURES/history?from=-15m", 200),
    ("/api/prices/BTCUSDT/FUTURES/history?interval=1h", 200),
    ("/api/prices/BTCUSDT/LINEAR/history", 400),
    ("/api/prices/BTCUSDT/FUTURES/stats", 200),
    ("/api/prices/BTCUSDT/FUTURES/stats?window=0s", 400),
    ("/health", 200),
    ("/readyz", 503),
    ("/readyz?allow=warn", 200),
    ("/livez", 200),
    ("/ws/realtime/status", 200),
]


@cache
def described() -> dict[str, Any]:
    served: dict[str, Any] = json.loads(
        msgspec.json.encode(document([*ROUTES, *READINGS], ["bybit", "hyperliquid"]))
    )
    return served


def app() -> QuartTrio:
    read_model = populated()
    read_model.report([report(symbols=("BTCUSDT", "ETHUSDT", "SOLUSDT"))])  # of SOLUSDT nothing has come
    found = application(read_model, offers=OFFERS, history=remembering())
    found.extensions["tickwell"].plugins = ToldPlugins(HAR)
    return found


def closed(schema: Any) -> Any:
    """The same schema, in which a key that is not described is an error."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    if isinstance(inner.get("properties"), dict) and "additionalProperties" not in inner:
        inner["additionalProperties"] = False
    return inner


def response_of(path: str, status: int, method: str = "get") -> tuple[str, dict[str, Any]]:
    """The content type and the schema that the document promises."""
    plain = path.partition("?")[0]
    for template, operations in described()["paths"].items():
        if method in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), plain):
            responses = operations[method]["responses"]
            kind, content = next(iter(responses[str(status)]["content"].items()))
            return kind, content["schema"]
    raise AssertionError(f"{plain} is not described")


def check(path: str, status: int, answer: Any, method: str = "get") -> None:
    _, schema = response_of(path, status, method)
    whole = {"components": described()["components"], **schema}
    if path != "/ws/realtime/status":  # its keys depend on which exchanges there are
        whole = closed(whole)
    errors = [
        f"{'/'.join(map(str, each.path))}: {each.message}"
        for each in Draft202012Validator(whole).iter_errors(answer)
    ]
    assert not errors, errors[:5]


def test_the_document_is_valid() -> None:
    validate(described())


async def test_it_is_served_and_revalidated() -> None:
    client = app().test_client()
    response = await client.get("/openapi.json")
    assert response.status_code == 200
    served = await response.get_json()
    assert served["paths"].keys() == described()["paths"].keys()
    again = await client.get("/openapi.json", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_every_address_is_described_and_no_other() -> None:
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app().url_map.iter_rules()
        if not rule.websocket
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {(path, method) for path, operations in described()["paths"].items() for method in operations}
    assert {each for each in served if each[0] not in PAGES} == told


def test_every_address_is_asked_below() -> None:
    for template in (route.path for route in [*ROUTES, *READINGS]):
        pattern = re.sub(r"\{\w+\}", "[^?]+", template)
        assert any(
            re.fullmatch(pattern, path.partition("?")[0]) and status == 200 for path, status in REQUESTS
        )


@pytest.mark.parametrize(("path", "status"), REQUESTS)
async def test_an_answer_is_as_described(path: str, status: int) -> None:
    local = {"Host": "localhost"}  # of clients only this machine is told
    response = await app().test_client().get(path, scope_base=LOCAL, headers=local)
    answer = await response.get_json(force=True)
    assert response.status_code == status, answer
    assert response.content_type == response_of(path, status)[0]
    check(path, status, answer)


@pytest.mark.parametrize("path", ["/ws/realtime/start", "/ws/realtime/stop"])
async def test_start_and_stop_are_as_described(path: str) -> None:
    response = await app().test_client().post(path, scope_base=LOCAL)
    Draft202012Validator(
        {"components": described()["components"], **response_of(path, 200, "post")[1]}
    ).validate(await response.get_json())


def test_what_is_asked_and_what_is_described_come_from_one_place() -> None:
    trades = described()["paths"]["/api/v1/trades/{key}"]["get"]["parameters"]
    limit = next(each for each in trades if each["name"] == "limit")
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 100}
    tickers = described()["paths"]["/api/v1/tickers"]["get"]["parameters"]
    exchange = next(each for each in tickers if each["name"] == "exchange")
    assert exchange["schema"]["enum"] == ["bybit", "hyperliquid"]


def test_the_channels_are_those_of_the_codecs() -> None:
    assert CHANNELS == base.CHANNELS
