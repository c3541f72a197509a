"""The HTTP side of the client: typed answers, pages, problems, and the blocking facade over it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest
from tickwell_client import ConnectionFailed, ProtocolError, Rest, RestError
from tickwell_client.address import parse
from tickwell_client.questions import text
from tickwell_client.sync import rest as blocking_rest

from tests.clients.two_loops import on_both_loops

KEY = "bybit:linear:BTCUSDT"
Handler = Callable[[httpx.Request], httpx.Response]


def rest_of(handler: Handler) -> Rest:
    return Rest("http://hub:8765", transport=httpx.MockTransport(handler))


def bar(start: int) -> dict[str, Any]:
    return {"start": start, "interval": "1h", "open": 1, "high": 3, "low": 0.5, "close": 2, "volume": 9}


def pages(request: httpx.Request) -> httpx.Response:
    """250 bars, a hundred to the page."""
    begin = int(request.url.params.get("cursor", "0"))
    data = [bar(start) for start in range(begin, min(begin + 100, 250))]
    more = begin + 100 < 250
    meta = {"has_more": more, "next_cursor": str(begin + 100) if more else None}
    return httpx.Response(200, json={"data": data, "meta": meta})


@on_both_loops
async def test_history_is_one_stream_over_all_pages() -> None:
    asked: list[httpx.URL] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return pages(request)

    begin = datetime(2026, 1, 1, tzinfo=UTC)
    async with rest_of(handler) as rest:
        found = [each async for each in rest.bar_history(KEY, interval="1h", from_=begin, to="-2d")]
    assert [each.start for each in found] == list(range(250))
    assert asked[0].path == f"/api/v1/bars/{KEY}/history"
    assert asked[0].params["from"] == str(int(begin.timestamp()) * 1000)
    assert [url.params.get("cursor") for url in asked] == [None, "100", "200"]
    assert all(url.params["to"] == "-2d" and url.params["order"] == "oldest" for url in asked)


@on_both_loops
async def test_no_page_is_fetched_before_it_is_needed() -> None:
    count = 0

    def handler(request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        return pages(request)

    async with rest_of(handler) as rest:
        assert len(await rest.bar_history(KEY).all(limit=100)) == 100
        assert count == 1


@on_both_loops
async def test_answers_are_typed() -> None:
    record = {"key": KEY, "price": 5, "quality": "live", "of_the_future": {"x": 1}}

    async with rest_of(lambda _: httpx.Response(200, json={"data": [record], "meta": {}})) as rest:
        (ticker,) = await rest.tickers(exchange="bybit", symbols=["BTCUSDT", "ETHUSDT"])
    assert (ticker.key, ticker.price, ticker.is_live) == (KEY, 5.0, True)


@on_both_loops
async def test_a_problem_is_an_exception_with_its_details() -> None:
    errors = [{"parameter": "limit", "value": "0", "expected": "1 to 5000"}]
    problem = {"title": "Bad Request", "detail": "limit=0", "code": "bad_parameter", "errors": errors}
    async with rest_of(lambda _: httpx.Response(400, json=problem)) as rest:
        with pytest.raises(RestError, match="400 bad_parameter: limit=0") as caught:
            await rest.trades(KEY)
    assert (caught.value.status, caught.value.errors) == (400, errors)


@on_both_loops
async def test_a_busy_hub_is_asked_again_when_it_says_so() -> None:
    answers = [
        httpx.Response(503, headers={"retry-after": "2"}, json={}),
        httpx.Response(200, json={"data": []}),
    ]

    async with rest_of(lambda _: answers.pop(0)) as rest:
        began = anyio.current_time()
        assert await rest.latest() == []
        assert anyio.current_time() - began >= 2


@on_both_loops
async def test_what_cannot_be_reached_or_read_says_so() -> None:
    def unreachable(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    async with rest_of(unreachable) as rest:
        with pytest.raises(ConnectionFailed, match="cannot be reached"):
            await rest.spreads()
    async with rest_of(lambda _: httpx.Response(200, json={"data": [{"price": "x"}]})) as rest:
        with pytest.raises(ProtocolError, match="/api/v1/tickers cannot be read"):
            await rest.tickers()


def test_the_blocking_facade_pages_too() -> None:
    with blocking_rest("http://hub:8765", transport=httpx.MockTransport(pages)) as rest:
        assert [each.start for each in rest.bar_history(KEY)] == list(range(250))


@pytest.mark.parametrize(
    ("url", "stream", "rest"),
    [
        ("ws://127.0.0.1:8765", "ws://127.0.0.1:8765/ws", "http://127.0.0.1:8765"),
        ("127.0.0.1", "ws://127.0.0.1:8765/ws", "http://127.0.0.1:8765"),
        ("localhost:9000", "ws://localhost:9000/ws", "http://localhost:9000"),
        (
            "https://hub.example/tickwell/",
            "wss://hub.example:443/tickwell/ws",
            "https://hub.example:443/tickwell",
        ),
        ("ws://[::1]:8765/ws", "ws://[::1]:8765/ws", "http://[::1]:8765"),
    ],
)
def test_addresses_are_understood(url: str, stream: str, rest: str) -> None:
    assert (str(parse(url)), parse(url).rest_url) == (stream, rest)


@pytest.mark.parametrize("url", ["ftp://hub", "ws://", "ws://hub:99999"])
def test_addresses_that_mean_nothing_are_named(url: str) -> None:
    with pytest.raises(ValueError, match=url.replace("/", "/")):
        parse(url)


def test_a_time_without_a_zone_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        text(datetime(2026, 1, 1))
