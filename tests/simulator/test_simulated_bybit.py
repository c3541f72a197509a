"""The simulated Bybit behaves as PROTOCOLS sections 2-4 say."""

from __future__ import annotations

from typing import Any

import pytest
from trio_websocket import ConnectionClosed

from tests.simulator.simulator_client import change_limits, connected, get, request, running

pytestmark = pytest.mark.loopback

LINEAR = "/bybit/v5/public/linear"
SPOT = "/bybit/v5/public/spot"


def is_answer(message: Any) -> bool:
    return "success" in message


def is_about(topic: str, kind: str = "") -> Any:
    return lambda message: message.get("topic") == topic and (not kind or message["type"] == kind)


def subscribe(*topics: str, req_id: str = "") -> dict[str, object]:
    request: dict[str, object] = {"op": "subscribe", "args": list(topics)}
    return {"req_id": req_id, **request} if req_id else request


async def test_acks_and_pongs_differ_between_linear_and_spot() -> None:
    async with (
        running() as simulator,
        connected(simulator, LINEAR) as linear,
        connected(simulator, SPOT) as spot,
    ):
        answer = await linear.ask(subscribe("tickers.BTCUSDT"), is_answer)
        assert list(answer) == ["success", "ret_msg", "conn_id", "req_id", "op"]
        assert (answer["success"], answer["ret_msg"], answer["req_id"]) == (True, "", "")
        answer = await linear.ask({"op": "ping", "req_id": "p1"}, is_answer)
        assert (answer["ret_msg"], answer["req_id"], answer["op"]) == ("pong", "p1", "ping")
        answer = await linear.ask({"op": "unsubscribe", "args": ["tickers.BTCUSDT"]}, is_answer)
        assert (answer["ret_msg"], answer["op"]) == ("", "unsubscribe")

        answer = await spot.ask(subscribe("tickers.BTCUSDT"), is_answer)
        assert list(answer) == ["success", "ret_msg", "conn_id", "op"]
        assert answer["ret_msg"] == "subscribe"
        answer = await spot.ask(subscribe("tickers.ETHUSDT", req_id="a7"), is_answer)
        assert answer["req_id"] == "a7"
        answer = await spot.ask({"op": "ping"}, is_answer)
        assert list(answer) == ["success", "ret_msg", "conn_id", "op"]


async def test_requests_are_refused_whole_and_in_the_right_words() -> None:
    async with (
        running() as simulator,
        connected(simulator, LINEAR) as linear,
        connected(simulator, SPOT) as spot,
    ):
        refused = await linear.ask(subscribe("tickers.BTCUSDT", "tickers.NOPEUSDT"), is_answer)
        assert refused["success"] is False
        assert refused["ret_msg"] == "error:handler not found,topic:tickers.NOPEUSDT"
        assert simulator.connections[0].topics == {}
        refused = await spot.ask(subscribe("tickers.nopeusdt"), is_answer)
        assert refused["ret_msg"] == "Invalid symbol :[tickers.nopeusdt]"
        eleven = [f"tickers.{symbol}" for symbol in list(simulator.world.markets["bybit-spot"])[:11]]
        refused = await spot.ask(subscribe(*eleven), is_answer)
        assert (refused["success"], refused["ret_msg"]) == (False, "args size >10")
        assert all(not connection.topics for connection in simulator.connections)

        await linear.ask(subscribe("tickers.BTCUSDT"), is_answer)
        refused = await linear.ask(subscribe("tickers.BTCUSDT"), is_answer)
        assert refused["ret_msg"] == "error:already subscribed,topic:tickers.BTCUSDT"
        refused = await linear.ask({"op": "dance"}, is_answer)
        assert refused["ret_msg"] == "error:invalid op"
        refused = await linear.ask("{not json", is_answer)
        assert refused["ret_msg"].startswith("Failed to decode incoming data")


async def test_the_topics_of_a_connection_fit_into_21000_characters() -> None:
    async with running(symbols=1_200) as simulator, connected(simulator, LINEAR) as client:
        symbols = [row.symbol for row in simulator.world.markets["bybit-linear"].values() if row.live]
        topics = [f"orderbook.1.{symbol}" for symbol in symbols]
        answer = await client.ask(subscribe(*topics[:600]), is_answer)
        assert answer["success"] is True
        answer = await client.ask(subscribe(*topics[600:]), is_answer)
        assert answer["success"] is False
        assert "21000" in answer["ret_msg"]


async def test_linear_ticker_is_a_snapshot_and_then_sparse_deltas() -> None:
    async with running(rate=3_000.0) as simulator, connected(simulator, LINEAR) as client:
        await client.send(subscribe("tickers.BTCUSDT"))
        snapshot = await client.until(is_about("tickers.BTCUSDT"))
        assert snapshot["type"] == "snapshot"
        assert list(snapshot) == ["topic", "type", "data", "cs", "ts"]
        full = snapshot["data"]
        assert float(full["openInterest"]) == pytest.approx(2 * float(full["singleOpenInterest"]))
        assert full["preOpenPrice"] == ""
        merged = dict(full)
        sizes = []
        for _ in range(40):
            delta = await client.until(is_about("tickers.BTCUSDT", "delta"))
            assert set(delta["data"]) <= set(full)
            assert all(
                merged[name] != text or text == "" for name, text in delta["data"].items() if name != "symbol"
            )
            merged.update(delta["data"])
            sizes.append(len(delta["data"]))
        assert min(sizes) < 6 < len(full)
        assert float(merged["bid1Price"]) < float(merged["ask1Price"])


