"""The simulated Binance markets behave as PROTOCOLS sections 6 and 7 say."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed

from simulator import binance
from simulator.binance_spot import BinanceSpotServer
from tests.patience import PATIENCE_S
from tests.simulator.simulator_client import connected, get, masked, request, running, upgrade, wait_until

pytestmark = pytest.mark.loopback

SPOT = "/binance-spot/stream"
PUBLIC = "/binance-usdm/public/stream"
MARKET = "/binance-usdm/market/stream"


def is_answer(message: Any) -> bool:
    return "id" in message


def is_stream(name: str) -> Any:
    return lambda message: message.get("stream") == name


def subscribe(*streams: str, number: object = 1) -> dict[str, object]:
    return {"method": "SUBSCRIBE", "params": list(streams), "id": number}


async def test_requests_and_their_answers() -> None:
    async with running() as simulator, connected(simulator, SPOT) as client:
        assert await client.ask(subscribe("btcusdt@ticker"), is_answer) == {"result": None, "id": 1}
        answer = await client.ask(subscribe("nopeusdt@ticker", "BTCUSDT@ticker", number="x"), is_answer)
        assert answer == {"result": None, "id": "x"}
        answer = await client.ask({"method": "LIST_SUBSCRIPTIONS", "id": 3}, is_answer)
        assert answer["result"] == ["btcusdt@ticker", "nopeusdt@ticker", "BTCUSDT@ticker"]
        answer = await client.ask({"method": "SUBSCRIBE", "params": "btc", "id": 4}, is_answer)
        assert answer == {"error": {"code": 2, "msg": "Invalid request: streams must be an array"}, "id": 4}
        answer = await client.ask({"method": "UNSUBSCRIBE", "params": ["btcusdt@ticker"], "id": 5}, is_answer)
        assert answer == {"result": None, "id": 5}
        assert len(simulator.connections[0].topics) == 2


async def test_nonsense_is_answered_with_codes() -> None:
    async with running() as simulator, connected(simulator, SPOT) as client:
        assert (await client.ask("{", is_answer))["error"]["code"] == 3
        assert (await client.ask({"method": "DANCE", "id": 1}, is_answer))["error"]["code"] == 2


@pytest.fixture
def long_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slowly a client speaks, it is within the second in which its messages are counted."""
    monkeypatch.setattr(binance, "INBOUND_WINDOW_S", 10 * PATIENCE_S)


@pytest.mark.usefixtures("long_second")
async def test_more_than_five_messages_per_second_end_a_spot_connection() -> None:
    async with running() as simulator, connected(simulator, SPOT) as client:
        for number in range(6):
            await client.send({"method": "LIST_SUBSCRIPTIONS", "id": number})
        for number in range(5):
            assert (await client.receive())["id"] == number
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()
        assert closed.value.reason is not None
        assert (closed.value.reason.code, closed.value.reason.reason) == (1008, "Too many requests")


