"""Bybit's trades, liquidations, candles and their REST side agree with the truth, and with each other."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio

from simulator import Fault, bybit_limits, engine
from tests.patience import PATIENCE_S
from tests.simulator.bybit_client import Follower, paused_truth
from tests.simulator.simulator_client import connected, get, request, running

pytestmark = pytest.mark.loopback

LINEAR = "/bybit/v5/public/linear"
WITHIN_A_MINUTE_MS = 1_700_000_000_000


def as_truth(row: dict[str, Any]) -> dict[str, Any]:
    """A publicTrade row in the words of the truth."""
    return {
        "id": row["i"],
        "price": float(row["p"]),
        "size": float(row["v"]),
        "side": row["S"].lower(),
        "time_ms": row["T"],
    }


@pytest.mark.parametrize("market", ["linear", "spot"])
async def test_every_trade_comes_once_and_in_order(market: str) -> None:
    topic = "publicTrade.BTCUSDT"
    async with (
        running(rate=3_000.0) as simulator,
        connected(simulator, f"/bybit/v5/public/{market}") as client,
    ):
        follower = Follower(client, [topic])
        await follower.start()
        await follower.read(60)
        truth = await paused_truth(simulator, market, "BTCUSDT", 1)
        await follower.settle()
        received = [as_truth(row) for row in follower.trades[topic]]
        assert len(received) >= 59
        assert received == truth["trades"][-len(received) :]
        assert truth["trades_total"] >= len(received)
        assert any(len(message["data"]) > 1 for message in follower.messages[topic])
        answer = await get(
            simulator, f"/bybit/v5/market/recent-trade?category={market}&symbol=BTCUSDT&limit=50"
        )
        rows = list(reversed(answer["result"]["list"]))
        assert [row["execId"] for row in rows] == [row["id"] for row in truth["trades"][-50:]]
        assert [float(row["price"]) for row in rows] == [row["price"] for row in truth["trades"][-50:]]
        assert [row["side"].lower() for row in rows] == [row["side"] for row in truth["trades"][-50:]]


async def test_ids_look_as_the_exchange_writes_them() -> None:
    async with running(rate=3_000.0) as simulator:
        for market, is_id in (("linear", lambda text: len(text) == 36), ("spot", str.isdecimal)):
            async with connected(simulator, f"/bybit/v5/public/{market}") as client:
                follower = Follower(client, ["publicTrade.BTCUSDT", "publicTrade.ETHUSDT"])
                await follower.start()
                await follower.read(60)
                ids = [row["i"] for rows in follower.trades.values() for row in rows]
                assert len(ids) == len(set(ids)) and all(map(is_id, ids))


async def test_liquidations_tell_the_side_of_the_position() -> None:
    async with (
        running(liquidations_per_minute=6_000.0) as simulator,
        connected(simulator, LINEAR) as client,
    ):
        listed = [row.symbol for row in simulator.world.markets["bybit-linear"].values() if row.live]
        topics = [f"allLiquidation.{symbol}" for symbol in listed]
        follower = Follower(client, topics)
        await follower.start()
        rows: list[dict[str, Any]] = []
        while len(rows) < 40:
            message = await follower.read_one()
            if "topic" in message:
                assert message["type"] == "snapshot"
                rows += message["data"]
        truth = await paused_truth(simulator, "linear", rows[0]["s"], 1)
        first = next(row for row in truth["liquidations"] if row["time_ms"] == rows[0]["T"])
        assert {"long": "Buy", "short": "Sell"}[first["position"]] == rows[0]["S"]
        assert (float(rows[0]["p"]), float(rows[0]["v"])) == pytest.approx((first["price"], first["size"]))
        assert {row["S"] for row in rows} == {"Buy", "Sell"}


async def test_spot_has_no_liquidations() -> None:
    async with running() as simulator, connected(simulator, "/bybit/v5/public/spot") as client:
        subscribe = {"op": "subscribe", "args": ["allLiquidation.BTCUSDT"]}
        answer = await client.ask(subscribe, lambda message: "success" in message)
        assert answer["ret_msg"] == "Invalid symbol :[allLiquidation.BTCUSDT]"


async def test_candles_follow_the_trades(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_now_ms", lambda: WITHIN_A_MINUTE_MS)  # which does not end meanwhile
    topics = ["kline.1.BTCUSDT", "publicTrade.BTCUSDT"]
    async with running(rate=3_000.0) as simulator, connected(simulator, LINEAR) as client:
        follower = Follower(client, topics)
        await follower.start()
        while len(follower.messages[topics[0]]) < 2:
            await follower.read_one()
        await paused_truth(simulator, "linear", "BTCUSDT", 1)
        await follower.settle()
        seen = len(follower.messages[topics[0]])
        while len(follower.messages[topics[0]]) == seen:
            await follower.read_one()
        candle = follower.messages[topics[0]][-1]["data"][-1]
        trades = follower.trades[topics[1]]
        assert candle["close"] == trades[-1]["p"]
        assert candle["confirm"] is False
        assert candle["end"] == candle["start"] + 59_999
        assert float(candle["low"]) <= float(candle["close"]) <= float(candle["high"])
        query = "category=linear&symbol=BTCUSDT&interval=1&limit=3"
        rows = (await get(simulator, f"/bybit/v5/market/kline?{query}"))["result"]["list"]
        named = dict(
            zip(("start", "open", "high", "low", "close", "volume", "turnover"), rows[0], strict=True)
        )
        assert int(named.pop("start")) == candle["start"]
        assert named == {name: candle[name] for name in named}
        assert [int(row[0]) for row in rows] == [candle["start"] - 60_000 * age for age in range(3)]


async def test_a_closed_candle_is_confirmed_once() -> None:
    """The clock of the exchange jumps over the minute."""
    topic = "kline.1.BTCUSDT"
    async with running(rate=2_000.0) as simulator, connected(simulator, LINEAR) as client:
        follower = Follower(client, [topic])
        await follower.start()
        while not follower.messages[topic]:
            await follower.read_one()
        first = follower.messages[topic][0]["data"][0]
        simulator.inject(Fault(kind="clock_skew", venue="bybit", skew_s=60))
        while len(rows := [row for message in follower.messages[topic] for row in message["data"]]) < 4:
            await follower.read_one()
        closed = [row for row in rows if row["confirm"]]
        assert [row["start"] for row in closed][:1] == [first["start"]]
        assert rows[-1]["start"] == first["start"] + 60_000 * len(closed)
        starts = [row["start"] for row in rows]
        assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("recent-trade?category=linear&symbol=NOPEUSDT", "symbol invalid"),
        ("recent-trade?category=spot&symbol=BTCUSDT&limit=61", "limit invalid"),
        ("kline?category=linear&symbol=BTCUSDT&interval=2", "Invalid period"),
        ("kline?category=linear&symbol=BTCUSDT&interval=1&start=now", "start invalid"),
        ("orderbook?category=linear&symbol=BTCUSDT&limit=0", "limit invalid"),
        ("orderbook?category=inverse&symbol=BTCUSD", "Category is invalid"),
    ],
)
async def test_bad_questions_get_reasons_inside_200(path: str, words: str) -> None:
    async with running() as simulator:
        answer = await get(simulator, f"/bybit/v5/market/{path}")
        assert answer["retCode"] == 10001
        assert words in answer["retMsg"]


async def test_one_path_asked_too_often_is_10006(monkeypatch: pytest.MonkeyPatch) -> None:
    window_s = 10 * PATIENCE_S  # however slowly it is asked, it is within the window
    monkeypatch.setattr(bybit_limits, "ENDPOINT_WINDOW_S", window_s)
    async with running(bybit_endpoint_per_s=3) as simulator:
        answers = [await request(simulator, "GET", "/bybit/v5/market/time") for _ in range(5)]
        assert [answer.json()["retCode"] for answer in answers] == [0, 0, 0, 10006, 10006]
        assert {answer.status_code for answer in answers} == {200}
        reset_ms = int(answers[-1].headers["X-Bapi-Limit-Reset-Timestamp"])
        assert 0 < reset_ms - answers[-1].json()["time"] <= 1_000 * window_s
        other = await get(simulator, "/bybit/v5/market/tickers?category=spot")
        assert other["retCode"] == 0


async def test_an_address_that_asks_too_often_is_shut_out_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bybit_limits, "ADDRESS_WINDOW_S", 10 * PATIENCE_S)
    async with running(bybit_requests_per_5_s=4, bybit_ban_s=10 * PATIENCE_S) as simulator:
        asked = [await request(simulator, "GET", "/bybit/v5/market/time") for _ in range(6)]
        assert [answer.status_code for answer in asked] == [200, 200, 200, 200, 403, 403]
        spot = await request(simulator, "GET", "/bybit/v5/market/tickers?category=spot")
        assert spot.status_code == 403, "both categories are one address"


async def test_the_tape_of_a_quiet_symbol_is_empty_not_wrong() -> None:
    async with running(rate=1.0) as simulator:
        truth = await paused_truth(simulator, "linear", "BTCUSDT", 5)
        answer = await get(simulator, "/bybit/v5/market/recent-trade?category=linear&symbol=BTCUSDT")
        assert len(answer["result"]["list"]) == len(truth["trades"]) == truth["trades_total"] <= 2
        with trio.fail_after(PATIENCE_S):
            rows = await get(
                simulator, "/bybit/v5/market/kline?category=linear&symbol=BTCUSDT&interval=D&limit=2"
            )
        assert all(math.isfinite(float(text)) for row in rows["result"]["list"] for text in row)
