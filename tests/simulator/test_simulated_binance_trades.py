"""Simulated Binance trades, aggregates, candles and liquidations: no hole, no duplicate, and REST agrees."""

from __future__ import annotations

import json
from itertools import count, pairwise
from typing import Any

import pytest
import trio

from simulator import Fault, Simulator, engine
from simulator.binance_aggregates import Aggregates
from simulator.binance_streams import KlineFeed, latest_forced
from simulator.tape import Liquidation, Tape, TapeTrade
from simulator.world import World
from tests.simulator.simulator_client import (
    Client,
    connected,
    get,
    let_time_go_evenly,
    request,
    running,
    trade_unseen,
    wait_until,
)

pytestmark = pytest.mark.loopback

START_MS = 1_700_000_000_000
TICK_S = 0.015
SPOT = "/binance-spot/stream?streams="
PUBLIC = "/binance-usdm/public/stream?streams="
MARKET = "/binance-usdm/market/stream?streams="
streams = pytest.mark.parametrize(
    ("prefix", "market", "api"),
    [(SPOT, "spot", "/binance-spot/api/v3"), (PUBLIC, "linear", "/binance-usdm/fapi/v1")],
    ids=["spot", "usdm"],
)
aggregate_streams = pytest.mark.parametrize(
    ("prefix", "market", "api"),
    [(SPOT, "spot", "/binance-spot/api/v3"), (MARKET, "linear", "/binance-usdm/fapi/v1")],
    ids=["spot", "usdm"],
)


async def rest_of(client: Client) -> list[Any]:
    """Everything that is still on its way, with the world standing still."""
    found = []
    await client.send({"method": "LIST_SUBSCRIPTIONS", "id": "the last"})
    while "data" in (message := await client.receive()):
        found.append(message["data"])
    return found


async def true_trades(simulator: Simulator, market: str) -> list[Any]:
    truth = await get(simulator, f"/control/truth?exchange=binance&market={market}&symbol=BTCUSDT")
    return list(truth["trades"])


async def collected(simulator: Simulator, client: Client, count: int) -> list[Any]:
    """`count` messages and all that follow until the world stands still."""
    found = [(await client.receive())["data"] for _ in range(count)]
    await request(simulator, "POST", "/control/pause")
    return found + await rest_of(client)


def as_truth(row: Any) -> tuple[str, float, float, str, int]:
    return str(row["t"]), float(row["p"]), float(row["q"]), "sell" if row["m"] else "buy", row["T"]


@streams
async def test_trades_are_the_tape(prefix: str, market: str, api: str) -> None:
    async with (
        running(rate=3_000.0) as simulator,
        connected(simulator, f"{prefix}btcusdt@trade") as client,
    ):
        rows = await collected(simulator, client, 40)
        truth = await true_trades(simulator, market)
        first = [trade["id"] for trade in truth].index(str(rows[0]["t"]))
        assert list(map(as_truth, rows)) == [tuple(trade.values()) for trade in truth[first:]]
        assert all(after["t"] == before["t"] + 1 for before, after in pairwise(rows))
        listed = await get(simulator, f"{api}/trades?symbol=BTCUSDT&limit=20")
        assert [row["id"] for row in listed] == [row["t"] for row in rows[-20:]]
        assert [row["price"] for row in listed] == [row["p"] for row in rows[-20:]]
        assert [row["isBuyerMaker"] for row in listed] == [row["m"] for row in rows[-20:]]


@aggregate_streams
async def test_aggregates_cover_every_trade_once(prefix: str, market: str, api: str) -> None:
    async with (
        running(rate=3_000.0) as simulator,
        connected(simulator, f"{prefix}btcusdt@aggTrade") as client,
    ):
        rows = await collected(simulator, client, 60)
        for before, after in pairwise(rows):
            assert (after["a"], after["f"]) == (before["a"] + 1, before["l"] + 1)
        assert any(row["f"] < row["l"] for row in rows)
        truth = await true_trades(simulator, market)
        told = [trade for trade in truth if int(trade["id"]) >= rows[0]["f"]]
        assert len(told) == rows[-1]["l"] - rows[0]["f"] + 1
        assert sum(float(row["q"]) for row in rows) == pytest.approx(sum(trade["size"] for trade in told))
        query = f"symbol=BTCUSDT&fromId={rows[3]['a']}&limit=10"
        listed = await get(simulator, f"{api}/aggTrades?{query}")
        shared = ("a", "p", "q", "f", "l", "T", "m")
        assert [[row[key] for key in shared] for row in listed] == [
            [row[key] for key in shared] for row in rows[3:13]
        ]
        newest = await get(simulator, f"{api}/aggTrades?symbol=BTCUSDT&limit=5")
        assert [row["a"] for row in newest] == [row["a"] for row in rows[-5:]]


