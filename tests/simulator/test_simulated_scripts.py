"""Whatever a script of faults does to books and trades: whoever follows the rules ends with the truth."""

from __future__ import annotations

from random import Random
from typing import get_args

import pytest
import trio

from simulator import Fault, Simulator
from simulator.faults import FaultKind
from tests.patience import PATIENCE_S
from tests.simulator.bybit_client import Follower, paused_truth
from tests.simulator.simulator_client import connected, running

pytestmark = pytest.mark.loopback

KINDS: tuple[FaultKind, ...] = (
    "gap",
    "trade_gap",
    "duplicate",
    "reorder",
    "restart_book",
    "crossed",
    "late_snapshot",
    "trade_history",
    "silence",
)
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
DEPTHS = (50, 200)


def script(seed: int) -> list[Fault]:
    """A dozen faults within a second, some of them at the same time."""
    random = Random(seed)
    return [
        Fault(
            kind=random.choice(KINDS),
            venue="bybit",
            symbol=random.choice((*SYMBOLS, None)),
            after_s=random.random(),
            duration_s=0.4,
            count=random.randint(1, 4),
            late_s=0.1,
        )
        for _ in range(12)
    ]


async def play(faults: list[Fault], simulator: Simulator, follower: Follower) -> None:
    """Let the faults strike, and read until the last is over."""
    for fault in faults:
        simulator.inject(fault)
    end_s = trio.current_time() + 1.6
    while trio.current_time() < end_s:
        await follower.read_one()


def test_every_kind_of_a_script_exists() -> None:
    assert set(KINDS) <= set(get_args(FaultKind))
    assert {fault.kind for seed in range(6) for fault in script(seed)} == set(KINDS)


@pytest.mark.parametrize("market", ["linear", "spot"])
@pytest.mark.parametrize("seed", range(3))
async def test_books_end_true_and_no_trade_is_invented(market: str, seed: int) -> None:
    topics = [f"orderbook.{depth}.{symbol}" for depth in DEPTHS for symbol in SYMBOLS]
    topics += [f"publicTrade.{symbol}" for symbol in SYMBOLS]
    path = f"/bybit/v5/public/{market}"
    async with running(rate=1_500.0) as simulator, connected(simulator, path) as client:
        follower = Follower(client, topics)
        await follower.start()
        with trio.fail_after(PATIENCE_S):
            # Once more where time went by without a tick, and the faults with it.
            while not any(book.problems for book in follower.books.values()):
                await play(script(seed), simulator, follower)
        assert simulator.board.fired()
        simulator.heal()
        # A message that was lost or silenced at the very end is missed only when the next one comes.
        seen = {topic: len(messages) for topic, messages in follower.messages.items()}
        while any(len(follower.messages[topic]) == seen[topic] for topic in topics):
            await follower.read_one()
        for symbol in SYMBOLS:
            truth = await paused_truth(simulator, market, symbol, max(DEPTHS))
            await follower.settle()
            for depth in DEPTHS:
                bids, asks = follower.books[f"orderbook.{depth}.{symbol}"].levels()
                assert (bids, asks) == (truth["bids"][:depth], truth["asks"][:depth])
            true_ids = {row["id"] for row in truth["trades"]}
            assert {row["i"] for row in follower.trades[f"publicTrade.{symbol}"]} <= true_ids
        assert any(book.problems for book in follower.books.values())
