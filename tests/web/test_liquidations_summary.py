"""What liquidations come to, and funding as it was: asked over REST."""

from __future__ import annotations

from typing import Any

import pytest
from quart_trio import QuartTrio

from actors.market.instrument import Instrument
from actors.market.losses import EVERYTHING
from actors.market.rows import FundingRow, LiquidationRow, Row
from actors.market.tick import Changes, Tick
from actors.sinks.base import InstrumentKey
from tests.web.fake_history import SECOND_NS, FakeHistory, gap
from tests.web.harness import NOW_NS, application
from tests.web.populated import OFFERS, populated
from tests.web.test_openapi import check
from web.offers import Offer

NOW_MS = NOW_NS // 1_000_000
MINUTE_NS = 60 * SECOND_NS
PATH = "/api/v1/liquidations/summary"
FUNDING = "/api/v1/funding/bybit:linear:BTCUSDT/history"
BTC = InstrumentKey("bybit", "linear", "BTCUSDT")
ETH = InstrumentKey("bybit", "linear", "ETHUSDT")


def liquidation(
    minutes_ago: float, value: float, side: str = "long", of: InstrumentKey = BTC
) -> LiquidationRow:
    ts = NOW_NS - int(minutes_ago * MINUTE_NS)
    return LiquidationRow(ts, of.exchange, of.market, of.symbol, side, 100.0, value / 100.0)


def hub(*rows: Row, **more: Any) -> QuartTrio:
    return application(populated(), offers=OFFERS, history=FakeHistory(list(rows)), **more)


async def ask(app: QuartTrio, path: str, status: int = 200) -> dict[str, Any]:
    response = await app.test_client().get(path)
    answer: dict[str, Any] = await response.get_json(force=True)
    assert response.status_code == status, answer
    check(path, status, answer)
    return answer


async def test_totals_slices_and_the_biggest_of_a_window() -> None:
    app = hub(
        liquidation(10, 500.0),
        liquidation(10, 300.0, "short", ETH),
        liquidation(40, 200.0),
        liquidation(90, 9000.0),
    )
    answer = await ask(app, f"{PATH}?window=1h&slice=30m&limit=2")
    data = answer["data"]
    assert data["to"] - data["from"] == 3_600_000 and data["to"] == NOW_MS // 1000 * 1000
    assert [(each["side"], each["count"], each["value"], each["sampled"]) for each in data["totals"]] == [
        ("long", 2, 700.0, True),
        ("short", 1, 300.0, True),
    ]
    assert sum(each["long"] for each in data["slices"]) == 700.0
    assert sum(each["short"] for each in data["slices"]) == 300.0
    assert all(each["start"] % data["slice_ms"] == 0 for each in data["slices"])
    assert [(each["key"], each["value"]) for each in data["biggest"]] == [
        ("bybit:linear:BTCUSDT", 500.0),
        ("bybit:linear:ETHUSDT", 300.0),
    ]
    assert data["since"] == NOW_MS - 90 * 60_000
    assert answer["meta"]["not_offered"] == ["bybit:spot", "hyperliquid:linear"]


async def test_what_the_settings_do_not_follow_is_told() -> None:
    offers = {**OFFERS, ("bybit", "linear"): Offer(("liquidations",), (), 200, ("liquidations",))}
    app = application(populated(), offers=offers, history=FakeHistory())
    assert (await ask(app, PATH))["meta"]["switched_off"] == ["bybit:linear"]


async def test_coins_mean_all_their_instruments() -> None:
    read_model = populated()
    btc = Instrument(exchange="bybit", market="linear", symbol="BTCUSDT", base="BTC", quote="USDT")
    read_model.publish(Tick("bybit", NOW_NS, [], Changes(instruments=[btc])))
    history = FakeHistory([liquidation(1, 500.0), liquidation(1, 300.0, of=ETH)])
    app = application(read_model, history=history)
    assert [each["key"] for each in (await ask(app, f"{PATH}?bases=btc"))["data"]["biggest"]] == [
        "bybit:linear:BTCUSDT"
    ]
    assert (await ask(app, f"{PATH}?bases=NOBODY"))["data"]["totals"] == []


async def test_filters_reach_history() -> None:
    app = hub(liquidation(1, 500.0), liquidation(1, 300.0))
    assert [each["value"] for each in (await ask(app, f"{PATH}?value_min=400"))["data"]["biggest"]] == [500.0]
    assert (await ask(app, f"{PATH}?exchange=hyperliquid"))["data"]["biggest"] == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("slice=90s", "slice"),
        ("window=7d&slice=1m", "slice"),
        ("window=yesterday", "window"),
        ("exchange=nobody", "exchange"),
        ("value_min=-1", "value_min"),
    ],
)
async def test_a_bad_question_is_told_what_would_be_right(query: str, parameter: str) -> None:
    problem = await ask(hub(), f"{PATH}?{query}", 400)
    assert problem["errors"][0]["parameter"] == parameter


async def test_what_is_missing_is_told() -> None:
    everywhere = InstrumentKey(EVERYTHING, EVERYTHING, EVERYTHING)
    lost = gap(NOW_NS - 10 * MINUTE_NS, NOW_NS - 9 * MINUTE_NS, "outbox", everywhere)
    away = gap(NOW_NS - 5 * MINUTE_NS, None, "liquidations", BTC)
    assert (await ask(hub(lost, away), PATH))["meta"]["gaps"] == [
        {
            "exchange": None,
            "market": None,
            "from": NOW_MS - 600_000,
            "to": NOW_MS - 540_000,
            "instruments": 0,
        },
        {"exchange": "bybit", "market": "linear", "from": NOW_MS - 300_000, "to": None, "instruments": 1},
    ]


async def test_without_a_history_it_says_so() -> None:
    assert (await ask(application(populated()), PATH, 503))["code"] == "no_history"


async def test_funding_is_told_by_eight_hours_and_by_year() -> None:
    rows = [
        FundingRow(
            NOW_NS - each * MINUTE_NS, *("bybit", "linear", "BTCUSDT"), 1e-4, 4.0, NOW_NS, 100.0, None, 7.0
        )
        for each in range(3)
    ]
    answer = await ask(hub(*rows), f"{FUNDING}?limit=2&order=oldest")
    assert [each["ts"] for each in answer["data"]] == [NOW_MS - 120_000, NOW_MS - 60_000]
    assert answer["data"][0]["funding_rate_8h"] == pytest.approx(2e-4)
    assert answer["data"][0]["funding_apr"] == pytest.approx(21.9)
    assert answer["meta"]["has_more"]


async def test_funding_is_thinned_out() -> None:
    start = NOW_NS // (60 * MINUTE_NS) * 60 * MINUTE_NS - 60 * MINUTE_NS
    rows = [
        FundingRow(start + each * MINUTE_NS, "bybit", "linear", "BTCUSDT", each / 1e6, *[None] * 5)
        for each in range(30)
    ]
    told = (await ask(hub(*rows), f"{FUNDING}?every=15m&order=oldest"))["data"]
    assert [each["funding_rate"] for each in told] == [14 / 1e6, 29 / 1e6]
    problem = await ask(hub(), f"{FUNDING}?every=often", 400)
    assert problem["errors"][0]["parameter"] == "every"


async def test_a_rate_of_unknown_period_cannot_be_compared() -> None:
    row = FundingRow(NOW_NS, "bybit", "linear", "BTCUSDT", 1e-4, None, None, None, None, None)
    [told] = (await ask(hub(row), FUNDING))["data"]
    assert (told["funding_rate"], told["funding_rate_8h"], told["funding_apr"]) == (1e-4, None, None)