async def test_a_reconnect_is_bridged_by_rest() -> None:
    path = f"{SPOT}btcusdt@trade"
    async with running(rate=3_000.0) as simulator:
        async with connected(simulator, path) as client:
            before = [(await client.receive())["data"]["t"] for _ in range(10)]
        # REST knows the last 1000: what is missed must not depend on how long a connection takes.
        simulator.pause()
        trade_unseen(simulator, "binance-spot", "BTCUSDT", 50)
        async with connected(simulator, path) as client:
            simulator.resume()
            after = await collected(simulator, client, 10)
        listed = await get(simulator, "/binance-spot/api/v3/trades?symbol=BTCUSDT&limit=1000")
        known = set(before) | {row["t"] for row in after} | {row["id"] for row in listed}
        assert after[0]["t"] > before[-1] + 1
        assert set(range(before[0], after[-1]["t"] + 1)) <= known


async def test_faults_on_trades() -> None:
    path = f"{SPOT}btcusdt@trade"
    async with running(rate=3_000.0) as simulator:
        simulator.inject(Fault(kind="trade_history", venue="binance-spot", count=1))
        await wait_until(lambda: len(simulator.world.markets["binance-spot"]["BTCUSDT"].trades) > 0)
        async with connected(simulator, path) as client:
            numbers = [(await client.receive())["data"]["t"] for _ in range(10)]
            simulator.inject(Fault(kind="trade_gap", venue="binance-spot", count=1))
            simulator.inject(Fault(kind="duplicate", venue="binance-spot", count=1))
            await wait_until(lambda: len(simulator.board.fired()) == 3)
            numbers += [row["t"] for row in await collected(simulator, client, 50)]
        steps = sorted(after - before for before, after in pairwise(numbers))
        assert (steps[0], steps[-1]) == (0, 2)  # one came twice, one is missing
        silent = Fault(kind="ack_without_data", venue="binance-spot", count=1)
        simulator.inject(silent)
        await request(simulator, "POST", "/control/resume")
        async with connected(simulator, path) as client:
            with trio.move_on_after(0.4):
                pytest.fail(f"data in spite of the fault: {await client.receive()}")


async def test_liquidations_are_sampled_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"rate": 500.0, "liquidations_per_minute": 6_000.0, "tick_s": TICK_S}
    path = f"{MARKET}!forceOrder@arr"
    monkeypatch.setattr(engine, "_now_ms", count(START_MS, round(1_000 * TICK_S)).__next__)
    async with running(**options) as simulator, connected(simulator, path) as client:
        let_time_go_evenly(simulator)
        rows: list[Any] = []
        while not rows or rows[-1]["E"] < rows[0]["E"] + 2_500:
            rows.append((await client.receive())["data"])
        symbols = {row["o"]["s"] for row in rows}
        for symbol in symbols:
            times = [row["E"] for row in rows if row["o"]["s"] == symbol]
            assert all(after - before > 800 for before, after in pairwise(times))
        truth = await get(simulator, "/control/truth?exchange=binance&market=linear&symbol=BTCUSDT")
        told = [row["o"] for row in rows if row["o"]["s"] == "BTCUSDT"]
        real = {row["time_ms"]: row for row in truth["liquidations"]}
        assert told
        assert len(told) < len(real)
        for order in told:
            liquidation = real[order["T"]]
            assert order["S"] == {"long": "SELL", "short": "BUY"}[liquidation["position"]]
            assert float(order["z"]) == liquidation["size"]
            assert float(order["ap"]) == pytest.approx(liquidation["price"])
            assert (float(order["p"]) < float(order["ap"])) == (order["S"] == "SELL")


def test_only_the_latest_liquidation_of_each_instrument_is_told() -> None:
    world = World(7, 16)
    bitcoin, ether, *_ = world.markets["binance-usdm"].values()
    for number, instrument in enumerate((bitcoin, ether, bitcoin), start=1):
        instrument.liquidations.append(Liquidation(number, "long", 1.0, 1.0, number))
    assert [forced.id for forced in latest_forced([bitcoin, ether], 0)] == [2, 3]
    assert [forced.id for forced in latest_forced([bitcoin, ether], 2)] == [3]


def test_aggregates_join_the_fills_of_one_order() -> None:
    tape = Tape()
    aggregates = Aggregates(tape)
    for number, (price, sequence) in enumerate(((10.0, 1), (10.0, 1), (11.0, 1), (11.0, 2)), start=100):
        tape.add(TapeTrade(number, price, 0.5, True, 5, sequence))
    rows = aggregates.newest(10)
    assert [(row.first, row.last, row.size) for row in rows] == [
        (100, 101, 1.0),
        (102, 102, 0.5),
        (103, 103, 0.5),
    ]
    assert [row.id - rows[0].id for row in rows] == [0, 1, 2]
    assert aggregates.since(rows[1].id) == [rows[2]]


