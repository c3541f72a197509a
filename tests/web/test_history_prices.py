"""`/api/prices`: the latest, the past and the statistics, in the spellings that its readers know."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from quart_trio import QuartTrio

from tests.web.fake_history import GONE, SECOND_NS, FakeHistory, remembering, tick
from tests.web.harness import NOW_NS, application
from tests.web.populated import populated
from tests.web.test_openapi import check

LATEST = "/api/prices/latest"
STATS = "/api/prices/BTCUSDT/FUTURES/stats"


def hub(history: FakeHistory | None = None) -> QuartTrio:
    return application(populated(), history=history or remembering())


async def ask(app: QuartTrio, path: str, status: int = 200) -> dict[str, Any]:
    response = await app.test_client().get(path)
    answer: dict[str, Any] = await response.get_json(force=True)
    assert response.status_code == status, answer
    check(path, status, answer)
    return answer


@pytest.mark.parametrize(
    ("query", "found", "unknown"),
    [
        ("", {"BTCUSDT FUTURES", "BTCUSDT SPOT", "GONEUSDT FUTURES"}, None),
        ("?market=SPOT", {"BTCUSDT SPOT"}, None),
        ("?market=futures&exchange=BYBIT", {"BTCUSDT FUTURES", "GONEUSDT FUTURES"}, None),
        ("?exchange=hyperliquid", set(), None),
        ("?symbols=btcusdt", {"BTCUSDT FUTURES", "BTCUSDT SPOT"}, None),
        ("?symbols=BTC-USDT,BTCUSDT,NOPE&market=FUTURES", {"BTCUSDT FUTURES"}, ["NOPE"]),
        ("?symbols=goneusdt", {"GONEUSDT FUTURES"}, None),
    ],
)
async def test_latest(query: str, found: set[str], unknown: list[str] | None) -> None:
    answer = await ask(hub(), LATEST + query)
    assert {f"{each['symbol']} {each['market']}" for each in answer["data"]} == found
    assert answer["meta"]["count"] == len(answer["data"]) == len(found)
    assert answer["meta"].get("unknown_symbols") == unknown


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("?exchange=kraken", "exchange"), ("?market=linear", "market"), ("?limit=5", "limit")],
)
async def test_latest_of_what_there_is_not(query: str, parameter: str) -> None:
    answer = await ask(hub(), LATEST + query, 400)
    assert answer["errors"][0]["parameter"] == parameter


async def test_a_price_has_the_columns_of_history() -> None:
    [price] = (await ask(hub(), f"{LATEST}?symbols=BTCUSDT&market=FUTURES"))["data"]
    assert price == {
        "timestamp": NOW_NS // 1_000_000,
        "exchange": "bybit",
        "symbol": "BTCUSDT",
        "market": "FUTURES",
        "price": 100.0,
        "volume": 10.0,
        "high24h": 110.0,
        "low24h": 90.0,
        "change24h": None,
        "bid": 99.0,
        "ask": 101.0,
    }


async def test_latest_is_encoded_once_a_second_and_revalidated() -> None:
    history = remembering()
    client = hub(history).test_client()
    first = await client.get(LATEST)
    assert first.headers["cache-control"] == "public, max-age=1"
    again = await client.get(LATEST, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, await again.get_data()) == (304, b"")
    lines = await client.get(LATEST, headers={"accept": "text/csv"})
    assert (await lines.get_data(as_text=True)).startswith("timestamp,exchange,symbol,market,price,")
    assert len(history.asked) == 1


async def test_many_who_ask_at_once_share_one_question(autojump_clock: trio.testing.MockClock) -> None:
    history = remembering()
    history.takes_s = 5.0
    client = hub(history).test_client()
    statuses: list[int] = []

    async def reader() -> None:
        statuses.append((await client.get(LATEST)).status_code)

    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(reader)
    assert statuses == [200] * 50
    assert len(history.asked) == 1


async def test_history_of_prices_and_of_bars() -> None:
    app = hub()
    prices = await ask(app, "/api/prices/BTCUSDT/FUTURES/history?from=-15m&limit=3")
    assert [each["price"] for each in prices["data"]] == [100.0, 101.0, 102.0]
    bars = await ask(app, "/api/prices/btc-usdt/futures/history?interval=5m&limit=3")
    assert [each["interval"] for each in bars["data"]] == ["5m"] * 3


async def test_prices_and_bars_have_cursors_of_their_own() -> None:
    app, path = hub(), "/api/prices/BTCUSDT/FUTURES/history"
    cursor = (await ask(app, f"{path}?limit=1"))["meta"]["next_cursor"]
    assert (await ask(app, f"{path}?limit=1&interval=1m&cursor={cursor}", 400))["code"] == "bad_cursor"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/prices/BTCUSDT/LINEAR/history", 400, "bad_parameter"),
        ("/api/prices/BTCUSDT/perp/stats", 400, "bad_parameter"),
        ("/api/prices/NOPE/SPOT/stats", 404, "unknown_key"),
        ("/api/prices/BTCUSDT/SPOT/history?exchange=kraken", 404, "unknown_key"),
        ("/api/prices/BTCUSDT/SPOT/history?interval=2m", 400, "bad_parameter"),
        ("/api/prices/BTCUSDT/SPOT/stats?window=fortnight", 400, "bad_parameter"),
    ],
)
async def test_what_is_not_understood(path: str, status: int, code: str) -> None:
    assert (await ask(hub(), path, status))["code"] == code


async def test_an_exchange_may_be_named() -> None:
    answer = await ask(hub(), "/api/prices/BTC/FUTURES/history?exchange=hyperliquid")
    assert answer["meta"]["key"] == "hyperliquid:linear:BTC"


async def test_stats_are_of_the_window_before_now() -> None:
    prices = [50.0, 40.0, 80.0, 60.0, 1.0]
    ages_s = [3500, 3000, 2000, 1, 3700]
    history = FakeHistory(
        [tick(NOW_NS - age_s * SECOND_NS, price) for age_s, price in zip(ages_s, prices, strict=True)]
    )
    data = (await ask(hub(history), f"{STATS}?window=1h"))["data"]
    assert [data[name] for name in ("count", "min", "max", "avg", "first", "last")] == [
        4,
        40,
        80,
        57.5,
        50,
        60,
    ]
    assert (data["change"], data["volume"], data["vwap"]) == (pytest.approx(20.0), 12.5, 57.5)
    assert (data["window"], data["to"] - data["from"]) == ("1h", 3_600_000)
    assert (data["first_ts"], data["last_ts"]) == tuple((NOW_NS - s * SECOND_NS) // 10**6 for s in (3500, 1))
    assert (data["symbol"], data["market"], data["exchange"]) == ("BTCUSDT", "FUTURES", "bybit")


async def test_stats_of_nothing_are_unknown() -> None:
    data = (await ask(hub(FakeHistory()), STATS))["data"]
    assert data["count"] == 0
    assert {data[name] for name in ("min", "max", "avg", "first", "last", "change", "volume", "vwap")} == {
        None
    }


async def test_stats_are_asked_once_a_second() -> None:
    history = remembering()
    client = hub(history).test_client()
    first = await client.get(f"{STATS}?window=24h")
    again = await client.get(f"{STATS}?window=24h", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert len(history.asked) == 1
    await client.get(f"{STATS}?window=7d")
    assert len(history.asked) == 2


async def test_stats_of_what_is_not_followed_any_more() -> None:
    data = (await ask(hub(), f"/api/prices/{GONE.symbol}/FUTURES/stats"))["data"]
    assert (data["count"], data["last"]) == (1, 5.0)
