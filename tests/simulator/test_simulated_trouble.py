"""Faults of single channels, of listings, clocks and REST, and the controls that stop the world."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from simulator import Fault, load_script
from simulator.faults import Channel, FaultBoard
from tests.patience import PATIENCE_MS, PATIENCE_S
from tests.simulator.bybit_client import Follower, paused_truth
from tests.simulator.simulator_client import connected, get, request, running, wait_until

pytestmark = pytest.mark.loopback

LINEAR = "/bybit/v5/public/linear"
TAPE = "publicTrade.BTCUSDT"
BOOK = "orderbook.50.BTCUSDT"


def ids(follower: Follower, topic: str = TAPE) -> list[str]:
    return [row["i"] for row in follower.trades.get(topic, [])]


def test_a_fault_is_aimed_by_what_narrows_it() -> None:
    board = FaultBoard()
    board.inject(Fault(kind="gap", venue="bybit", symbol="BTCUSDT", channel="book", count=2), 0.0)

    def hits(venue: str, symbol: str, channel: Channel) -> bool:
        return (
            board.strike("gap", venue, ("linear",), 1.0, topic=BOOK, symbol=symbol, channel=channel)
            is not None
        )

    assert not hits("bybit", "ETHUSDT", "book")
    assert not hits("bybit", "BTCUSDT", "trades")
    assert not hits("hyperliquid", "BTCUSDT", "book")
    assert [hits("bybit", "BTCUSDT", "book") for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("kind", ["halt", "delist", "list"])
def test_listing_faults_need_a_venue_and_a_symbol(kind: str) -> None:
    with pytest.raises(ValueError, match="needs a venue and a symbol"):
        load_script(f'[{{"kind":"{kind}","venue":"bybit"}}]')
    with pytest.raises(ValueError, match="needs a venue and a symbol"):
        load_script(f'[{{"kind":"{kind}","symbol":"BTCUSDT"}}]')


async def test_a_trade_gap_loses_messages_and_the_tape_knows_them() -> None:
    async with running(rate=3_000.0) as simulator, connected(simulator, LINEAR) as client:
        follower = Follower(client, [TAPE])
        await follower.start()
        await follower.read(10)
        simulator.inject(Fault(kind="trade_gap", venue="bybit", symbol="BTCUSDT", count=3))
        await wait_until(
            lambda: simulator.board.fired()[:1] == [{"kind": "trade_gap", "venue": "bybit", "times": 3}]
        )
        await follower.read(10)
        truth = await paused_truth(simulator, "linear", "BTCUSDT", 1)
        await follower.settle()
        true_ids = [row["id"] for row in truth["trades"]]
        span = true_ids[true_ids.index(ids(follower)[0]) :]
        missed = [number for number in span if number not in ids(follower)]
        assert 3 <= len(missed) <= 6
        assert [number for number in span if number not in missed] == ids(follower)


async def test_duplicates_and_reordering_reach_trades_as_well() -> None:
    async with running(rate=3_000.0) as simulator, connected(simulator, LINEAR) as client:
        follower = Follower(client, [TAPE])
        await follower.start()
        await follower.read(5)
        simulator.inject(Fault(kind="duplicate", venue="bybit", channel="trades", count=2))
        simulator.inject(Fault(kind="reorder", venue="bybit", channel="trades", count=2))
        await wait_until(lambda: [row["times"] for row in simulator.board.fired()] == [2, 2])
        await follower.read(30)
        truth = await paused_truth(simulator, "linear", "BTCUSDT", 1)
        await follower.settle()
        received = ids(follower)
        order = {row["id"]: place for place, row in enumerate(truth["trades"])}
        places = [order[number] for number in received]
        assert places != sorted(places)
        assert len(set(received)) < len(received)
        assert sorted(set(places)) == list(range(min(places), len(order)))


async def test_a_reconnect_can_repeat_trades() -> None:
    async with running(rate=3_000.0) as simulator:
        async with connected(simulator, LINEAR) as client:
            first = Follower(client, [TAPE])
            await first.start()
            await first.read(30)
            # The past that is told is short: what happens until the next connection must not fill it.
            await request(simulator, "POST", "/control/pause")
            await first.settle()
        simulator.inject(Fault(kind="trade_history", venue="bybit"))
        async with connected(simulator, LINEAR) as client:
            second = Follower(client, [TAPE])
            await second.start()
            await second.settle()
        assert set(ids(first)) & set(ids(second))


async def test_an_acknowledged_topic_can_stay_without_data_for_ever() -> None:
    async with running(rate=3_000.0) as simulator, connected(simulator, LINEAR) as client:
        simulator.inject(Fault(kind="ack_without_data", venue="bybit", topic=BOOK))
        follower = Follower(client, [BOOK, "orderbook.50.ETHUSDT", TAPE])
        await follower.start()
        await follower.read(30)
        simulator.heal()
        await follower.read(30)
        assert follower.messages[BOOK] == []
        assert follower.books["orderbook.50.ETHUSDT"].is_whole
        assert any(message.get("success") for message in follower.messages[""])
        await client.send({"op": "unsubscribe", "args": [BOOK]})
        await client.send({"op": "subscribe", "args": [BOOK]})
        await follower.settle()
        assert follower.books[BOOK].is_whole


async def test_all_topics_of_a_symbol_can_fall_silent() -> None:
    topics = [BOOK, TAPE, "tickers.BTCUSDT", "tickers.ETHUSDT"]
    async with running(rate=3_000.0) as simulator, connected(simulator, LINEAR) as client:
        simulator.inject(Fault(kind="silence", venue="bybit", symbol="BTCUSDT"))
        follower = Follower(client, topics)
        await follower.start()
        await follower.read(30)
        assert [len(follower.messages[topic]) > 0 for topic in topics] == [False, False, False, True]
        simulator.heal()
        while not all(follower.messages[topic] for topic in topics):
            await follower.read_one()


async def test_a_clock_can_run_ahead_in_frames_and_rest() -> None:
    async with running(rate=3_000.0) as simulator, connected(simulator, LINEAR) as client:
        skew_ms = 10 * PATIENCE_MS  # so that no frame is old enough to hide it
        simulator.inject(Fault(kind="clock_skew", venue="bybit", market="linear", skew_s=skew_ms / 1_000))
        follower = Follower(client, [TAPE, BOOK])
        await follower.start()
        await follower.read(20)
        for message in (follower.messages[TAPE][-1], follower.messages[BOOK][-1]):
            assert skew_ms - PATIENCE_MS < message["ts"] - simulator.world.true_ms <= skew_ms
        ahead_ms = follower.trades[TAPE][-1]["T"] - simulator.world.true_ms
        assert skew_ms - PATIENCE_MS < ahead_ms <= skew_ms
        told = await get(simulator, "/bybit/v5/market/time?category=linear")
        assert int(told["result"]["timeNano"]) // 1_000_000 - simulator.world.true_ms > skew_ms - PATIENCE_MS
        for path in ("/bybit/v5/market/tickers?category=spot&symbol=BTCUSDT", "/binance-spot/api/v3/time"):
            answer = await get(simulator, path)
            assert abs(answer.get("time", answer.get("serverTime")) - simulator.world.true_ms) < PATIENCE_MS
        simulator.heal()
        told = await get(simulator, "/bybit/v5/market/time")
        assert abs(told["time"] - simulator.world.true_ms) < PATIENCE_MS


@pytest.mark.parametrize("code", [429, 418, 403])
async def test_a_rest_storm_spares_the_sockets(code: int) -> None:
    async with running() as simulator:
        simulator.inject(Fault(kind="rest_storm", venue="bybit", code=code, retry_after_s=9, count=2))
        for _ in range(2):
            answer = await request(simulator, "GET", "/bybit/v5/market/time")
            assert (answer.status_code, answer.headers["retry-after"]) == (code, "9")
        async with connected(simulator, LINEAR) as client:
            follower = Follower(client, [BOOK])
            await follower.start()
            await follower.read(5)
        assert (await request(simulator, "GET", "/bybit/v5/market/time")).status_code == 200


async def test_a_rest_book_can_be_late_and_old() -> None:
    async with running(rate=3_000.0) as simulator:
        simulator.inject(Fault(kind="late_snapshot", venue="bybit", symbol="BTCUSDT", late_s=0.4))
        await get(simulator, "/bybit/v5/market/orderbook?category=linear&symbol=ETHUSDT")
        start_s = trio.current_time()
        answer = await get(simulator, "/bybit/v5/market/orderbook?category=linear&symbol=BTCUSDT")
        assert trio.current_time() - start_s >= 0.4
        steps = simulator.world.steps
        await wait_until(lambda: simulator.world.steps > steps)  # only a tick tells the world the time
        assert simulator.world.true_ms - answer["result"]["ts"] >= 350
        assert simulator.world.markets["bybit-linear"]["BTCUSDT"].update_id > answer["result"]["u"]


async def statuses(simulator: Any, symbol: str, status: str) -> list[str]:
    query = f"category=linear&symbol={symbol}&status={status}"
    answer = await get(simulator, f"/bybit/v5/market/instruments-info?{query}")
    return [row["status"] for row in answer["result"].get("list", [])]


@pytest.mark.parametrize("duration_s", [None, 10 * PATIENCE_S])
async def test_a_halt_lasts_and_ends_when_healed(duration_s: float | None) -> None:
    async with running(rate=3_000.0) as simulator, connected(simulator, LINEAR) as client:
        follower = Follower(client, [TAPE])
        await follower.start()
        eth = simulator.world.markets["bybit-linear"]["ETHUSDT"]
        simulator.inject(
            Fault(kind="halt", venue="bybit", market="linear", symbol="ETHUSDT", duration_s=duration_s)
        )
        await wait_until(lambda: not eth.live)
        assert await statuses(simulator, "ETHUSDT", "Delivering") == ["Delivering"]
        assert simulator.world.markets["bybit-spot"]["ETHUSDT"].live
        before = eth.trade_id
        await follower.read(20)
        assert eth.trade_id == before
        simulator.heal()
        await wait_until(lambda: eth.live and eth.trade_id > before)
        assert await statuses(simulator, "ETHUSDT", "Trading") == ["Trading"]


async def test_a_halt_ends_by_itself() -> None:
    async with running(rate=3_000.0) as simulator:
        eth = simulator.world.markets["bybit-linear"]["ETHUSDT"]
        simulator.inject(Fault(kind="halt", venue="bybit", market="linear", symbol="ETHUSDT", duration_s=0.3))
        # It may be over before anybody looked: that it halted is read off the board.
        await wait_until(lambda: bool(simulator.board.fired()))
        before = eth.trade_id
        await wait_until(lambda: eth.live and eth.trade_id > before)
        assert await statuses(simulator, "ETHUSDT", "Trading") == ["Trading"]


async def test_a_delisted_symbol_is_gone_and_refused() -> None:
    async with running(rate=2_000.0) as simulator, connected(simulator, LINEAR) as client:
        simulator.inject(Fault(kind="delist", venue="bybit", market="linear", symbol="ADAUSDT"))
        await wait_until(lambda: not simulator.world.markets["bybit-linear"]["ADAUSDT"].live)
        listed = await get(simulator, "/bybit/v5/market/instruments-info?category=linear&limit=1000")
        assert "ADAUSDT" not in {row["symbol"] for row in listed["result"]["list"]}
        subscribe = {"op": "subscribe", "args": ["orderbook.50.ADAUSDT"]}
        assert (await client.ask(subscribe, lambda message: "success" in message))["success"] is False


async def test_a_new_listing_can_be_followed() -> None:
    async with running(rate=3_000.0) as simulator, connected(simulator, LINEAR) as client:
        simulator.inject(Fault(kind="list", venue="bybit", market="linear", symbol="NOVELUSDT", price=3.0))
        await wait_until(lambda: "NOVELUSDT" in simulator.world.markets["bybit-linear"])
        assert "NOVELUSDT" not in simulator.world.markets["bybit-spot"]
        assert await statuses(simulator, "NOVELUSDT", "Trading") == ["Trading"]
        topics = ["orderbook.50.NOVELUSDT", "tickers.NOVELUSDT"]
        follower = Follower(client, topics)
        await follower.start()
        while len(follower.messages[topics[0]]) < 5 or not follower.messages[topics[1]]:
            await follower.read_one()
        truth = await paused_truth(simulator, "linear", "NOVELUSDT", 50)
        await follower.settle()
        assert follower.books[topics[0]].levels() == (truth["bids"], truth["asks"])


async def test_a_pause_sends_what_a_fault_kept_back() -> None:
    async with running(rate=3_000.0) as simulator, connected(simulator, LINEAR) as client:
        follower = Follower(client, [TAPE])
        await follower.start()
        await follower.read(5)
        simulator.inject(Fault(kind="reorder", venue="bybit", topic=TAPE))
        feed = simulator.venues[0].feeds[TAPE]
        await wait_until(lambda: bool(feed.held))
        simulator.pause()
        truth = await paused_truth(simulator, "linear", "BTCUSDT", 1)
        await follower.settle()
        assert {row["id"] for row in truth["trades"][-len(ids(follower)) :]} == set(ids(follower))


async def test_a_paused_world_stands_still_and_answers() -> None:
    async with running(rate=3_000.0) as simulator:
        truth = await paused_truth(simulator, "spot", "BTCUSDT", 3)
        await trio.sleep(0.1)
        again = await paused_truth(simulator, "spot", "BTCUSDT", 3)
        assert {**truth, "time_ms": 0} == {**again, "time_ms": 0}
        assert (await request(simulator, "POST", "/control/resume")).json() == {"paused": False}
        steps = simulator.world.steps
        await wait_until(lambda: simulator.world.steps > steps)


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("exchange=kraken&market=spot&symbol=BTCUSDT", 404, "no market"),
        ("exchange=bybit&market=linear&symbol=NOPE", 404, "no symbol"),
        ("exchange=hyperliquid&market=spot&symbol=BTC", 404, "no symbol"),
        ("exchange=bybit&market=linear&symbol=BTCUSDT&depth=all", 400, "depth"),
    ],
)
async def test_nonsense_about_the_truth_gets_a_reason(query: str, status: int, words: str) -> None:
    async with running() as simulator:
        answer = await request(simulator, "GET", f"/control/truth?{query}")
        assert answer.status_code == status
        assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("exchange", "market", "symbol"),
    [
        ("bybit", "linear", "BTCUSDT"),
        ("bybit", "spot", "BTCUSDT"),
        ("hyperliquid", "linear", "BTC"),
        ("hyperliquid", "spot", "PURR/USDC"),
        ("binance", "linear", "BTCUSDT"),
        ("binance", "spot", "BTCUSDT"),
    ],
)
async def test_the_truth_is_told_of_every_market(exchange: str, market: str, symbol: str) -> None:
    async with running(rate=3_000.0) as simulator:
        query = f"exchange={exchange}&market={market}&symbol={symbol}&depth=7"
        truth = await get(simulator, f"/control/truth?{query}")
        assert len(truth["bids"]) == len(truth["asks"]) == 7
        assert truth["bids"][0][0] < truth["asks"][0][0]
        assert (truth["exchange"], truth["market"], truth["paused"]) == (exchange, market, False)