def test_candles_close_once_and_hold_their_trades() -> None:
    start_ms = 1_700_000_000_000
    world = World(7, 16, start_ms)
    bitcoin = world.markets["binance-spot"]["BTCUSDT"]
    feed = KlineFeed("btcusdt@kline_1s", bitcoin, world, "1s", 1.0)
    rows: list[Any] = []
    for now_ms in range(start_ms, start_ms + 6_000, 50):
        list(world.advance(now_ms, 40 if now_ms % 4_000 < 3_000 else 0))
        rows += [json.loads(text)["k"] for text in feed.drain()]
    closed = [row for row in rows if row["x"]]
    assert [row["t"] for row in closed] == [start_ms + 1_000 * second for second in range(5)]
    for row in closed[1:]:
        trades = [trade for trade in bitcoin.trades if row["t"] <= trade.time_ms <= row["T"]]
        assert row["n"] == len(trades)
        if not trades:
            assert (row["f"], row["L"], row["o"]) == (-1, -1, row["c"])
            continue
        prices = [trade.price for trade in trades]
        assert (row["f"], row["L"]) == (trades[0].id, trades[-1].id)
        assert [float(row[key]) for key in "ohlc"] == pytest.approx(
            [prices[0], max(prices), min(prices), prices[-1]]
        )
        bought = sum(trade.size for trade in trades if trade.is_buy)
        assert float(row["V"]) == pytest.approx(bought)


@aggregate_streams
async def test_candles_on_the_wire_and_in_rest(prefix: str, market: str, api: str) -> None:
    async with (
        running(rate=2_000.0) as simulator,
        connected(simulator, f"{prefix}btcusdt@kline_1m") as client,
    ):
        candle = (await client.receive())["data"]
        assert (candle["e"], candle["k"]["i"], candle["k"]["x"]) == ("kline", "1m", False)
        rows = await get(simulator, f"{api}/klines?symbol=BTCUSDT&interval=1m&limit=30")
        assert [len(row) for row in rows] == [12] * 30
        assert all(after[0] == before[0] + 60_000 == before[6] + 1 for before, after in pairwise(rows))
        assert rows[-1][0] >= candle["k"]["t"]
        start = rows[10][0]
        query = f"symbol=BTCUSDT&interval=1m&startTime={start}&limit=3"
        assert [row[0] for row in await get(simulator, f"{api}/klines?{query}")] == [
            start + 60_000 * minute for minute in range(3)
        ]
        for query, code in (("interval=7m", -1120), ("interval=1m&limit=0", -1130)):
            refused = await request(simulator, "GET", f"{api}/klines?symbol=BTCUSDT&{query}")
            assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert (await request(simulator, "GET", f"{api}/klines?interval=1m")).json()["code"] == -1102


async def test_what_usdm_carries_where() -> None:
    wrong = {PUBLIC: "btcusdt@aggTrade/!forceOrder@arr/btcusdt@kline_1m", MARKET: "btcusdt@trade"}
    async with running(rate=2_000.0) as simulator:
        for prefix, names in wrong.items():
            async with connected(simulator, prefix + names) as client:
                with trio.move_on_after(0.5):
                    pytest.fail(f"{await client.receive()} on {prefix}")


async def test_a_halted_symbol_is_listed_as_such_and_a_new_one_trades() -> None:
    async with running(rate=2_000.0) as simulator:
        halt = Fault(kind="halt", venue="binance-spot", symbol="ETHUSDT")
        simulator.inject(halt)
        simulator.inject(Fault(kind="list", venue="binance-usdm", symbol="FRESHUSDT", price=2.0))
        await trio.sleep(0.1)
        rows = (await get(simulator, "/binance-spot/api/v3/exchangeInfo"))["symbols"]
        assert {row["symbol"]: row["status"] for row in rows}["ETHUSDT"] == "HALT"
        listed = (await get(simulator, "/binance-usdm/fapi/v1/exchangeInfo"))["symbols"]
        assert "FRESHUSDT" in {row["symbol"] for row in listed}
        async with connected(simulator, f"{MARKET}freshusdt@aggTrade") as client:
            assert (await client.receive())["data"]["s"] == "FRESHUSDT"
        async with connected(simulator, f"{SPOT}ethusdt@trade") as client:
            with trio.move_on_after(0.3):
                pytest.fail(f"a halted symbol traded: {await client.receive()}")
