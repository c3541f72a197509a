"""Simulated Hyperliquid books, trades, candles and funding are the truth, and its REST has a limit."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import httpx
import pytest
import trio
from trio_websocket import ConnectionClosed

from simulator import Fault, Simulator, engine
from simulator.hyperliquid_frames import coarse
from simulator.hyperliquid_limits import answer_weight, request_weight
from tests.patience import PATIENCE_S
from tests.simulator.simulator_client import Client, connected, get, request, running, trade_unseen

pytestmark = pytest.mark.loopback

PATH = "/hyperliquid/ws"
HOUR_MS = 3_600_000
WITHIN_A_MINUTE_MS = 1_700_000_000_000


def is_channel(name: str) -> Any:
    return lambda message: message["channel"] == name


async def ask(simulator: Simulator, **body: Any) -> httpx.Response:
    return await request(simulator, "POST", "/hyperliquid/info", body)


async def info(simulator: Simulator, **body: Any) -> Any:
    return (await ask(simulator, **body)).json()


async def subscribe(client: Client, **fields: Any) -> None:
    await client.ask({"method": "subscribe", "subscription": fields}, is_channel("subscriptionResponse"))


async def next_of(client: Client, channel: str) -> Any:
    return (await client.until(is_channel(channel)))["data"]


async def truth(simulator: Simulator, coin: str, market: str = "linear", depth: int = 20) -> Any:
    where = f"exchange=hyperliquid&market={market}&symbol={coin}&depth={depth}"
    return await get(simulator, f"/control/truth?{where}")


async def rest_of(client: Client) -> list[Any]:
    """The trades that are still on their way, with the world standing still."""
    found: list[Any] = []
    await client.send({"method": "ping"})
    while (message := await client.receive())["channel"] != "pong":
        found += message["data"]
    return found


def numbers(side: Any) -> list[list[float]]:
    return [[float(level["px"]), float(level["sz"])] for level in side]


def as_truth(row: Any) -> tuple[str, float, float, str, int]:
    side = {"A": "sell", "B": "buy"}[row["side"]]
    return str(row["tid"]), float(row["px"]), float(row["sz"]), side, row["time"]


@pytest.mark.parametrize(("coin", "market"), [("BTC", "linear"), ("xyz:NVDA", "linear"), ("@107", "spot")])
async def test_books_are_the_true_ones_and_come_again_unchanged(coin: str, market: str) -> None:
    options: dict[str, Any] = {"rate": 3_000.0, "hyperliquid_book_s": 0.1}
    async with running(**options) as simulator, connected(simulator, PATH) as client:
        await subscribe(client, type="l2Book", coin=coin)
        books = [await next_of(client, "l2Book") for _ in range(8)]
        assert len({str(book["levels"]) for book in books}) > 1
        for book in books:
            bids, asks = map(numbers, book["levels"])
            assert len(bids) == len(asks) == 20
            assert bids[0][0] < asks[0][0]
        await request(simulator, "POST", "/control/pause")
        await trio.sleep(0.15)
        expected = await truth(simulator, coin, market)
        while True:
            book = await next_of(client, "l2Book")
            if numbers(book["levels"][0]) == expected["bids"]:
                break
        assert numbers(book["levels"][1]) == expected["asks"]
        again = await next_of(client, "l2Book")
        assert again["levels"] == book["levels"]
        assert again["time"] > book["time"]
        assert (await info(simulator, type="l2Book", coin=coin))["levels"] == book["levels"]


async def test_fast_and_coarse_books() -> None:
    async with running(rate=2_000.0) as simulator, connected(simulator, PATH) as client:
        await request(simulator, "POST", "/control/pause")
        await subscribe(client, type="l2Book", coin="BTC", fast=True)
        fast = await next_of(client, "l2Book")
        assert fast["fast"] is True
        assert [len(side) for side in fast["levels"]] == [5, 5]
    async with running(rate=2_000.0) as simulator, connected(simulator, PATH) as client:
        await subscribe(client, type="l2Book", coin="BTC", nSigFigs=4)
        bids, asks = map(numbers, (await next_of(client, "l2Book"))["levels"])
        assert all(price % 10 == 0 for price, _ in bids + asks)
        assert bids[0][0] < asks[0][0]
        await client.send(
            {"method": "subscribe", "subscription": {"type": "l2Book", "coin": "BTC", "nSigFigs": 9}}
        )
        with trio.fail_after(PATIENCE_S), pytest.raises(ConnectionClosed):
            while True:
                await client.socket.get_message()


def test_coarse_levels_are_rounded_away_from_the_middle() -> None:
    bids = [(84_143.0, 1.0), (84_140.0, 2.0), (84_129.0, 4.0)]
    assert coarse(bids, 4, 1, is_bid=True) == [(84_140.0, 3.0), (84_120.0, 4.0)]
    asks = [(84_143.0, 1.0), (84_150.0, 2.0), (84_151.0, 4.0)]
    assert coarse(asks, 4, 1, is_bid=False) == [(84_150.0, 3.0), (84_160.0, 4.0)]
    assert coarse([(0.4523, 1.0)], 3, 1, is_bid=True)[0][0] == pytest.approx(0.452)


async def test_trades_have_no_hole_over_reconnects() -> None:
    async with running(rate=4_000.0) as simulator:
        told: dict[int, Any] = {}
        for _ in range(3):
            async with connected(simulator, PATH) as client:
                await subscribe(client, type="trades", coin="BTC")
                first = await next_of(client, "trades")
                assert 1 < len(first) <= 30
                simulator.resume()
                fresh = [row for _ in range(6) for row in await next_of(client, "trades")]
                await request(simulator, "POST", "/control/pause")
                fresh += await rest_of(client)
                assert not {row["tid"] for row in first} & {row["tid"] for row in fresh}
                told |= {row["tid"]: row for row in first + fresh}
            trade_unseen(simulator, "hyperliquid", "BTC", 10)
        rows = [as_truth(row) for row in told.values() if row["time"] >= simulator.world.start_ms]
        expected = [tuple(trade.values()) for trade in (await truth(simulator, "BTC"))["trades"]]
        first_told = expected.index(rows[0])
        # The back-fill of 30 bridges what was done between two connections.
        assert rows == expected[first_told : first_told + len(rows)]
        assert any(int(row["hash"], 16) == 0 for row in told.values())
        assert all(len(row["users"]) == 2 and row["tid"] < 2**50 for row in told.values())


async def test_one_message_holds_the_fills_of_one_order() -> None:
    async with running(rate=4_000.0) as simulator, connected(simulator, PATH) as client:
        await subscribe(client, type="trades", coin="BTC")
        await next_of(client, "trades")
        messages = [await next_of(client, "trades") for _ in range(40)]
        joined = [message for message in messages if len(message) > 1]
        assert joined
        assert all(len({row["hash"] for row in message}) == 1 for message in joined)


async def is_next_crossed(client: Client) -> bool:
    bids, asks = map(numbers, (await next_of(client, "l2Book"))["levels"])
    return bids[0][0] >= asks[0][0]


async def test_faults_on_books_and_trades() -> None:
    options: dict[str, Any] = {"rate": 3_000.0, "hyperliquid_book_s": 0.1}
    async with running(**options) as simulator, connected(simulator, PATH) as client:
        simulator.inject(Fault(kind="trade_history", venue="hyperliquid", count=1))
        await subscribe(client, type="trades", coin="BTC")
        once, twice = [await next_of(client, "trades") for _ in range(2)]
        assert {row["tid"] for row in once} & {row["tid"] for row in twice}
        await subscribe(client, type="l2Book", coin="BTC")
        simulator.inject(Fault(kind="crossed", venue="hyperliquid", symbol="BTC", count=1))
        while not await is_next_crossed(client):
            pass
        assert not any([await is_next_crossed(client) for _ in range(5)])
        simulator.inject(Fault(kind="ack_without_data", venue="hyperliquid", symbol="ETH"))
        await subscribe(client, type="l2Book", coin="ETH")
        with trio.move_on_after(0.4):
            await client.until(lambda message: '"coin": "ETH"' in json.dumps(message))
            pytest.fail("data in spite of the fault")


async def test_a_delisted_coin_has_no_book_any_more() -> None:
    options: dict[str, Any] = {"rate": 2_000.0, "hyperliquid_book_s": 0.1}
    async with running(**options) as simulator, connected(simulator, PATH) as client:
        await subscribe(client, type="l2Book", coin="ETH")
        assert (await next_of(client, "l2Book"))["levels"][0]
        simulator.inject(Fault(kind="delist", venue="hyperliquid", symbol="ETH"))
        await client.until(
            lambda message: message["channel"] == "l2Book" and message["data"]["levels"] == [[], []]
        )
        rows = (await info(simulator, type="meta"))["universe"]
        assert [row["name"] for row in rows if row.get("isDelisted")] == ["ETH", "MATIC"]


async def test_candles_of_every_interval_and_of_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_now_ms", lambda: WITHIN_A_MINUTE_MS)  # which does not end meanwhile
    async with running(rate=4_000.0) as simulator, connected(simulator, PATH) as client:
        for interval in ("1m", "3m", "8h", "3d", "1w", "1M"):
            await subscribe(client, type="candle", coin="BTC", interval=interval)
        seen: set[str] = set()
        while len(seen) < 6:
            candle = await next_of(client, "candle")
            assert candle["t"] <= simulator.world.now_ms <= candle["T"]
            seen.add(candle["i"])
        for interval in ("1s", "6h"):
            wrong = {"type": "candle", "coin": "BTC", "interval": interval}
            await client.ask({"method": "subscribe", "subscription": wrong}, is_channel("error"))
            span = {"coin": "BTC", "interval": interval, "startTime": 0}
            assert (await ask(simulator, type="candleSnapshot", req=span)).status_code == 422


async def test_funding_history_is_hourly_and_always_the_same() -> None:
    async with running() as simulator:
        now_ms = simulator.world.now_ms
        span = {"coin": "BTC", "startTime": now_ms - 48 * HOUR_MS, "endTime": now_ms}
        rows = await info(simulator, type="fundingHistory", **span)
        assert len(rows) in (47, 48, 49)
        assert all(row["time"] % HOUR_MS < 500 for row in rows)
        assert all(0 < after["time"] - before["time"] < HOUR_MS + 500 for before, after in pairwise(rows))
        assert rows == await info(simulator, type="fundingHistory", **span)
        assert await info(simulator, type="fundingHistory", coin="@107", startTime=0) == []
        assert (await ask(simulator, type="fundingHistory", coin="NOPE", startTime=0)).status_code == 422


async def test_predicted_fundings_name_three_exchanges() -> None:
    async with running() as simulator:
        rows = await info(simulator, type="predictedFundings")
        names = [coin for coin, _ in rows]
        assert names == sorted(names)
        assert "MATIC" not in names
        venues = dict(dict(rows)["BTC"])
        assert list(venues) == ["BinPerp", "HlPerp", "BybitPerp"]
        assert [venue["fundingIntervalHours"] for venue in venues.values()] == [8, 1, 8]
        assert venues["HlPerp"]["nextFundingTime"] <= simulator.world.now_ms  # stale, as the real one was
        assert venues["BinPerp"]["nextFundingTime"] > simulator.world.now_ms


async def test_more_weight_than_a_minute_has_is_refused() -> None:
    # The limit lies below one heavy question, so that no minute ending meanwhile makes room for it.
    async with running(hyperliquid_weight=19) as simulator:
        assert (await ask(simulator, type="l2Book", coin="BTC")).status_code == 200
        assert (await ask(simulator, type="meta")).status_code == 429


def test_long_answers_weigh_more() -> None:
    assert (request_weight("l2Book"), request_weight("candleSnapshot")) == (2, 20)
    assert answer_weight("candleSnapshot", [0] * 600) == 10
    assert answer_weight("meta", {}) == 0
