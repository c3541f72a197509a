"""Bybit's depth-limited books: a client that follows the documented rules ends with the true book."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import Fault
from tests.simulator.bybit_client import Book, Follower, paused_truth
from tests.simulator.simulator_client import connected, get, let_time_go_evenly, request, running

pytestmark = pytest.mark.loopback


def path(market: str) -> str:
    return f"/bybit/v5/public/{market}"


async def followed_truth(follower: Follower, simulator: Any, market: str, symbol: str, depth: int) -> None:
    """Stop the world and compare level by level."""
    truth = await paused_truth(simulator, market, symbol, depth)
    await follower.settle()
    book = follower.books[f"orderbook.{depth}.{symbol}"]
    assert book.levels() == (truth["bids"], truth["asks"])
    assert len(truth["bids"]) == len(truth["asks"]) == depth


@pytest.mark.parametrize("market", ["linear", "spot"])
@pytest.mark.parametrize("depth", [50, 200, 1000])
async def test_a_followed_book_is_the_true_one(market: str, depth: int) -> None:
    async with running(rate=3_000.0) as simulator, connected(simulator, path(market)) as client:
        follower = Follower(client, [f"orderbook.{depth}.BTCUSDT"])
        await follower.start()
        await follower.read(12 if depth > 50 else 60)
        await followed_truth(follower, simulator, market, "BTCUSDT", depth)
        assert follower.books[f"orderbook.{depth}.BTCUSDT"].problems == []


async def test_levels_that_leave_the_depth_are_deleted_and_others_enter() -> None:
    async with running(rate=3_000.0) as simulator, connected(simulator, path("linear")) as client:
        follower = Follower(client, ["orderbook.50.ETHUSDT"])
        await follower.start()
        book = follower.books["orderbook.50.ETHUSDT"]
        deletes = 0
        for _ in range(80):
            message = await follower.read_one()
            assert len(book.bids) in (0, 50) and len(book.asks) in (0, 50)
            if message.get("type") == "delta":
                deletes += sum(size == "0" for _, size in message["data"]["b"] + message["data"]["a"])
        assert deletes > 10


async def test_a_second_subscriber_fits_into_the_same_deltas() -> None:
    topic = "orderbook.200.BTCUSDT"
    async with (
        running(rate=3_000.0) as simulator,
        connected(simulator, path("spot")) as early,
        connected(simulator, path("spot")) as late,
    ):
        first, second = Follower(early, [topic]), Follower(late, [topic])
        await first.start()
        await first.read(6)
        await second.start()
        await second.read(6)
        await followed_truth(second, simulator, "spot", "BTCUSDT", 200)
        await first.settle()
        assert first.books[topic].levels() == second.books[topic].levels()
        assert first.books[topic].update == second.books[topic].update
        assert first.books[topic].problems == second.books[topic].problems == []


async def test_depths_are_books_of_their_own_and_say_how_they_are_written() -> None:
    topics = ["orderbook.1.BTCUSDT", "orderbook.50.BTCUSDT", "orderbook.200.BTCUSDT"]
    async with running(rate=2_000.0) as simulator, connected(simulator, path("linear")) as client:
        follower = Follower(client, topics)
        follower.books.pop(topics[0])
        await follower.start()
        await follower.read(60)
        updates = [follower.books[topic].update for topic in topics[1:]]
        assert updates[0] != updates[1]
        bare = follower.messages[topics[0]][-1]["data"]["b"][0][0]
        padded = follower.messages[topics[1]][0]["data"]["b"][0][0]
        assert len(padded.partition(".")[2]) == 2
        assert not bare.endswith("0") or "." not in bare
        for topic in topics[1:]:
            await followed_truth(follower, simulator, "linear", "BTCUSDT", int(topic.split(".")[1]))


async def test_nothing_is_said_about_a_book_that_stands_still() -> None:
    topic = "orderbook.50.BTCUSDT"
    async with running() as simulator, connected(simulator, path("spot")) as client:
        follower = Follower(client, [topic])
        await follower.start()
        await followed_truth(follower, simulator, "spot", "BTCUSDT", 50)
        said = len(follower.messages[topic])
        await simulator_rest(simulator)
        await follower.settle()
        assert len(follower.messages[topic]) == said
        await request(simulator, "POST", "/control/resume")
        while len(follower.messages[topic]) < said + 3:
            await follower.read_one()
        await followed_truth(follower, simulator, "spot", "BTCUSDT", 50)


async def simulator_rest(simulator: Any) -> None:
    """Let a paused simulator tick a few times."""
    for _ in range(5):
        state = await get(simulator, "/control/state")
    assert state["steps"] == (await get(simulator, "/control/state"))["steps"]


async def test_rest_answers_with_the_same_book() -> None:
    topic = "orderbook.1000.SOLUSDT"
    async with running(rate=2_000.0) as simulator, connected(simulator, path("linear")) as client:
        follower = Follower(client, [topic])
        await follower.start()
        await follower.read(5)
        truth = await paused_truth(simulator, "linear", "SOLUSDT", 1000)
        await follower.settle()
        query = "category=linear&symbol=SOLUSDT&limit=1000"
        answer = (await get(simulator, f"/bybit/v5/market/orderbook?{query}"))["result"]
        assert answer["u"] == follower.books[topic].update
        assert [[float(price), float(size)] for price, size in answer["b"]] == truth["bids"]
        assert [[float(price), float(size)] for price, size in answer["a"]] == truth["asks"]
        few = await get(simulator, "/bybit/v5/market/orderbook?category=spot&symbol=SOLUSDT")
        assert len(few["result"]["b"]) == 1


@pytest.mark.parametrize("topic", ["orderbook.500.BTCUSDT", "orderbook.50.NOPEUSDT", "orderbook.BTCUSDT"])
async def test_other_depths_are_refused(topic: str) -> None:
    async with running() as simulator, connected(simulator, path("linear")) as client:
        subscribe = {"op": "subscribe", "args": [topic]}
        answer = await client.ask(subscribe, lambda message: "success" in message)
        assert answer["success"] is False
        assert answer["ret_msg"] == f"error:handler not found,topic:{topic}"


FAULTS = [
    (Fault(kind="gap", venue="bybit", symbol="BTCUSDT", count=2), "gap"),
    (Fault(kind="duplicate", venue="bybit", market="linear", count=1), "old"),
    (Fault(kind="reorder", venue="bybit", topic="orderbook.50.BTCUSDT", count=1), "gap"),
    (Fault(kind="crossed", venue="bybit", count=1), "crossed"),
]


@pytest.mark.parametrize(("fault", "problem"), FAULTS, ids=[fault.kind for fault, _ in FAULTS])
async def test_trouble_is_seen_and_healed_by_subscribing_again(fault: Fault, problem: str) -> None:
    topic = "orderbook.50.BTCUSDT"
    async with running(rate=2_000.0) as simulator, connected(simulator, path("linear")) as client:
        follower = Follower(client, [topic])
        await follower.start()
        await follower.read(10)
        assert follower.books[topic].problems == []
        simulator.inject(fault)
        await follower.read_until_problem(topic, problem)
        await follower.read(20)
        await followed_truth(follower, simulator, "linear", "BTCUSDT", 50)
        assert simulator.board.fired()[0]["kind"] == fault.kind


async def test_a_restart_begins_again_with_one() -> None:
    topic = "orderbook.50.BTCUSDT"
    async with running(rate=2_000.0) as simulator, connected(simulator, path("spot")) as client:
        follower = Follower(client, [topic])
        await follower.start()
        await follower.read(10)
        simulator.inject(Fault(kind="restart_book", venue="bybit", market="spot", count=1))
        while follower.books[topic].update > 1_000:
            await follower.read_one()
        restart = next(message for message in follower.messages[topic] if message["data"]["u"] == 1)
        assert restart["type"] == "snapshot"
        await follower.read(10)
        await followed_truth(follower, simulator, "spot", "BTCUSDT", 50)
        assert follower.books[topic].problems == []


async def test_a_late_snapshot_comes_after_deltas() -> None:
    topic = "orderbook.50.BTCUSDT"
    async with running(rate=2_000.0) as simulator, connected(simulator, path("linear")) as client:
        let_time_go_evenly(simulator)
        simulator.inject(Fault(kind="late_snapshot", venue="bybit", symbol="BTCUSDT", late_s=0.3))
        follower = Follower(client, [topic])
        await follower.start()
        while not follower.books[topic].is_whole:
            await follower.read_one()
        assert len(follower.books[topic].problems) > 3
        assert set(follower.books[topic].problems) == {"early"}
        await follower.read(10)
        await followed_truth(follower, simulator, "linear", "BTCUSDT", 50)


async def test_a_crossed_message_is_taken_back_by_the_next() -> None:
    """Who does not mind the cross ends with the true book as well."""
    topic = "orderbook.50.BTCUSDT"
    async with running(rate=2_000.0) as simulator, connected(simulator, path("linear")) as client:
        follower = Follower(client, [topic])
        book = follower.books[topic] = Book(is_lenient=True)
        await follower.start()
        await follower.read(5)
        simulator.inject(Fault(kind="crossed", venue="bybit", count=1))
        await follower.read_until_problem(topic, "crossed")
        await follower.read(5)
        await followed_truth(follower, simulator, "linear", "BTCUSDT", 50)
        assert book.problems == ["crossed"]


async def test_aimed_faults_spare_other_books() -> None:
    hit, spared = "orderbook.50.BTCUSDT", "orderbook.50.ETHUSDT"
    async with running(rate=2_000.0) as simulator, connected(simulator, path("linear")) as client:
        follower = Follower(client, [hit, spared])
        await follower.start()
        await follower.read(10)
        for kind in ("gap", "crossed", "duplicate"):
            simulator.inject(Fault(kind=kind, venue="bybit", symbol="BTCUSDT", count=1))
        await follower.read_until_problem(hit, "gap")
        await follower.read(60)
        simulator.heal()
        await followed_truth(follower, simulator, "linear", "ETHUSDT", 50)
        assert follower.books[spared].problems == []
