"""Books kept from simulated Binance streams by the documented rules are the true books, whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
import trio

from simulator import Fault
from simulator.binance_streams import book_stream
from tests.simulator.binance_book_client import SPOT, USDM, BookClient, Rules
from tests.simulator.simulator_client import connected, get, let_time_go_evenly, request, running, wait_until

pytestmark = pytest.mark.loopback

both = pytest.mark.parametrize("rules", [SPOT, USDM], ids=["spot", "usdm"])
LEVELS = 400


@asynccontextmanager
async def following(rules: Rules, symbol: str = "BTCUSDT", **options: Any) -> AsyncIterator[BookClient]:
    """A book client on a running simulator, synchronised."""
    async with running(**{"rate": 2_000.0, **options}) as simulator:
        path = rules.path.format(symbol=symbol.lower())
        async with connected(simulator, path) as client:
            book = BookClient(simulator, client, rules, symbol)
            await book.synchronise()
            yield book


@both
async def test_a_book_kept_by_the_rules_is_the_true_book(rules: Rules) -> None:
    async with following(rules) as book:
        while len(book.events) < 12:
            await book.step()
        await book.settle()
        assert book.best(LEVELS) == await book.truth(LEVELS)
        assert len(book.best(LEVELS)[0]) > 100
        assert book.unknown_deletions > 0
        assert book.breaks <= 1  # the snapshot may be older than the first event of a quiet moment


async def test_spot_snapshots_fall_inside_diffs() -> None:
    async with following(SPOT) as book:
        let_time_go_evenly(book.simulator)  # a diff holds several ticks, between which snapshots are made
        lasts = []
        for _ in range(4):
            lasts.append((await book.fetch())["lastUpdateId"])
            for _ in range(2):
                await book.next_event()
        while book.events[-1]["u"] <= lasts[-1]:
            await book.next_event()
        assert any(event["U"] <= last < event["u"] for last in lasts for event in book.events)
        assert all(after["U"] == before["u"] + 1 for before, after in pairwise(book.events))


async def test_usdm_numbers_chain_by_pu_alone() -> None:
    async with following(USDM) as book:
        while len(book.events) < 12:
            await book.next_event()
        pairs = list(pairwise(book.events))
        assert all(after["pu"] == before["u"] for before, after in pairs)
        assert sum(after["U"] != before["u"] + 1 for before, after in pairs) > len(pairs) / 2
        assert all(event["pu"] < event["U"] <= event["u"] for event in book.events)
        assert {event["ps"] for event in book.events} == {"BTCUSDT"}


@both
@pytest.mark.parametrize("kind", ["gap", "duplicate", "reorder", "crossed", "late_snapshot"])
async def test_a_client_that_heeds_the_rules_survives(rules: Rules, kind: Any) -> None:
    async with following(rules) as book:
        book.simulator.inject(Fault(kind=kind, symbol="BTCUSDT", count=2, late_s=0.3))
        struck = 0
        if kind != "late_snapshot":  # that one strikes only who asks
            await wait_until(lambda: [row["times"] for row in book.simulator.board.fired()] == [2])
            struck = (await book.fetch())["lastUpdateId"]
        while len(book.events) < 8 or book.local <= struck:
            await book.step()
        await book.settle()
        assert book.best(LEVELS) == await book.truth(LEVELS)
        assert len(book.best(LEVELS)[0]) > 100
        assert (book.breaks > 0) or kind not in ("gap", "reorder")


@both
async def test_a_whole_book_is_not_crossed(rules: Rules) -> None:
    async with following(rules) as book:
        while len(book.events) < 8:
            await book.step()
            (best_bid, _), (best_ask, _) = (side[0] for side in book.best(1))
            assert best_bid < best_ask


async def test_a_one_sided_market_has_one_sided_diffs() -> None:
    async with following(SPOT, "PURRUSDT", rate=4_000.0) as book:
        while len(book.events) < 3:
            await book.step()
        await book.settle()
        assert all(event["b"] and not event["a"] for event in book.events)
        assert book.best(50) == await book.truth(50)


async def test_spot_texts_have_eight_digits_and_limits_hold() -> None:
    async with following(SPOT) as book:
        rows = [row for event in book.events for row in event["b"] + event["a"]]
        assert all(len(text.partition(".")[2]) == 8 for row in rows for text in row)
        assert list(book.events[0]) == ["e", "E", "s", "U", "u", "b", "a"]
        small = await get(book.simulator, "/binance-spot/api/v3/depth?symbol=BTCUSDT&limit=5")
        assert list(small) == ["lastUpdateId", "bids", "asks"]
        assert len(small["bids"]) == len(small["asks"]) == 5
        plain = await get(book.simulator, "/binance-spot/api/v3/depth?symbol=BTCUSDT")
        assert len(plain["bids"]) == 100


async def test_usdm_answers_only_certain_limits() -> None:
    async with running() as simulator:
        base = "/binance-usdm/fapi/v1/depth?symbol=BTCUSDT"
        snapshot = await get(simulator, f"{base}&limit=5")
        assert list(snapshot) == ["lastUpdateId", "E", "T", "bids", "asks"]
        refused = await request(simulator, "GET", f"{base}&limit=7")
        assert (refused.status_code, refused.json()["code"]) == (400, -4021)
        unknown = await request(simulator, "GET", "/binance-usdm/fapi/v1/depth?symbol=NOPE")
        assert (unknown.status_code, unknown.json()["code"]) == (400, -1121)


@pytest.mark.parametrize("count", [5, 10, 20])
async def test_partial_books_are_the_best_levels(count: int) -> None:
    path = f"/binance-spot/stream?streams=btcusdt@depth{count}@100ms"
    usdm = f"/binance-usdm/public/stream?streams=btcusdt@depth{count}@100ms"
    async with (
        running(rate=2_000.0) as simulator,
        connected(simulator, path) as spot,
        connected(simulator, usdm) as futures,
    ):
        best = (await spot.receive())["data"]
        assert list(best) == ["lastUpdateId", "bids", "asks"]
        assert len(best["bids"]) == len(best["asks"]) == count
        before, after = [(await futures.receive())["data"] for _ in range(2)]
        assert (before["e"], after["pu"]) == ("depthUpdate", before["u"])
        assert len(after["b"]) == len(after["a"]) == count
        assert "0.000" not in [size for _, size in after["b"] + after["a"]]


async def test_depth_is_silent_on_the_wrong_route() -> None:
    path = "/binance-usdm/market/stream?streams=btcusdt@depth@100ms/btcusdt@trade"
    async with running(rate=2_000.0) as simulator, connected(simulator, path) as client:
        answer = {"method": "SUBSCRIBE", "params": ["ethusdt@depth"], "id": 1}
        assert await client.ask(answer, lambda message: "id" in message) == {"result": None, "id": 1}
        with trio.move_on_after(0.4):
            pytest.fail(f"market data on the wrong route: {await client.receive()}")


def test_stream_names() -> None:
    assert book_stream("depth", (1_000, 100)) == (None, 1_000)
    assert book_stream("depth@100ms", (1_000, 100)) == (None, 100)
    assert book_stream("depth20@100ms", (1_000, 100)) == (20, 100)
    for name in ("depth7", "depth@250ms", "depth@", "depths", "ticker"):
        assert book_stream(name, (1_000, 100)) is None