@pytest.mark.usefixtures("long_second")
async def test_pings_count_and_usdm_allows_ten() -> None:
    async with running() as simulator, connected(simulator, MARKET) as client:
        for _ in range(10):
            await client.socket.ping()
        await client.send({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()
        assert closed.value.reason is not None
        assert closed.value.reason.code == 1008


async def test_stream_limit_and_large_requests() -> None:
    async with running() as simulator, connected(simulator, MARKET) as client:
        many = [f"s{number}@ticker" for number in range(1_024)]
        assert (await client.ask(subscribe(*many), is_answer))["result"] is None
        answer = await client.ask(subscribe("btcusdt@ticker", number=2), is_answer)
        assert answer == {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": 2}
        async with connected(simulator, SPOT) as spot:
            await spot.send(subscribe(*many[:400]))
            # Above 4 KB nothing happens at all: the next answer belongs to the next request.
            answer = await spot.ask({"method": "LIST_SUBSCRIPTIONS", "id": 9}, is_answer)
            assert answer == {"result": [], "id": 9}


async def test_spot_streams() -> None:
    streams = "btcusdt@ticker/btcusdt@bookTicker/ethusdt@miniTicker/purrusdt@ticker"
    async with (
        running(rate=2_000.0) as simulator,
        connected(simulator, f"{SPOT}?streams={streams}") as client,
    ):
        book = (await client.until(is_stream("btcusdt@bookTicker")))["data"]
        assert list(book) == ["u", "s", "b", "B", "a", "A"]
        ticker = (await client.until(is_stream("btcusdt@ticker")))["data"]
        assert ticker["e"] == "24hrTicker"
        assert all(len(ticker[key].partition(".")[2]) == 8 for key in "pwxcQbBaAohlvq")
        change = (float(ticker["c"]) / float(ticker["o"]) - 1) * 100
        assert float(ticker["P"]) == pytest.approx(change, abs=0.001)
        one_sided = (await client.until(is_stream("purrusdt@ticker")))["data"]
        assert (one_sided["a"], one_sided["A"]) == ("0.00000000", "0.00000000")
        assert (await client.until(is_stream("ethusdt@miniTicker")))["data"]["e"] == "24hrMiniTicker"


async def test_raw_streams_are_not_wrapped() -> None:
    async with running() as simulator, connected(simulator, "/binance-spot/ws/btcusdt@ticker") as client:
        assert (await client.receive())["s"] == "BTCUSDT"


async def test_usdm_streams_on_their_routes() -> None:
    async with running(rate=2_000.0) as simulator:
        async with connected(
            simulator, f"{PUBLIC}?streams=btcusdt@bookTicker/btcusdt@markPrice@1s"
        ) as public:
            for _ in range(20):
                book = await public.receive()
                assert book["stream"] == "btcusdt@bookTicker"
            assert list(book["data"]) == ["e", "u", "s", "ps", "b", "B", "a", "A", "T", "E", "st"]
        names = "btcusdt@markPrice@1s/btcusdt_261225@markPrice@1s/btcusdt@ticker/btcusdt@bookTicker"
        async with connected(simulator, f"{MARKET}?streams={names}") as market:
            dated = (await market.until(is_stream("btcusdt_261225@markPrice@1s")))["data"]
            assert (dated["r"], dated["T"]) == ("", 0)
            mark = (await market.until(is_stream("btcusdt@markPrice@1s")))["data"]
            assert mark["T"] > mark["E"]
            ticker = (await market.until(is_stream("btcusdt@ticker")))["data"]
            assert not {"b", "B", "a", "A", "x"} & set(ticker)


async def test_the_old_address_is_silent_for_market_streams() -> None:
    async with running(rate=2_000.0) as simulator, connected(simulator, "/binance-usdm/stream") as client:
        answer = await client.ask(subscribe("btcusdt@markPrice@1s", "btcusdt@bookTicker"), is_answer)
        assert answer["result"] is None
        with trio.move_on_after(1.1):
            while True:
                assert (await client.receive())["stream"] == "btcusdt@bookTicker"


async def test_array_streams() -> None:
    async with (
        running(rate=2_000.0) as simulator,
        connected(simulator, f"{MARKET}?streams=!ticker@arr/!markPrice@arr@1s") as client,
    ):
        assert "BTCUSDT" in {row["s"] for row in (await client.until(is_stream("!ticker@arr")))["data"]}
        assert len((await client.until(is_stream("!markPrice@arr@1s")))["data"]) >= 15


async def test_the_server_pings_and_drops_whoever_does_not_answer() -> None:
    async with (
        running(binance_spot_ping_s=0.1, binance_spot_pong_s=10 * PATIENCE_S) as simulator,
        connected(simulator, SPOT),
        await upgrade(simulator, "/binance-spot/ws") as stream,
    ):
        await wait_until(lambda: len(simulator.connections) == 2)
        good, bad = simulator.connections
        await wait_until(lambda: good.pongs > 0 and bad.unanswered_s is not None)
        # Now time is up for whoever still owes an answer; nobody is asked again.
        spot = next(venue for venue in simulator.venues if isinstance(venue, BinanceSpotServer))
        spot.ping_s = 10 * PATIENCE_S
        await wait_until(lambda: good.unanswered_s is None)
        spot.pong_s = 0.3
        data = b""
        with trio.fail_after(PATIENCE_S):
            while chunk := await stream.receive_some():
                data += chunk
        assert b"\x89" in data.partition(b"\r\n\r\n")[2]
        # The client that answers, as its library does, is still there.
        assert simulator.connections == [good]


async def test_a_connection_ends_after_its_lifetime() -> None:
    async with running(binance_lifetime_s=0.1) as simulator, connected(simulator, MARKET) as client:
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()
        assert closed.value.reason is not None
        assert closed.value.reason.code == 1001


async def test_spot_rest() -> None:
    async with running() as simulator:
        symbols = (await get(simulator, "/binance-spot/api/v3/exchangeInfo"))["symbols"]
        assert {row["status"] for row in symbols} == {"TRADING", "BREAK"}
        tickers = await get(simulator, "/binance-spot/api/v3/ticker/24hr")
        assert {row["symbol"] for row in tickers} >= {"BTCUSDT", "ETHUSDT"}
        one = await get(simulator, "/binance-spot/api/v3/ticker/24hr?symbol=BTCUSDT")
        assert one["symbol"] == "BTCUSDT"
        bad = await request(simulator, "GET", "/binance-spot/api/v3/ticker/24hr?symbol=NOPE")
        assert (bad.status_code, bad.json()["code"]) == (400, -1121)
        assert (await request(simulator, "GET", "/binance-spot/api/v3/nope")).status_code == 404
        before_ms = simulator.world.now_ms
        told = await get(simulator, "/binance-spot/api/v3/time")
        assert before_ms <= told["serverTime"] <= simulator.world.now_ms


async def test_usdm_rest() -> None:
    async with running() as simulator:
        base = "/binance-usdm/fapi/v1"
        symbols = (await get(simulator, f"{base}/exchangeInfo"))["symbols"]
        kinds = {row["contractType"] for row in symbols}
        assert {"PERPETUAL", "CURRENT_QUARTER", "TRADIFI_PERPETUAL"} <= kinds
        assert "PENDING_TRADING" in {row["status"] for row in symbols}
        hours = {row["fundingIntervalHours"] for row in await get(simulator, f"{base}/fundingInfo")}
        assert hours == {1, 4}
        interest = await get(simulator, f"{base}/openInterest?symbol=BTCUSDT")
        assert float(interest["openInterest"]) > 0
        assert (await request(simulator, "GET", f"{base}/openInterest")).status_code == 400
        assert len(await get(simulator, f"{base}/premiumIndex")) >= 15
        assert len(await get(simulator, f"{base}/ticker/24hr")) >= 15


async def test_a_request_split_over_packets_is_understood() -> None:
    async with running() as simulator, await upgrade(simulator, "/binance-spot/ws") as stream:
        text = masked('{"method":"SUBSCRIBE","params":["btcusdt@ticker"],"id":1}')
        await stream.send_all(text[:7])
        await stream.send_all(text[7:])
        await wait_until(lambda: any("btcusdt@ticker" in row.topics for row in simulator.connections))
