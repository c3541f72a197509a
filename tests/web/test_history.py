"""History over REST: what is asked is what comes, in which form, for how long, and why not."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from quart import Response
from quart_trio import QuartTrio

from actors.market.tick import Changes, Tick
from actors.runtime.errors import HistoryTimeout, SinkUnavailable
from actors.sinks.base import InstrumentKey
from tests.web.fake_history import BTC, GONE, SECOND_NS, FakeHistory, remembering, tick
from tests.web.harness import NOW_NS, application
from tests.web.populated import hole, populated
from tests.web.test_openapi import check, response_of

TICKERS = "/api/v1/tickers/bybit:linear:BTCUSDT/history"
TRADES = "/api/v1/trades/bybit:linear:BTCUSDT/history"
BARS = "/api/v1/bars/bybit:linear:BTCUSDT/history"
EVERY = [TICKERS, TRADES, BARS, "/api/prices/BTCUSDT/FUTURES/history"]
OVER = "to=2025-12-23T20:40:00Z"  # twenty minutes before now
FOR_EVER = "public, max-age=31536000, immutable"
every_path = pytest.mark.parametrize("path", EVERY)


def hub(history: FakeHistory | None = None, **more: Any) -> QuartTrio:
    read_model = populated()
    read_model.boards["bybit"].picture.holes.clear()
    return application(read_model, history=history or remembering(), **more)


async def get(app: QuartTrio, path: str, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response: Response = await app.test_client().get(path, headers=named)
    return response


async def ask(app: QuartTrio, path: str, status: int = 200) -> dict[str, Any]:
    response = await get(app, path)
    answer: dict[str, Any] = await response.get_json(force=True)
    assert response.status_code == status, answer
    check(path, status, answer)
    return answer


async def test_the_newest_come_first_and_say_what_they_are() -> None:
    answer = await ask(hub(), f"{TICKERS}?limit=2&from=-1m")
    assert [each["price"] for each in answer["data"]] == [100.0, 101.0]
    assert answer["data"][0] == {
        "ts": NOW_NS // 1_000_000,
        "price": 100.0,
        "volume_24h": 10.0,
        "change_24h": None,
        "high_24h": 110.0,
        "low_24h": 90.0,
        "bid": 99.0,
        "ask": 101.0,
    }
    meta = answer["meta"]
    assert (meta["key"], meta["order"], meta["count"]) == ("bybit:linear:BTCUSDT", "newest", 2)
    assert (meta["from"], meta["to"], meta["has_more"]) == (1_766_523_540_000, None, True)


async def test_a_range_begins_with_from_and_ends_before_to() -> None:
    second = NOW_NS // 1_000_000
    answer = await ask(hub(), f"{TICKERS}?from={second - 5000}&to={second}&order=oldest")
    assert [each["ts"] for each in answer["data"]] == [second - each * 1000 for each in (5, 4, 3, 2, 1)]


async def test_trades_and_bars() -> None:
    trades = (await ask(hub(), f"{TRADES}?limit=1"))["data"]
    assert trades == [
        {"trade_id": "00002", "price": 100.0, "size": 0.5, "side": "buy", "ts_event": NOW_NS // 1_000_000}
        | {"count": 1, "backfill": False}
    ]
    [bar] = (await ask(hub(), f"{BARS}?interval=1h&limit=1"))["data"]
    assert (bar["interval"], bar["close"], bar["vwap"], bar["closed"]) == ("1h", 2.0, 1.5, True)


@pytest.mark.parametrize(
    "path", ["/api/v1/tickers/BYBIT:Linear:btcusdt/history", "/api/v1/tickers/bybit:spot:BTC-USDT/history"]
)
async def test_an_instrument_may_be_written_as_elsewhere(path: str) -> None:
    assert (await ask(hub(), path))["meta"]["key"] in ("bybit:linear:BTCUSDT", "bybit:spot:BTCUSDT")


async def test_what_is_not_followed_any_more_can_be_asked_about() -> None:
    history = remembering()
    answer = await ask(hub(history), "/api/v1/tickers/bybit:linear:goneusdt/history")
    assert answer["meta"]["key"] == "bybit:linear:GONEUSDT"
    assert [each["price"] for each in answer["data"]] == [5.0]
    assert history.asked[-1][1] == GONE


@pytest.mark.parametrize("symbol", ["NOPE", "BTCUSDT' OR '1'='1", "GONEUSDT;--", "a/b", "%00", "x" * 300])
async def test_nothing_that_nobody_knows_is_asked_for(symbol: str) -> None:
    history = remembering()
    app = hub(history)
    for path in (
        f"/api/v1/trades/bybit:linear:{quote(symbol)}/history",
        f"/api/prices/{quote(symbol)}/SPOT/history",
    ):
        response = await get(app, path)
        assert response.status_code == 404
        assert (await response.get_json(force=True))["code"] == "unknown_key"
    assert {name for name, *_ in history.asked} == {"instruments"}


@every_path
async def test_without_a_history_it_says_so(path: str) -> None:
    response = await get(application(populated()), path)
    answer = await response.get_json(force=True)
    assert (response.status_code, answer["code"]) == (503, "no_history")
    check(path, 503, answer)


@every_path
@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=5001", "limit"),
        ("from=soon", "from"),
        ("to=1766523600", "to"),
        ("from=-5m&to=-10m", "from"),
        ("order=random", "order"),
        ("cursor=" + "x" * 600, "cursor"),
        ("form=-15m", "form"),
        ("from=-1h&from=-2h", "from"),
    ],
)
async def test_what_is_not_understood_is_named(path: str, query: str, parameter: str) -> None:
    history = remembering()
    answer = await ask(hub(history), f"{path}?{query}", 400)
    assert answer["code"] == "bad_parameter"
    assert answer["errors"][0]["parameter"] == parameter
    assert history.asked == []


@every_path
@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (HistoryTimeout("slow"), 504, "history_timeout"),
        (SinkUnavailable("secret"), 503, "history_unavailable"),
    ],
)
async def test_a_failure_has_its_status(path: str, failure: Exception, status: int, code: str) -> None:
    history = remembering()
    history.failures = [failure]
    app = hub(history)
    answer = await ask(app, path, status)
    assert answer["code"] == code
    assert "secret" not in answer["detail"]
    assert (await ask(app, path))["data"]


@every_path
async def test_every_format_tells_the_same(path: str) -> None:
    app = hub()
    data = (await ask(app, f"{path}?limit=20"))["data"]
    lines = (
        await (await get(app, f"{path}?limit=20", accept="application/x-ndjson")).get_data()
    ).splitlines()
    assert [msgspec.json.decode(line) for line in lines[:-1]] == data
    meta = msgspec.json.decode(lines[-1])["meta"]
    assert meta["count"] == 20
    text = await (await get(app, f"{path}?limit=20", accept="text/csv")).get_data(as_text=True)
    *rows, last = text.splitlines()
    assert last == f"#next_cursor={meta['next_cursor']}"
    told = list(csv.DictReader(io.StringIO("\n".join(rows))))
    assert [list(each.values()) for each in told] == [
        [as_text(value) for value in each.values()] for each in data
    ]
    assert list(told[0]) == list(data[0])


def as_text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


async def test_nothing_is_an_empty_list_in_every_format() -> None:
    app = hub(FakeHistory())
    assert (await ask(app, TRADES))["data"] == []
    assert (await (await get(app, TRADES, accept="text/csv")).get_data(as_text=True)).startswith("trade_id,")
    lines = (await (await get(app, TRADES, accept="application/x-ndjson")).get_data()).splitlines()
    assert len(lines) == 1
    assert not msgspec.json.decode(lines[0])["meta"]["has_more"]


@pytest.mark.parametrize(
    ("accept", "status", "content_type"),
    [
        ("", 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("text/html,*/*;q=0.8", 200, "application/json"),
        ("text/*", 200, "text/csv; charset=utf-8; header=present"),
        ("text/csv;q=0.5, application/x-ndjson", 200, "application/x-ndjson"),
        ("image/png", 406, "application/problem+json"),
    ],
)
async def test_the_form_is_what_the_reader_prefers(accept: str, status: int, content_type: str) -> None:
    response = await get(hub(), TICKERS, accept=accept)
    assert (response.status_code, response.content_type) == (status, content_type)
    if status == 200:
        assert response.headers["vary"] == "Accept"


def test_the_forms_are_described() -> None:
    assert response_of(TICKERS, 200)[0] == "application/json"


@every_path
async def test_a_time_that_is_over_may_be_kept_for_ever(path: str) -> None:
    history = remembering()
    app = hub(history)
    response = await get(app, f"{path}?{OVER}&limit=3")
    assert response.headers["cache-control"] == FOR_EVER
    before = len(history.asked)
    again = await get(app, f"{path}?{OVER}&limit=3", if_none_match=response.headers["etag"])
    assert (again.status_code, await again.get_data()) == (304, b"")
    assert len(history.asked) == before
    for other in (f"{path}?{OVER}&limit=4", f"{path}?{OVER}&limit=3&order=oldest"):
        assert (await get(app, other, if_none_match=response.headers["etag"])).status_code == 200
    lines = await get(
        app, f"{path}?{OVER}&limit=3", if_none_match=response.headers["etag"], accept="text/csv"
    )
    assert lines.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        TICKERS,
        f"{TICKERS}?from=2025-12-23T20:00:00Z",
        f"{TICKERS}?to=-1h",
        f"{TICKERS}?from=-2h&{OVER}",
        f"{TICKERS}?to=2025-12-23T20:55:00Z",
        f"{TICKERS}?to=2026-12-23T20:55:00Z",
        f"{TICKERS}?order=oldest",
        f"{BARS}?interval=1h&{OVER}",  # the bar of twenty o'clock goes on until now
    ],
)
async def test_what_may_still_change_is_kept_for_a_second(path: str) -> None:
    response = await get(hub(), path)
    assert response.headers["cache-control"] == "public, max-age=1"
    assert "etag" not in response.headers


async def test_pages_behind_the_first_are_over_once_what_is_before_them_is() -> None:
    history = FakeHistory([tick(NOW_NS - each * 600 * SECOND_NS) for each in range(10)])
    app, found = hub(history), []
    path = f"{TICKERS}?limit=2"
    while path:
        response = await get(app, path)
        found.append(response.headers["cache-control"] == FOR_EVER)
        cursor = (await response.get_json())["meta"]["next_cursor"]
        path = f"{TICKERS}?limit=2&cursor={cursor}" if cursor else ""
    assert found == [False, False, True, True, True]


async def test_nothing_is_kept_for_a_second_only() -> None:
    response = await get(hub(FakeHistory()), f"{TRADES}?{OVER}")
    assert response.headers["cache-control"] == "public, max-age=1"
    assert "etag" not in response.headers


async def test_what_waits_for_the_history_is_not_over() -> None:
    response = await get(hub(history_is_whole=lambda: False), f"{TRADES}?{OVER}")
    assert response.headers["cache-control"] == "public, max-age=1"


@pytest.mark.parametrize(
    ("from_s", "to_s", "is_over"),
    [(-7200, None, False), (-7200, -60, False), (-7200, -3600, True), (-60, None, True)],
)
async def test_a_hole_that_may_still_be_filled_is_not_over(
    from_s: int, to_s: int | None, is_over: bool
) -> None:
    now_s = NOW_NS // SECOND_NS
    read_model = populated()
    read_model.boards["bybit"].picture.holes.clear()
    holes = [hole(now_s + from_s, None if to_s is None else now_s + to_s)]
    read_model.publish(Tick("bybit", NOW_NS, [], Changes(holes=holes)))
    response = await get(application(read_model, history=remembering()), f"{TRADES}?{OVER}")
    assert (response.headers["cache-control"] == FOR_EVER) == is_over


async def test_a_hot_question_is_asked_once_a_second() -> None:
    now_ns = NOW_NS
    read_model, history = populated(), remembering()
    read_model.now_ns = lambda: now_ns
    app = application(read_model, history=history)
    for _ in range(5):
        await get(app, f"{TICKERS}?from=-15m&limit=5")
    assert len(history.asked) == 1
    now_ns += SECOND_NS
    await get(app, f"{TICKERS}?from=-15m&limit=5")
    assert len(history.asked) == 2


async def test_what_history_is_asked_with_are_values() -> None:
    history = remembering()
    await ask(hub(history), "/api/v1/trades/BYBIT:linear:btc-usdt/history?from=0&limit=9")
    name, of, span = history.asked[-1]
    assert (name, of) == ("trades", InstrumentKey("bybit", "linear", "BTCUSDT"))
    assert of == BTC
    assert (span.from_ns, span.to_ns, span.limit, span.after) == (0, None, 10, None)