async def test_merged_deltas_equal_the_truth() -> None:
    async with running(rate=2_000.0) as simulator, connected(simulator, LINEAR) as client:
        await client.send(subscribe("tickers.ETHUSDT"))
        merged = (await client.until(is_about("tickers.ETHUSDT")))["data"]
        for _ in range(100):
            merged |= (await client.until(is_about("tickers.ETHUSDT", "delta")))["data"]
        simulator.world.advance = lambda *_: iter(())  # type: ignore[method-assign]
        await client.send({"op": "ping"})
        while not is_answer(message := await client.receive()):
            merged |= message["data"]
        truth = (await get(simulator, "/control/state"))["markets"]["bybit-linear"]["ETHUSDT"]
        assert float(merged["lastPrice"]) == pytest.approx(truth["price"])
        assert float(merged["bid1Price"]) == pytest.approx(truth["bid"])
        assert float(merged["markPrice"]) == pytest.approx(truth["mark"], rel=1e-5)
        assert float(merged["indexPrice"]) == pytest.approx(truth["index"], rel=1e-5)
        assert float(merged["volume24h"]) == pytest.approx(truth["volume_24h"])
        assert float(merged["fundingRate"]) == pytest.approx(truth["funding_rate"])


async def test_spot_ticker_is_complete_and_has_no_quote() -> None:
    async with running() as simulator, connected(simulator, SPOT) as client:
        await client.send(subscribe("tickers.BTCUSDT"))
        for _ in range(3):
            ticker = await client.until(is_about("tickers.BTCUSDT"))
            assert list(ticker) == ["topic", "ts", "type", "cs", "data"]
            assert ticker["type"] == "snapshot"
            assert "bid1Price" not in ticker["data"]


@pytest.mark.parametrize("path", [LINEAR, SPOT])
async def test_the_book_counts_by_one(path: str) -> None:
    async with running(rate=2_000.0) as simulator, connected(simulator, path) as client:
        await client.send(subscribe("orderbook.1.BTCUSDT"))
        numbers = []
        for _ in range(20):
            book = await client.until(is_about("orderbook.1.BTCUSDT"))
            assert list(book) == ["topic", "ts", "type", "data", "cts"]
            assert book["type"] == "snapshot"
            numbers.append(book["data"]["u"])
        assert numbers == list(range(numbers[0], numbers[0] + 20))


async def test_a_quiet_book_is_repeated_with_the_same_number() -> None:
    async with running(bybit_repeat_s=0.1) as simulator:
        simulator.world.advance = lambda *_: iter(())  # type: ignore[method-assign]
        async with connected(simulator, SPOT) as client:
            await client.send(subscribe("orderbook.1.BTCUSDT"))
            first = await client.until(is_about("orderbook.1.BTCUSDT"))
            again = await client.until(is_about("orderbook.1.BTCUSDT"))
            assert again["data"] == first["data"]


async def test_the_first_snapshot_sometimes_overtakes_the_ack() -> None:
    async with running() as simulator:
        orders = set()
        for _ in range(40):
            async with connected(simulator, LINEAR) as client:
                await client.send(subscribe("tickers.BTCUSDT"))
                orders.add("success" in await client.receive())
            if len(orders) == 2:
                break
        assert orders == {True, False}


async def test_an_idle_socket_is_dropped_and_a_subscribed_one_kept() -> None:
    async with running() as simulator, connected(simulator, SPOT) as busy:
        await busy.send(subscribe("tickers.BTCUSDT"))
        await busy.until(is_about("tickers.BTCUSDT"))
        change_limits(simulator, bybit_idle_s=0.1)
        async with connected(simulator, SPOT) as idle:
            with pytest.raises(ConnectionClosed) as closed:
                await idle.receive()
            assert closed.value.reason is None or closed.value.reason.code == 1006
        await busy.until(is_about("tickers.BTCUSDT"))


async def test_pre_market_tickers_have_empty_quotes() -> None:
    async with running() as simulator, connected(simulator, LINEAR) as client:
        await client.send(subscribe("tickers.NEWTUSDT"))
        data = (await client.until(is_about("tickers.NEWTUSDT")))["data"]
        assert data["bid1Price"] == ""
        assert data["preOpenPrice"] != ""


async def test_instruments_are_paged_and_filtered_by_status() -> None:
    async with running(symbols=40) as simulator:
        address = "/bybit/v5/market/instruments-info?category=linear&limit=25"
        page = (await get(simulator, address))["result"]
        assert len(page["list"]) == 25
        rest = (await get(simulator, f"{address}&cursor={page['nextPageCursor'].replace('%', '%25')}"))[
            "result"
        ]
        assert rest["nextPageCursor"] == ""
        listed = page["list"] + rest["list"]
        assert len({row["symbol"] for row in listed}) == len(listed) == 41
        assert {row["status"] for row in listed} == {"Trading"}
        assert "LinearFutures" in {row["contractType"] for row in listed}
        upcoming = await get(simulator, "/bybit/v5/market/instruments-info?category=linear&status=PreLaunch")
        assert [row["symbol"] for row in upcoming["result"]["list"]] == ["NEWTUSDT"]


async def test_rest_tickers_times_and_errors() -> None:
    async with running() as simulator:
        tickers = await get(simulator, "/bybit/v5/market/tickers?category=spot")
        assert "bid1Price" in tickers["result"]["list"][0]
        assert (await get(simulator, "/bybit/v5/market/time"))["retCode"] == 0
        assert (await get(simulator, "/bybit/v5/market/tickers?category=nope"))["retCode"] == 10001
        assert (await request(simulator, "GET", "/bybit/v5/market/nope")).status_code == 404
